"""The messages of queues, and timers, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actum.errors import KeyReused
from actum.model.deadlines.deadline import CHECKPOINT
from actum.ports.database import Database, DeadlineChange, DeadlineProgress, Mark, NewTimer, Timer
from actum.ports.message import Message, NewMessage
from actum.stores.postgres.connection.order import Order
from actum.stores.postgres.connection.page import page_of
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.fence import IS_HELD, Fence
from actum.stores.stale_writes import moved_action
from actum.stores.steps import STEP, in_steps

# A message is shown when every older transaction is over, so that none appears before one that was taken.
ORDER = Order("actum_queues")
CATCH_UP_ORDER = ORDER.catch_up("actum_messages", "id")
QUEUE_SCHEMA = (
    *ORDER.create,
    """CREATE TABLE actum_messages (
        id bigint PRIMARY KEY, queue text COLLATE "C" NOT NULL, key text COLLATE "C", body bytea NOT NULL,
        time bigint NOT NULL, correlation_id text NOT NULL)""",
    "CREATE INDEX actum_messages_queue ON actum_messages (queue, id)",
    """CREATE TABLE actum_sent (
        queue text COLLATE "C" NOT NULL, once text COLLATE "C" NOT NULL, time bigint NOT NULL,
        PRIMARY KEY (queue, once))""",
    "CREATE INDEX actum_sent_time ON actum_sent (time)",
    """CREATE TABLE actum_timers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE,
        due bigint NOT NULL, kind text NOT NULL, entity_id text NOT NULL, command text NOT NULL,
        arguments bytea NOT NULL, correlation_id text NOT NULL)""",
    "CREATE INDEX actum_timers_due ON actum_timers (due, id)",
)
# Later versions also store who sent a message and why, and which call a mark belongs to.
ORIGIN_SCHEMA = (
    "ALTER TABLE actum_messages ADD COLUMN causation_id text NOT NULL DEFAULT ''",
    "ALTER TABLE actum_messages ADD COLUMN \"by\" text NOT NULL DEFAULT ''",
    "ALTER TABLE actum_timers ADD COLUMN causation_id text NOT NULL DEFAULT ''",
    "ALTER TABLE actum_timers ADD COLUMN \"by\" text NOT NULL DEFAULT ''",
    "ALTER TABLE actum_sent ADD COLUMN call text NOT NULL DEFAULT ''",
)
TRACE_SCHEMA = tuple(
    f"ALTER TABLE {table} ADD COLUMN traceparent text NOT NULL DEFAULT ''"
    for table in ("actum_messages", "actum_timers", "actum_workflows")
)
"""The trace that sent a message, set a timer or started a workflow; "" where nobody traces."""
MESSAGE = 'queue, key, body, time, correlation_id, causation_id, "by", traceparent'
TIMERS = "$timers"
"""The name under which marks of timers are stored among those of queues; no queue has it."""
# Marks are inserted in a fixed order, to avoid deadlocks between senders.
# An existing mark is returned unchanged and locked, so that it is read only once its transaction is over.
SEND = f"""WITH given AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::text[]) WITH ORDINALITY
            AS g (queue, key, body, time, correlation_id, once, call, causation_id, by_, traceparent, n)
    ), marked AS (
        INSERT INTO actum_sent (queue, once, time, call)
        SELECT queue, once, min(time), min(call) FROM given WHERE once IS NOT NULL
        GROUP BY queue, once ORDER BY queue, once
        ON CONFLICT (queue, once) DO UPDATE SET call = actum_sent.call
        RETURNING queue, once, call, xmax = 0 AS is_new
    ), new AS (
        SELECT min(g.n) AS n FROM given g
        JOIN marked m ON m.queue = g.queue AND m.once = g.once AND m.is_new
        GROUP BY g.queue, g.once
        UNION ALL SELECT n FROM given WHERE once IS NULL
    ), sent AS (
        INSERT INTO actum_messages (id, {MESSAGE})
        SELECT {ORDER.base} + n, queue, key, body, time, correlation_id, causation_id, by_, traceparent
        FROM given JOIN new USING (n)
    )
    SELECT m.queue, m.once FROM marked m JOIN given g ON g.queue = m.queue AND g.once = m.once
    WHERE m.call NOT IN ('', g.call)"""
MESSAGES = page_of(
    f"""SELECT id, {MESSAGE} FROM actum_messages
        WHERE queue = $1 AND id > $2 AND id < {ORDER.horizon} ORDER BY id LIMIT $3""",
    f"id, {MESSAGE}",
    "octet_length(body)",
)
TIMER = (
    'name, due, kind, entity_id, command, arguments, correlation_id, causation_id, "by", span, traceparent'
)
TIMERS_DUE = page_of(
    f"""SELECT {TIMER}, id FROM actum_timers
        WHERE (due, id) > ($1::bigint, $2::bigint) AND due <= $3 ORDER BY due, id LIMIT $4""",
    f"{TIMER}, id",
    "octet_length(arguments)",
)
# The new timer gets a new id, so that finishing the old one does not remove it.
REPLACE_TIMER = """ON CONFLICT (name) DO UPDATE SET id = DEFAULT, due = excluded.due, kind = excluded.kind,
    entity_id = excluded.entity_id, command = excluded.command, arguments = excluded.arguments,
    correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, "by" = excluded."by",
    span = excluded.span, traceparent = excluded.traceparent, position = excluded.position"""
FORGET = """DELETE FROM actum_sent s USING (
        SELECT queue, once FROM actum_sent WHERE time < $1 ORDER BY time LIMIT $2 FOR UPDATE SKIP LOCKED
    ) old WHERE (s.queue, s.once) = (old.queue, old.once) RETURNING 1"""
ADD_TIMER = f"""WITH marked AS (
        INSERT INTO actum_sent (queue, once, time, call)
        SELECT '{TIMERS}', $10::text, $12::bigint, $11::text WHERE $10 IS NOT NULL
        ON CONFLICT (queue, once) DO UPDATE SET call = actum_sent.call RETURNING call, xmax = 0 AS is_new
    ), added AS (
        INSERT INTO actum_timers ({TIMER})
        SELECT $1::text, $2::bigint, $3::text, $4::text, $5::text, $6::bytea, $7::text, $8::text, $9::text,
            $13::bigint, $14::text
        WHERE NOT EXISTS (SELECT FROM marked WHERE NOT is_new)
        {REPLACE_TIMER}
    ) SELECT call, is_new FROM marked"""

MOVE_DEADLINES = f"""UPDATE actum_checkpoints SET position = $3::bigint
    WHERE action = '{CHECKPOINT}' AND position = $4::bigint AND {IS_HELD}"""
# An erasure that begins now waits, and then removes what is stored here; one that has ended is seen.
LOCK_ERASURES = "LOCK TABLE actum_erasures IN SHARE MODE"
REMOVE_DEADLINES = """DELETE FROM actum_timers t USING unnest($1::text[], $2::text[]) AS gone (name, cause)
    WHERE t.name = gone.name AND gone.cause IN ('', t.causation_id)"""
SET_DEADLINES = f"""INSERT INTO actum_timers ({TIMER}, position)
    SELECT name, due, kind, entity_id, command, arguments, correlation_id, causation_id, by_, span,
        traceparent, position
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[],
        $8::text[], $9::text[], $10::bigint[], $11::text[], $12::bigint[]) WITH ORDINALITY
        AS new (name, due, kind, entity_id, command, arguments, correlation_id, causation_id, by_, span,
            traceparent, position, n)
    WHERE NOT EXISTS (SELECT FROM actum_erasures e
        WHERE e.kind = new.kind AND e.id = new.entity_id AND e.position > new.position)
    ORDER BY n {REPLACE_TIMER}"""


class PostgresQueues(Database):
    """The part of the database that stores messages and timers."""

    _pool: PostgresPool
    _fence: Fence

    async def send(self, messages: Sequence[NewMessage]) -> None:
        rows = [
            (
                message.queue,
                message.key,
                message.body,
                message.time,
                message.correlation_id,
                message.once,
                message.call,
                message.causation_id,
                message.by,
                message.traceparent,
            )
            for message in messages
        ]
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        if len(rows) == 1 or not any(message.once for message in messages):
            _check_marks(await self._pool.fetch(SEND, *columns))
            return
        async with self._pool.transaction() as connection:
            _check_marks(await connection.fetch(SEND, *columns))

    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        return [Message(*row) for row in await self._pool.fetch(MESSAGES, queue, after, limit)]

    async def message_counts(self) -> dict[str, int]:
        statement = "SELECT queue, count(*) FROM actum_messages GROUP BY queue"
        return {row["queue"]: row["count"] for row in await self._pool.fetch(statement)}

    async def forget_sent(self, before: int) -> int:
        async def forget() -> int:
            return len(await self._pool.fetch(FORGET, before, STEP))

        return await in_steps(forget)

    async def add_timer(self, timer: NewTimer, mark: Mark | None = None) -> bool:
        found = await self._pool.fetch(
            ADD_TIMER,
            timer.name,
            timer.due,
            timer.kind,
            timer.entity_id,
            timer.command,
            timer.arguments,
            timer.correlation_id,
            timer.causation_id,
            timer.by,
            *((None, None, None) if mark is None else (mark.once, mark.call, mark.time)),
            timer.span,
            timer.traceparent,
        )
        if mark is None or found[0]["is_new"]:
            return True
        if found[0]["call"] not in ("", mark.call):
            raise KeyReused(mark.once, TIMERS)
        return False

    async def save_deadlines(self, progress: DeadlineProgress) -> None:
        async with self._pool.transaction() as connection:
            moved = await connection.fetchval(
                f"WITH {self._fence.held}, moved AS ({MOVE_DEADLINES} RETURNING 1) "
                f"SELECT ARRAY[{IS_HELD}, EXISTS (SELECT FROM moved)]",
                *self._fence.values,
                progress.checkpoint,
                progress.before,
            )
            await self._fence.check(moved[0], self._pool)
            if not moved[1]:
                raise moved_action(CHECKPOINT, progress.before)
            await _change_deadlines(connection, progress.changes)

    async def cancel_timer(self, name: str) -> bool:
        return bool(await self._pool.fetch("DELETE FROM actum_timers WHERE name = $1 RETURNING 1", name))

    async def timers(
        self, *, up_to: int | None = None, limit: int = 100, after: tuple[int, int] = (0, 0)
    ) -> list[Timer]:
        rows = await self._pool.fetch(TIMERS_DUE, *after, 2**62 if up_to is None else up_to, limit)
        return [Timer(*tuple(row)[:-1], id=row["id"]) for row in rows]

    async def recall_timers(self, now: int) -> int:
        statement = """UPDATE actum_timers SET due = $1::bigint + span
            WHERE span > 0 AND due > $1::bigint + span RETURNING 1"""
        return len(await self._pool.fetch(statement, now))

    async def next_timer(self) -> int | None:
        due: int | None = await self._pool.fetchval("SELECT min(due) FROM actum_timers")
        return due


async def _change_deadlines(connection: Any, changes: Sequence[DeadlineChange]) -> None:
    gone = [(one.name, one.cause) for one in changes if one.timer is None]
    new = [(*msgspec.structs.astuple(one.timer), one.position) for one in changes if one.timer is not None]
    if new:
        await connection.execute(LOCK_ERASURES)
    if gone:
        await connection.execute(REMOVE_DEADLINES, *zip(*gone, strict=True))
    if new:
        await connection.execute(SET_DEADLINES, *zip(*new, strict=True))


def _check_marks(reused: Sequence[Any]) -> None:
    for row in reused:
        raise KeyReused(row["once"], row["queue"])
