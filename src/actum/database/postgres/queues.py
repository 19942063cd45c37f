"""What waits in PostgreSQL to be done: the messages of queues, and timers."""

from collections.abc import Sequence

from actum.database.port import Database, Message, NewMessage, NewTimer, Timer
from actum.engine.postgres.order import Order
from actum.engine.postgres.pool import PostgresPool

# A message shows when every older transaction is over, so that none comes before one that was taken.
ORDER = Order("actum_queues")
MEND_ORDER = ORDER.mend("actum_messages", "id")
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
# Marks are made in one order, so that no two senders wait for each other.
SEND = f"""WITH given AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[])
            WITH ORDINALITY AS g (queue, key, body, time, correlation_id, once, n)
    ), marked AS (
        INSERT INTO actum_sent
        SELECT queue, once, min(time) FROM given WHERE once IS NOT NULL
        GROUP BY queue, once ORDER BY queue, once
        ON CONFLICT DO NOTHING RETURNING queue, once
    ), new AS (
        SELECT min(g.n) AS n FROM given g JOIN marked m ON m.queue = g.queue AND m.once = g.once
        GROUP BY g.queue, g.once
        UNION ALL SELECT n FROM given WHERE once IS NULL
    )
    INSERT INTO actum_messages (id, queue, key, body, time, correlation_id)
    SELECT {ORDER.base} + n, queue, key, body, time, correlation_id FROM given JOIN new USING (n)"""
MESSAGES = f"""SELECT id, queue, key, body, time, correlation_id FROM actum_messages
    WHERE queue = $1 AND id > $2 AND id < {ORDER.horizon} ORDER BY id LIMIT $3"""
TIMER = "name, due, kind, entity_id, command, arguments, correlation_id"


class PostgresQueues(Database):
    """The part of the database that keeps messages and timers."""

    _pool: PostgresPool

    async def send(self, messages: Sequence[NewMessage]) -> None:
        rows = [
            (message.queue, message.key, message.body, message.time, message.correlation_id, message.once)
            for message in messages
        ]
        if rows:
            await self._pool.fetch(SEND, *zip(*rows, strict=True))

    async def messages(self, queue: str, after: int, limit: int) -> list[Message]:
        return [Message(*row) for row in await self._pool.fetch(MESSAGES, queue, after, limit)]

    async def forget_sent(self, before: int) -> int:
        return len(await self._pool.fetch("DELETE FROM actum_sent WHERE time < $1 RETURNING 1", before))

    async def add_timer(self, timer: NewTimer) -> None:
        # The new timer gets an id of its own, so that finishing the old one does not remove it.
        statement = f"""INSERT INTO actum_timers ({TIMER}) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (name) DO UPDATE SET id = DEFAULT, due = excluded.due, kind = excluded.kind,
                entity_id = excluded.entity_id, command = excluded.command, arguments = excluded.arguments,
                correlation_id = excluded.correlation_id"""
        await self._pool.fetch(
            statement,
            timer.name,
            timer.due,
            timer.kind,
            timer.entity_id,
            timer.command,
            timer.arguments,
            timer.correlation_id,
        )

    async def cancel_timer(self, name: str) -> bool:
        return bool(await self._pool.fetch("DELETE FROM actum_timers WHERE name = $1 RETURNING 1", name))

    async def timers(
        self, *, up_to: int | None = None, limit: int = 100, after: tuple[int, int] = (0, 0)
    ) -> list[Timer]:
        statement = f"""SELECT {TIMER}, id FROM actum_timers
            WHERE (due, id) > ($1::bigint, $2::bigint) AND due <= $3 ORDER BY due, id LIMIT $4"""
        rows = await self._pool.fetch(statement, *after, 2**62 if up_to is None else up_to, limit)
        return [Timer(*tuple(row)[:-1], id=row["id"]) for row in rows]

    async def next_timer(self) -> int | None:
        due: int | None = await self._pool.fetchval("SELECT min(due) FROM actum_timers")
        return due
