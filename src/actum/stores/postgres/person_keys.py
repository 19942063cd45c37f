"""Stores the keys of persons in PostgreSQL, and who was forgotten when."""

from collections.abc import Sequence

from actum.ports.person_keys import PAGE, ApplicationKey, Forgetting, PersonKey, PersonKeys
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.schema import Part

SCHEMA = Part(
    "people",
    (
        (
            """CREATE TABLE actum_person_keys (
                person text COLLATE "C" PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE,
                wrapped bytea NOT NULL, under text COLLATE "C" NOT NULL)""",
            """CREATE TABLE actum_application_keys (
                id text COLLATE "C" PRIMARY KEY, wrapped bytea NOT NULL, time bigint NOT NULL)""",
            """CREATE TABLE actum_forgettings (
                number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, time bigint NOT NULL,
                is_done boolean NOT NULL)""",
            """CREATE TABLE actum_forget_requests (person text COLLATE "C" PRIMARY KEY)""",
        ),
    ),
)
KEY = "person, id, wrapped, under"
FORGET = "DELETE FROM actum_person_keys WHERE person = $1"
ANSWER = "DELETE FROM actum_forget_requests WHERE person = $1"
# Numbers become visible in their order: each waits for the one before it.
LOCK = "LOCK TABLE actum_forgettings IN SHARE ROW EXCLUSIVE MODE"
RECORD = "INSERT INTO actum_forgettings (time, is_done) VALUES ($1, false) RETURNING number"


class PostgresPersonKeys(PersonKeys):
    """Keys of persons in PostgreSQL, which several processes may use."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    def __repr__(self) -> str:
        return f"<PostgresPersonKeys {self._pool.name}>"

    async def find(self, persons: Sequence[str]) -> list[PersonKey]:
        statement = f"SELECT {KEY} FROM actum_person_keys WHERE person = ANY($1::text[])"
        return [PersonKey(*row) for row in await self._pool.fetch(statement, list(persons))]

    async def load(self, ids: Sequence[str]) -> list[PersonKey]:
        statement = f"SELECT {KEY} FROM actum_person_keys WHERE id = ANY($1::text[])"
        return [PersonKey(*row) for row in await self._pool.fetch(statement, list(ids))]

    async def add(self, keys: Sequence[PersonKey]) -> None:
        statement = """INSERT INTO actum_person_keys
            SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) ORDER BY 1
            ON CONFLICT DO NOTHING"""
        await self._pool.fetch(
            statement,
            [key.person for key in keys],
            [key.id for key in keys],
            [key.wrapped for key in keys],
            [key.under for key in keys],
        )

    async def page(self, after: str, limit: int = PAGE) -> list[PersonKey]:
        statement = f"SELECT {KEY} FROM actum_person_keys WHERE id > $1 ORDER BY id LIMIT $2"
        return [PersonKey(*row) for row in await self._pool.fetch(statement, after, limit)]

    async def rewrap(self, keys: Sequence[PersonKey]) -> None:
        statement = """UPDATE actum_person_keys k SET wrapped = n.wrapped, under = n.under
            FROM unnest($1::text[], $2::bytea[], $3::text[]) AS n (id, wrapped, under) WHERE k.id = n.id"""
        await self._pool.fetch(
            statement,
            [key.id for key in keys],
            [key.wrapped for key in keys],
            [key.under for key in keys],
        )

    async def request(self, persons: Sequence[str]) -> None:
        statement = """INSERT INTO actum_forget_requests SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"""
        await self._pool.fetch(statement, list(persons))

    async def requests(self) -> list[str]:
        statement = "SELECT person FROM actum_forget_requests ORDER BY person LIMIT $1"
        return [person for (person,) in await self._pool.fetch(statement, PAGE)]

    async def forget(self, person: str, time: int) -> Forgetting:
        async with self._pool.transaction() as connection:
            await connection.execute(LOCK)
            await connection.execute(FORGET, person)
            await connection.execute(ANSWER, person)
            number = await connection.fetchval(RECORD, time)
        return Forgetting(number, time, is_done=False)

    async def finish(self, number: int) -> None:
        await self._pool.fetch("UPDATE actum_forgettings SET is_done = true WHERE number = $1", number)

    async def forgettings(self, after: int = 0, limit: int = PAGE) -> list[Forgetting]:
        statement = """SELECT number, time, is_done FROM actum_forgettings WHERE number > $1
            ORDER BY number LIMIT $2"""
        return [Forgetting(*row) for row in await self._pool.fetch(statement, after, limit)]

    async def last(self) -> int:
        return int(await self._pool.fetchval("SELECT coalesce(max(number), 0) FROM actum_forgettings"))

    async def application_keys(self) -> list[ApplicationKey]:
        rows = await self._pool.fetch(
            "SELECT id, wrapped, time FROM actum_application_keys ORDER BY time, id"
        )
        return [ApplicationKey(*row) for row in rows]

    async def add_application_key(self, key: ApplicationKey) -> None:
        statement = """INSERT INTO actum_application_keys VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET wrapped = excluded.wrapped"""
        await self._pool.fetch(statement, key.id, key.wrapped, key.time)

    async def remove_application_keys(self, ids: Sequence[str]) -> None:
        statement = """DELETE FROM actum_application_keys
            WHERE id = ANY($1::text[]) AND id NOT IN (SELECT under FROM actum_person_keys)"""
        await self._pool.fetch(statement, list(ids))
