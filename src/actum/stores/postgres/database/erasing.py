"""The erasure of entities in PostgreSQL: recorded while it is under way, and when it has ended."""

from collections.abc import Sequence

from actum.ports.database import Database, Erasure
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.workflows.workflows import REMOVE_OF_SUBJECT, REMOVE_OPERATOR_ACTS

ERASURE_SCHEMA = (
    """CREATE TABLE actum_erasures (
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        since bigint NOT NULL, position bigint NOT NULL, is_ended boolean NOT NULL,
        PRIMARY KEY (kind, id))""",
    "CREATE INDEX actum_erasures_key ON actum_erasures (key)",
)
# Why an erasure was begun, and the position of the event that has set a deadline; 0 for other timers.
WHY_SCHEMA = (
    "ALTER TABLE actum_erasures ADD COLUMN why text NOT NULL DEFAULT 'erased'",
    "ALTER TABLE actum_timers ADD COLUMN position bigint NOT NULL DEFAULT 0",
)
BEGIN = """INSERT INTO actum_erasures AS kept
    SELECT $1::text, $2::text, $1::text || '/' || $2::text, $3::bigint, 0, false, $4::text
    ON CONFLICT (kind, id) DO UPDATE SET since = excluded.since, why = excluded.why,
        is_ended = false WHERE kept.is_ended"""
# This runs before anything is removed, so that nothing is added again meanwhile.
MARK = """UPDATE actum_erasures SET position = greatest(position, $3::bigint) WHERE kind = $1 AND id = $2"""
END = """INSERT INTO actum_erasures AS kept
    SELECT $1::text, $2::text, $1::text || '/' || $2::text, 0, $3::bigint, true, ''
    ON CONFLICT (kind, id) DO UPDATE
    SET position = greatest(kept.position, excluded.position), is_ended = true"""
REMOVE_TIMERS = "DELETE FROM actum_timers WHERE kind = $1 AND entity_id = $2 AND position <= $3"
REMOVE_MESSAGES = "DELETE FROM actum_messages WHERE key = ANY($1::text[])"
REMOVE_LETTERS = """DELETE FROM actum_letters WHERE CASE WHEN strpos(action, '@queue:') > 0
    THEN key = ANY($4::text[])
    ELSE key = $1::text || '/' || $2::text AND (action = 'timers' OR position < $3::bigint) END"""


class PostgresErasing(Database):
    """The part of the database that erases what is stored for an entity."""

    _pool: PostgresPool

    async def begin_erasure(self, erasure: Erasure) -> None:
        await self._pool.fetch(BEGIN, erasure.kind, erasure.id, erasure.since, erasure.why)

    async def erasures(self) -> list[Erasure]:
        statement = "SELECT kind, id, since, why FROM actum_erasures WHERE NOT is_ended ORDER BY kind, id"
        return [Erasure(*row) for row in await self._pool.fetch(statement)]

    async def end_erasure(self, kind: str, id: str, position: int, *, keys: Sequence[str]) -> None:
        await self._pool.fetch(MARK, kind, id, position)
        async with self._pool.transaction() as connection:
            # Deadlines lock this table too, and then timers: in another order, both could wait for ever.
            await connection.execute("LOCK TABLE actum_erasures IN ROW EXCLUSIVE MODE")
            # First the items that letters are made from; this waits for transactions that make letters now.
            await connection.execute(REMOVE_TIMERS, kind, id, position)
            await connection.execute(REMOVE_MESSAGES, list(keys))
            await connection.execute(REMOVE_LETTERS, kind, id, position, list(keys))
            for statement in REMOVE_OF_SUBJECT:
                await connection.execute(statement, kind, id)
            await connection.execute(REMOVE_OPERATOR_ACTS, list(keys))
            await connection.execute(END, kind, id, position)
