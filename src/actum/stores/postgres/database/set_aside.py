"""Rows of views that are set aside, in PostgreSQL, and the events that wait for them."""

from collections.abc import Sequence
from typing import Any

from actum.ports.database import AsideChanges, Database, SetAside
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.set_aside_statements import AsideStatements, digest_of

ASIDE_SCHEMA = (
    """CREATE TABLE actum_set_aside (
        view text COLLATE "C" NOT NULL, generation bigint NOT NULL, digest text COLLATE "C" NOT NULL,
        key text NOT NULL, position bigint NOT NULL, error text NOT NULL, since bigint NOT NULL,
        is_asked boolean NOT NULL, PRIMARY KEY (view, generation, digest))""",
    """CREATE TABLE actum_waiting (
        view text COLLATE "C" NOT NULL, generation bigint NOT NULL, digest text COLLATE "C" NOT NULL,
        position bigint NOT NULL, PRIMARY KEY (view, generation, digest, position))""",
)
ROW = "view = $1 AND generation = $2 AND digest = $3"
ASIDE = AsideStatements(lambda number: f"${number}")
LIST = """SELECT view, generation, key, position, error, since, is_asked,
        (SELECT count(*) FROM actum_waiting w
            WHERE w.view = a.view AND w.generation = a.generation AND w.digest = a.digest)
    FROM actum_set_aside a
    WHERE ($1::text IS NULL OR view = $1) AND ($2::bigint IS NULL OR generation = $2)
        AND ($3::boolean IS NULL OR is_asked = $3)
    ORDER BY since, view, generation, position LIMIT $4"""


class PostgresSetAside(Database):
    """The part of the database that stores which rows are set aside."""

    _pool: PostgresPool

    async def held(self, name: str, generation: int, keys: Sequence[str]) -> set[str]:
        statement = """SELECT key FROM actum_set_aside
            WHERE view = $1 AND generation = $2 AND digest = ANY($3::text[])"""
        rows = await self._pool.fetch(statement, name, generation, [digest_of(key) for key in keys])
        return {key for (key,) in rows}

    async def set_aside(
        self,
        name: str | None = None,
        generation: int | None = None,
        *,
        is_asked: bool | None = None,
        limit: int = 100,
    ) -> list[SetAside]:
        return [SetAside(*row) for row in await self._pool.fetch(LIST, name, generation, is_asked, limit)]

    async def count_set_aside(self, name: str, generation: int) -> int:
        statement = "SELECT count(*) FROM actum_set_aside WHERE view = $1 AND generation = $2"
        return int(await self._pool.fetchval(statement, name, generation))

    async def waiting(self, name: str, generation: int, key: str, limit: int) -> list[int]:
        statement = f"SELECT position FROM actum_waiting WHERE {ROW} ORDER BY position LIMIT $4"
        rows = await self._pool.fetch(statement, name, generation, digest_of(key), limit)
        return [position for (position,) in rows]

    async def request_retry(self, name: str, key: str | None = None) -> int:
        statement = """UPDATE actum_set_aside SET is_asked = true
            WHERE view = $1 AND ($2::text IS NULL OR digest = $2) RETURNING 1"""
        return len(await self._pool.fetch(statement, name, None if key is None else digest_of(key)))


async def change_aside(connection: Any, name: str, generation: int, changes: AsideChanges) -> None:
    """Writes what changes among the rows that are set aside, in the open transaction."""
    for statement, values in ASIDE.changes(name, generation, changes):
        if values:
            await connection.executemany(statement, values)


async def drop_aside(connection: Any, name: str, generation: int) -> None:
    """Removes what was set aside of a generation, in the open transaction."""
    for statement in ASIDE.drop:
        await connection.execute(statement, name, generation)
