"""The messages of queues, and timers, in a SQLite file."""

import sqlite3
from collections.abc import Sequence
from itertools import chain, starmap
from typing import Any

from actum.errors import KeyReused
from actum.model.deadlines.deadline import CHECKPOINT
from actum.ports.database import Database, DeadlineProgress, Mark, NewTimer, Timer
from actum.ports.message import Message, NewMessage
from actum.queries.tables import chunks
from actum.stores.page import within
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.actions import MOVE
from actum.stores.stale_writes import moved_action
from actum.stores.steps import STEP, in_steps

QUEUE_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS actum_messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key TEXT, body BLOB NOT NULL,
        time INTEGER NOT NULL, correlation_id TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS actum_messages_queue ON actum_messages (queue, id)",
    """CREATE TABLE IF NOT EXISTS actum_sent (
        queue TEXT NOT NULL, once TEXT NOT NULL, time INTEGER NOT NULL,
        PRIMARY KEY (queue, once)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS actum_sent_time ON actum_sent (time)",
    """CREATE TABLE IF NOT EXISTS actum_timers (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, due INTEGER NOT NULL,
        kind TEXT NOT NULL, entity_id TEXT NOT NULL, command TEXT NOT NULL, arguments BLOB NOT NULL,
        correlation_id TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS actum_timers_due ON actum_timers (due, id)",
)
# Later versions also store who sent a message and why, and which call a mark belongs to.
ORIGIN_SCHEMA = (
    "ALTER TABLE actum_messages ADD COLUMN causation_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE actum_messages ADD COLUMN \"by\" TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE actum_timers ADD COLUMN causation_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE actum_timers ADD COLUMN \"by\" TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE actum_sent ADD COLUMN call TEXT NOT NULL DEFAULT ''",
)
TRACE_SCHEMA = tuple(
    f"ALTER TABLE {table} ADD COLUMN traceparent TEXT NOT NULL DEFAULT ''"
    for table in ("actum_messages", "actum_timers", "actum_workflows")
)
"""The trace that sent a message, set a timer or started a workflow; "" where nobody traces."""
MESSAGE = 'queue, key, body, time, correlation_id, causation_id, "by", traceparent'
INSERTS = {
    count: f"INSERT INTO actum_messages ({MESSAGE}) VALUES " + ",".join(["(?,?,?,?,?,?,?,?)"] * count)
    for count in (256, 64, 16, 4, 1)
}
TIMER = (
    'name, due, kind, entity_id, command, arguments, correlation_id, causation_id, "by", span, traceparent'
)
# REPLACE gives the new timer a new id, so that finishing the old one does not remove it.
SET_TIMER = f"INSERT OR REPLACE INTO actum_timers ({TIMER}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
SET_DEADLINE = f"""INSERT OR REPLACE INTO actum_timers ({TIMER}, position)
    SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12
    WHERE NOT EXISTS (SELECT 1 FROM actum_erasures WHERE kind = ?3 AND id = ?4 AND position > ?12)"""
REMOVE_DEADLINE = "DELETE FROM actum_timers WHERE name = ?1 AND ?2 IN ('', causation_id)"
TIMERS = "$timers"
"""The name under which marks of timers are stored among those of queues; no queue has it."""


class SqliteQueues(Database):
    """The part of the database that stores messages and timers."""

    _file: SqliteFile

    async def send(self, messages: Sequence[NewMessage]) -> None:
        await self._file.write(lambda connection: _send(connection, messages))

    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        statement = f"""SELECT id, {MESSAGE} FROM actum_messages
            WHERE queue = ? AND id > ? ORDER BY id LIMIT ?"""
        values = (queue, after, limit)
        return await self._file.read(
            lambda connection: within(starmap(Message, connection.execute(statement, values)), _message_size)
        )

    async def message_counts(self) -> dict[str, int]:
        statement = "SELECT queue, count(*) FROM actum_messages GROUP BY queue"
        return await self._file.read(lambda connection: dict(connection.execute(statement).fetchall()))

    async def forget_sent(self, before: int) -> int:
        statement = """DELETE FROM actum_sent WHERE (queue, once) IN
            (SELECT queue, once FROM actum_sent WHERE time < ? ORDER BY time LIMIT ?)"""
        return await in_steps(
            lambda: self._file.write(
                lambda connection: connection.execute(statement, (before, STEP)).rowcount
            )
        )

    async def add_timer(self, timer: NewTimer, mark: Mark | None = None) -> bool:
        values = _values(timer)

        def add(connection: sqlite3.Connection) -> bool:
            if mark is not None and not is_first(connection, TIMERS, mark.once, mark.call, mark.time):
                return False
            connection.execute(SET_TIMER, values)
            return True

        return await self._file.write(add)

    async def save_deadlines(self, progress: DeadlineProgress) -> None:
        move = (progress.checkpoint, CHECKPOINT, progress.before)

        def save(connection: sqlite3.Connection) -> None:
            if connection.execute(MOVE, move).rowcount == 0:
                raise moved_action(CHECKPOINT, progress.before)
            for change in progress.changes:
                if change.timer is None:
                    connection.execute(REMOVE_DEADLINE, (change.name, change.cause))
                else:
                    values = (*_values(change.timer), change.position)
                    connection.execute(SET_DEADLINE, values)

        await self._file.write(save, can_wait=not progress.changes)

    async def cancel_timer(self, name: str) -> bool:
        statement = "DELETE FROM actum_timers WHERE name = ?"
        return await self._file.write(lambda connection: connection.execute(statement, (name,)).rowcount > 0)

    async def timers(
        self, *, up_to: int | None = None, limit: int = 100, after: tuple[int, int] = (0, 0)
    ) -> list[Timer]:
        statement = f"""SELECT {TIMER}, id FROM actum_timers WHERE (due, id) > (?,?) AND due <= ?
            ORDER BY due, id LIMIT ?"""
        values = (*after, 2**62 if up_to is None else up_to, limit)

        def read(connection: sqlite3.Connection) -> list[Timer]:
            found = (Timer(*row[:-1], id=row[-1]) for row in connection.execute(statement, values))
            return within(found, _timer_size)

        return await self._file.read(read)

    async def recall_timers(self, now: int) -> int:
        statement = "UPDATE actum_timers SET due = :now + span WHERE span > 0 AND due > :now + span"
        return await self._file.write(lambda connection: connection.execute(statement, {"now": now}).rowcount)

    async def next_timer(self) -> int | None:
        statement = "SELECT min(due) FROM actum_timers"
        due: int | None = await self._file.read(
            lambda connection: connection.execute(statement).fetchone()[0]
        )
        return due


def _values(timer: NewTimer) -> tuple[Any, ...]:
    return tuple(getattr(timer, field) for field in NewTimer.__struct_fields__)


def _message_size(message: Message) -> int:
    return len(message.body)


def _timer_size(timer: Timer) -> int:
    return len(timer.arguments)


def _send(connection: sqlite3.Connection, messages: Sequence[NewMessage]) -> None:
    new = [
        (
            message.queue,
            message.key,
            message.body,
            message.time,
            message.correlation_id,
            message.causation_id,
            message.by,
            message.traceparent,
        )
        for message in messages
        if message.once is None
        or is_first(connection, message.queue, message.once, message.call, message.time)
    ]
    for rows in chunks(new, tuple(INSERTS)):
        connection.execute(INSERTS[len(rows)], list(chain.from_iterable(rows)))


def is_first(connection: sqlite3.Connection, queue: str, once: str, call: str, time: int) -> bool:
    """Stores a mark, and says whether it is new; raises KeyReused for one that belongs to another call."""
    statement = "INSERT INTO actum_sent (queue, once, time, call) VALUES (?,?,?,?) ON CONFLICT DO NOTHING"
    if connection.execute(statement, (queue, once, time, call)).rowcount > 0:
        return True
    select = "SELECT call FROM actum_sent WHERE queue = ? AND once = ?"
    (known,) = connection.execute(select, (queue, once)).fetchone()
    if known not in ("", call):
        raise KeyReused(once, queue)
    return False
