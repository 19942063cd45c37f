"""The application and the journal that a database in PostgreSQL belongs to."""

import msgspec

from actum.model.deadlines.deadline import CHECKPOINT, PREFIX
from actum.model.deadlines.expiry import EXPIRY
from actum.ports.database import Binding, Database
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.views import drop_generation

BINDING_SCHEMA = (
    """CREATE TABLE actum_binding (
        is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only),
        application text NOT NULL, journal text NOT NULL, position bigint NOT NULL, mark text NOT NULL,
        allowance bigint NOT NULL)""",
)
BINDING = "SELECT application, journal, position, mark, allowance FROM actum_binding"
BIND = """INSERT INTO actum_binding (application, journal, position, mark, allowance)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"""
WITNESS = "UPDATE actum_binding SET position = $1, mark = $2 WHERE position <= $1"
REACHED = """SELECT greatest((SELECT coalesce(max(checkpoint), 0) FROM actum_views),
    (SELECT coalesce(max(position), 0) FROM actum_checkpoints),
    (SELECT coalesce(max(position), 0) FROM actum_slices))"""
MOVE_SLICES = "UPDATE actum_slices SET position = $1 WHERE $2 OR position > $1"
MOVE = "UPDATE actum_checkpoints SET position = $1 WHERE $2 OR position > $1"
REMOVE_LETTERS = """DELETE FROM actum_letters
    WHERE strpos(action, '@queue:') = 0 AND action <> 'timers' AND position > $1"""
REMOVE_ERASURES = "DELETE FROM actum_erasures WHERE position > $1"

RESTART_DEADLINES = "UPDATE actum_checkpoints SET position = 0 WHERE action = $1"
REMOVE_EXPIRY = "DELETE FROM actum_triggers WHERE action = $1"
REMOVE_DEADLINES = "DELETE FROM actum_timers WHERE starts_with(name, $1)"


class PostgresBinding(Database):
    """The part of the database that stores its binding."""

    _pool: PostgresPool

    async def binding(self) -> Binding | None:
        rows = await self._pool.fetch(BINDING)
        return Binding(*rows[0]) if rows else None

    async def bind(self, binding: Binding) -> Binding:
        await self._pool.fetch(BIND, *msgspec.structs.astuple(binding))
        return await self.binding() or binding

    async def record_position(self, position: int, mark: str) -> None:
        await self._pool.fetch(WITNESS, position, mark)

    async def reached(self) -> int:
        return int(await self._pool.fetchval(REACHED))

    async def start_over(self, binding: Binding, last: int, *, is_other: bool) -> None:
        from_position = 0 if is_other else last
        async with self._pool.transaction() as connection:
            for name, generation in await connection.fetch("SELECT name, generation FROM actum_views"):
                await connection.execute(f'DROP VIEW IF EXISTS "{name}"')
                await drop_generation(connection, name, generation)
            await connection.execute(MOVE, last, is_other)
            await connection.execute(MOVE_SLICES, last, is_other)
            await connection.execute(REMOVE_LETTERS, from_position)
            await connection.execute(REMOVE_ERASURES, from_position)
            await connection.execute("DELETE FROM actum_rebuilds")
            await connection.execute(RESTART_DEADLINES, CHECKPOINT)
            await connection.execute(REMOVE_DEADLINES, PREFIX)
            await connection.execute(REMOVE_EXPIRY, EXPIRY)
            await connection.execute("DELETE FROM actum_binding")
            await connection.execute(BIND, *msgspec.structs.astuple(binding))
