"""What actions have got done, in PostgreSQL: checkpoints, letters, and when the clock is next."""

from collections.abc import Iterable
from typing import Any

from actum.database.port import Database, Fenced, Letter, LetterStatus, NewLetter, Progress, Request
from actum.engine.postgres import PostgresPool, changed

ACTION_SCHEMA = (
    'CREATE TABLE actum_checkpoints (action text COLLATE "C" PRIMARY KEY, position bigint NOT NULL)',
    """CREATE TABLE actum_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, action text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL, position bigint NOT NULL, body bytea NOT NULL, status text NOT NULL,
        attempts integer NOT NULL, due bigint NOT NULL, error text NOT NULL, first_failed bigint NOT NULL,
        last_failed bigint NOT NULL, request text)""",
    "CREATE INDEX actum_letters_key ON actum_letters (action, key, position, id)",
    "CREATE INDEX actum_letters_action ON actum_letters (action, id)",
    "CREATE INDEX actum_letters_status ON actum_letters (status, id)",
    "CREATE INDEX actum_letters_request ON actum_letters (action, id) WHERE request IS NOT NULL",
    'CREATE TABLE actum_ticks (action text COLLATE "C" PRIMARY KEY, due bigint NOT NULL)',
)
LETTER = "id, action, key, position, body, status, attempts, due, error, first_failed, last_failed, request"
MOVE = "UPDATE actum_checkpoints SET position = $1 WHERE action = $2 AND position = $3"
# An event that is handled again after a crash may have been parked before it.
PARK = """INSERT INTO actum_letters
    (action, key, position, body, status, attempts, due, error, first_failed, last_failed)
    SELECT $1::text, $2::text, $3::bigint, $4::bytea, $5::text, $6::int, $7::bigint, $8::text, $9::bigint, $9
    WHERE NOT EXISTS (SELECT FROM actum_letters
        WHERE action = $1 AND key = $2 AND position = $3 AND body = $4)"""
FINISH = {
    "events": None,
    "messages": "DELETE FROM actum_messages WHERE id = ANY($1::bigint[])",
    "timers": "DELETE FROM actum_timers WHERE id = ANY($1::bigint[])",
}


class PostgresActions(Database):
    """The part of the database that keeps what actions have got done."""

    _pool: PostgresPool

    async def checkpoint(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_checkpoints", "position", action, at_first)

    async def save(self, progress: Progress) -> None:
        async with self._pool.transaction() as connection:
            await _save(connection, progress)

    async def blocked(self, action: str) -> dict[str, int]:
        statement = "SELECT key, count(*) FROM actum_letters WHERE action = $1 GROUP BY key ORDER BY key"
        return {row["key"]: row["count"] for row in await self._pool.fetch(statement, action)}

    async def first_letter(self, action: str, key: str) -> Letter | None:
        found = await self._letters("action = $1 AND key = $2 ORDER BY position, id LIMIT 1", action, key)
        return found[0] if found else None

    async def update_letter(
        self, id: int, *, status: LetterStatus, attempts: int, due: int, error: str, failed_at: int
    ) -> None:
        statement = """UPDATE actum_letters SET status = $2, attempts = $3, due = $4, error = $5,
            last_failed = $6, request = NULL,
            first_failed = CASE first_failed WHEN 0 THEN $6 ELSE first_failed END WHERE id = $1"""
        await self._pool.fetch(statement, id, status, attempts, due, error, failed_at)

    async def remove_letter(self, id: int) -> None:
        await self._pool.fetch("DELETE FROM actum_letters WHERE id = $1", id)

    async def letters(
        self,
        *,
        action: str | None = None,
        status: LetterStatus | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        given = {"action": action, "status": status}
        values = [value for value in given.values() if value is not None]
        names = [name for name, value in given.items() if value is not None]
        filters = "".join(f"{name} = ${place} AND " for place, name in enumerate(names, 3))
        return await self._letters(f"{filters}id > $1 ORDER BY id LIMIT $2", after, limit, *values)

    async def letter(self, id: int) -> Letter | None:
        found = await self._letters("id = $1", id)
        return found[0] if found else None

    async def request_letter(self, id: int, request: Request) -> bool:
        statement = "UPDATE actum_letters SET request = $1 WHERE id = $2 RETURNING 1"
        return bool(await self._pool.fetch(statement, request, id))

    async def requested_letters(self, action: str) -> list[Letter]:
        return await self._letters("action = $1 AND request IS NOT NULL ORDER BY id", action)

    async def tick(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_ticks", "due", action, at_first)

    async def set_tick(self, action: str, due: int) -> None:
        statement = """INSERT INTO actum_ticks VALUES ($1, $2)
            ON CONFLICT (action) DO UPDATE SET due = excluded.due"""
        await self._pool.fetch(statement, action, due)

    async def _letters(self, where: str, *values: Any) -> list[Letter]:
        rows = await self._pool.fetch(f"SELECT {LETTER} FROM actum_letters WHERE {where}", *values)
        return [Letter(*row) for row in rows]

    async def _once(self, table: str, column: str, action: str, at_first: int) -> int:
        """Gives the number kept for an action, keeping `at_first` if there is none yet."""
        select = f"SELECT {column} FROM {table} WHERE action = $1"
        found = await self._pool.fetchval(select, action)
        if found is None:
            await self._pool.fetch(
                f"INSERT INTO {table} VALUES ($1, $2) ON CONFLICT DO NOTHING", action, at_first
            )
            found = await self._pool.fetchval(select, action)
        return int(found)


async def _save(connection: Any, progress: Progress) -> None:
    if progress.source == "events":
        move = (progress.checkpoint, progress.action, progress.before)
        if changed(await connection.execute(MOVE, *move)) == 0:
            raise Fenced(
                f"action {progress.action} is not at {progress.before} any more: another process runs it"
            )
    finish = FINISH[progress.source]
    if finish is not None and progress.done:
        await connection.execute(finish, progress.done)
    if progress.parked:
        await connection.executemany(PARK, list(_parked(progress.parked)))


def _parked(letters: Iterable[NewLetter]) -> Iterable[tuple[Any, ...]]:
    for letter in letters:
        failed = 0 if letter.status == "waiting" else letter.time
        yield (
            letter.action,
            letter.key,
            letter.position,
            letter.body,
            letter.status,
            letter.attempts,
            letter.due,
            letter.error,
            failed,
        )
