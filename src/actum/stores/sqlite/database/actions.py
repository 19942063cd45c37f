"""The progress of actions in a SQLite file: checkpoints, letters, and the next ticks of the clock."""

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import starmap
from typing import Any

import msgspec

from actum.ports.database import Database, KeptName, Letter, LetterCount, NewLetter, Progress
from actum.ports.letter import LetterStatus, Request
from actum.stores.action_statements import KEPT_NAMES, LETTER, LETTER_COUNTS
from actum.stores.page import within
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.stale_writes import moved_action

ACTION_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS actum_checkpoints (
        action TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS actum_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, key TEXT NOT NULL,
        position INTEGER NOT NULL, body BLOB NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
        due INTEGER NOT NULL, error TEXT NOT NULL, first_failed INTEGER NOT NULL,
        last_failed INTEGER NOT NULL, request TEXT)""",
    "CREATE INDEX IF NOT EXISTS actum_letters_key ON actum_letters (action, key, position, id)",
    "CREATE INDEX IF NOT EXISTS actum_letters_action ON actum_letters (action, id)",
    "CREATE INDEX IF NOT EXISTS actum_letters_status ON actum_letters (status, id)",
    """CREATE INDEX IF NOT EXISTS actum_letters_request ON actum_letters (action, id)
        WHERE request IS NOT NULL""",
    "CREATE TABLE IF NOT EXISTS actum_ticks (action TEXT PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID",
)
TRIGGER_SCHEMA = (
    """CREATE TABLE actum_triggers (action TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (action, name)) WITHOUT ROWID""",
    "ALTER TABLE actum_timers ADD COLUMN span INTEGER NOT NULL DEFAULT 0",
)
FAILURE_SCHEMA = ("ALTER TABLE actum_letters ADD COLUMN failure TEXT NOT NULL DEFAULT ''",)
MOVE = "UPDATE actum_checkpoints SET position = ? WHERE action = ? AND position = ?"
# An event that is handled again after a crash may have become a letter before it.
ADD_LETTER = """INSERT INTO actum_letters
    (action, key, position, body, status, attempts, due, error, first_failed, last_failed, failure)
    SELECT :action, :key, :position, :body, :status, :attempts, :due, :error, :failed, :failed, :failure
    WHERE NOT EXISTS (SELECT 1 FROM actum_letters
        WHERE action = :action AND key = :key AND position = :position AND body = :body)
    AND """
# What was erased during an attempt becomes no letter.
IS_LEFT = {
    "events": "NOT EXISTS (SELECT 1 FROM actum_erasures WHERE key = :key AND position > :position)",
    "messages": "EXISTS (SELECT 1 FROM actum_messages WHERE id = :position)",
    "timers": "EXISTS (SELECT 1 FROM actum_timers WHERE id = :position)",
}
FINISH: dict[str, str | None] = {
    "events": None,
    "messages": "DELETE FROM actum_messages WHERE id IN (SELECT value FROM json_each(?))",
    "timers": "DELETE FROM actum_timers WHERE id IN (SELECT value FROM json_each(?))",
}


class SqliteActions(Database):
    """The part of the database that stores the progress of actions."""

    _file: SqliteFile

    async def checkpoint(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_checkpoints", "position", action, at_first)

    async def triggers(self, action: str) -> dict[str, int]:
        statement = "SELECT name, position FROM actum_triggers WHERE action = ?"
        return await self._file.read(
            lambda connection: dict(connection.execute(statement, (action,)).fetchall())
        )

    async def set_triggers(
        self, action: str, triggers: Mapping[str, int], *, checkpoint: int | None = None
    ) -> None:
        rows = [(action, name, position) for name, position in triggers.items()]

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM actum_triggers WHERE action = ?", (action,))
            connection.executemany("INSERT INTO actum_triggers VALUES (?,?,?)", rows)
            if checkpoint is not None:
                move = "UPDATE actum_checkpoints SET position = ? WHERE action = ?"
                connection.execute(move, (checkpoint, action))

        await self._file.write(write)

    async def save(self, progress: Progress) -> None:
        can_wait = not progress.letters
        await self._file.write(lambda connection: _save(connection, progress), can_wait=can_wait)

    async def blocked(self, action: str) -> dict[str, int]:
        statement = "SELECT key, count(*) FROM actum_letters WHERE action = ? GROUP BY key"
        return await self._file.read(
            lambda connection: dict(connection.execute(statement, (action,)).fetchall())
        )

    async def first_letter(self, action: str, key: str) -> Letter | None:
        found = await self._letters("action = ? AND key = ? ORDER BY position, id LIMIT 1", (action, key))
        return found[0] if found else None

    async def update_letter(
        self,
        id: int,
        *,
        status: LetterStatus,
        attempts: int,
        due: int,
        error: str,
        failed_at: int,
        failure: str = "",
        answers: Request | None = None,
    ) -> None:
        statement = """UPDATE actum_letters SET status = :status, attempts = :attempts, due = :due,
            error = :error, last_failed = :failed, failure = :failure,
            request = CASE WHEN request = :answers THEN NULL ELSE request END,
            first_failed = CASE first_failed WHEN 0 THEN :failed ELSE first_failed END WHERE id = :id"""
        values = {
            "id": id,
            "status": status,
            "attempts": attempts,
            "due": due,
            "error": error,
            "failed": failed_at,
            "failure": failure,
            "answers": answers,
        }
        await self._file.write(lambda connection: connection.execute(statement, values))

    async def remove_letter(self, id: int) -> None:
        statement = "DELETE FROM actum_letters WHERE id = ?"
        await self._file.write(lambda connection: connection.execute(statement, (id,)))

    async def letters(
        self,
        *,
        action: str | None = None,
        status: LetterStatus | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        given = {"action": action, "status": status}
        filters = "".join(f"{name} = ? AND " for name, value in given.items() if value is not None)
        values = [value for value in given.values() if value is not None]
        return await self._letters(f"{filters}id > ? ORDER BY id LIMIT ?", (*values, after, limit))

    async def letter_counts(self) -> list[LetterCount]:
        return await self._file.read(
            lambda connection: [*starmap(LetterCount, connection.execute(LETTER_COUNTS))]
        )

    async def letter(self, id: int) -> Letter | None:
        found = await self._letters("id = ?", (id,))
        return found[0] if found else None

    async def request_letter(self, id: int, request: Request) -> bool:
        statement = "UPDATE actum_letters SET request = ? WHERE id = ?"
        return await self._file.write(
            lambda connection: connection.execute(statement, (request, id)).rowcount > 0
        )

    async def edit_letter(self, id: int, body: bytes, *, before: bytes) -> bool:
        statement = "UPDATE actum_letters SET body = ?, request = 'retry' WHERE id = ? AND body = ?"
        return await self._file.write(
            lambda connection: connection.execute(statement, (body, id, before)).rowcount > 0
        )

    async def requested_letters(self, action: str, *, after: int = 0) -> list[Letter]:
        return await self._letters(
            "action = ? AND request IS NOT NULL AND id > ? ORDER BY id", (action, after)
        )

    async def kept_names(self) -> list[KeptName]:
        return await self._file.read(
            lambda connection: [KeptName(*row) for row in connection.execute(KEPT_NAMES)]
        )

    async def tick(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_ticks", "due", action, at_first)

    async def set_tick(self, action: str, due: int) -> None:
        statement = "INSERT INTO actum_ticks VALUES (?,?) ON CONFLICT DO UPDATE SET due = excluded.due"
        await self._file.write(lambda connection: connection.execute(statement, (action, due)))

    async def _letters(self, where: str, values: tuple[Any, ...]) -> list[Letter]:
        statement = f"SELECT {LETTER} FROM actum_letters WHERE {where}"
        return await self._file.read(
            lambda connection: within(starmap(Letter, connection.execute(statement, values)), _letter_size)
        )

    async def _once(self, table: str, column: str, action: str, at_first: int) -> int:
        """Gives the number stored for an action; stores `at_first` if there is none yet."""
        select = f"SELECT {column} FROM {table} WHERE action = ?"
        insert = f"INSERT INTO {table} VALUES (?,?) ON CONFLICT DO NOTHING"

        def read(connection: sqlite3.Connection) -> Any:
            return connection.execute(select, (action,)).fetchone()

        def settle(connection: sqlite3.Connection) -> Any:
            connection.execute(insert, (action, at_first))
            return read(connection)

        row = await self._file.read(read) or await self._file.write(settle)
        return int(row[0])


def _letter_size(letter: Letter) -> int:
    return len(letter.body) + len(letter.error) + len(letter.failure)


def _save(connection: sqlite3.Connection, progress: Progress) -> None:
    if progress.source == "events":
        move = (progress.checkpoint, progress.action, progress.before)
        if connection.execute(MOVE, move).rowcount == 0:
            raise moved_action(progress.action, progress.before)
    done = frozenset(progress.done)
    for letter, values in zip(progress.letters, _rows_of(progress.letters), strict=True):
        is_taken = progress.source == "events" or letter.position in done
        connection.execute(ADD_LETTER + (IS_LEFT[progress.source] if is_taken else "true"), values)
    finish = FINISH[progress.source]
    if finish is not None and progress.done:
        connection.execute(finish, (msgspec.json.encode(progress.done).decode(),))


def _rows_of(letters: Iterable[NewLetter]) -> Iterable[dict[str, Any]]:
    for letter in letters:
        yield {
            "action": letter.action,
            "key": letter.key,
            "position": letter.position,
            "body": letter.body,
            "status": letter.status,
            "attempts": letter.attempts,
            "due": letter.due,
            "error": letter.error,
            "failed": 0 if letter.status == "waiting" else letter.time,
            "failure": letter.failure,
        }
