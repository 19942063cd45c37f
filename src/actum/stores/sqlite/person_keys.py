"""Stores the keys of persons in a SQLite file, and who was forgotten when."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from actum.ports.person_keys import PAGE, ApplicationKey, Forgetting, PersonKey, PersonKeys
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile

SCHEMA = Part(
    "people",
    (
        (
            """CREATE TABLE actum_person_keys (
                person TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, wrapped BLOB NOT NULL, under TEXT NOT NULL
                ) WITHOUT ROWID""",
            """CREATE TABLE actum_application_keys (
                id TEXT PRIMARY KEY, wrapped BLOB NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID""",
            """CREATE TABLE actum_forgettings (
                number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, is_done INTEGER NOT NULL)""",
            "CREATE TABLE actum_forget_requests (person TEXT PRIMARY KEY) WITHOUT ROWID",
        ),
    ),
)
KEY = "person, id, wrapped, under"


class SqlitePersonKeys(PersonKeys):
    """Keys of persons in a SQLite file."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def __repr__(self) -> str:
        return f"<SqlitePersonKeys {self._file.path}>"

    async def find(self, persons: Sequence[str]) -> list[PersonKey]:
        return await self._keys(f"SELECT {KEY} FROM actum_person_keys WHERE person = ?", persons)

    async def load(self, ids: Sequence[str]) -> list[PersonKey]:
        return await self._keys(f"SELECT {KEY} FROM actum_person_keys WHERE id = ?", ids)

    async def add(self, keys: Sequence[PersonKey]) -> None:
        statement = "INSERT INTO actum_person_keys VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        rows = [(key.person, key.id, key.wrapped, key.under) for key in keys]
        await self._file.write(lambda connection: connection.executemany(statement, rows))

    async def page(self, after: str, limit: int = PAGE) -> list[PersonKey]:
        statement = f"SELECT {KEY} FROM actum_person_keys WHERE id > ? ORDER BY id LIMIT ?"
        rows = await self._rows(statement, after, limit)
        return [PersonKey(*row) for row in rows]

    async def rewrap(self, keys: Sequence[PersonKey]) -> None:
        statement = "UPDATE actum_person_keys SET wrapped = ?, under = ? WHERE id = ?"
        rows = [(key.wrapped, key.under, key.id) for key in keys]
        await self._file.write(lambda connection: connection.executemany(statement, rows))

    async def request(self, persons: Sequence[str]) -> None:
        statement = "INSERT INTO actum_forget_requests VALUES (?) ON CONFLICT DO NOTHING"
        rows = [(person,) for person in persons]
        await self._file.write(lambda connection: connection.executemany(statement, rows))

    async def requests(self) -> list[str]:
        rows = await self._rows("SELECT person FROM actum_forget_requests ORDER BY person LIMIT ?", PAGE)
        return [person for (person,) in rows]

    async def forget(self, person: str, time: int) -> Forgetting:
        def forget(connection: sqlite3.Connection) -> Forgetting:
            connection.execute("DELETE FROM actum_person_keys WHERE person = ?", (person,))
            connection.execute("DELETE FROM actum_forget_requests WHERE person = ?", (person,))
            statement = "INSERT INTO actum_forgettings (time, is_done) VALUES (?, 0)"
            number = connection.execute(statement, (time,)).lastrowid or 0
            return Forgetting(number, time, is_done=False)

        return await self._file.write(forget)

    async def finish(self, number: int) -> None:
        statement = "UPDATE actum_forgettings SET is_done = 1 WHERE number = ?"
        await self._file.scrub()
        await self._file.write(lambda connection: connection.execute(statement, (number,)))

    async def forgettings(self, after: int = 0, limit: int = PAGE) -> list[Forgetting]:
        statement = """SELECT number, time, is_done FROM actum_forgettings WHERE number > ?
            ORDER BY number LIMIT ?"""
        rows = await self._rows(statement, after, limit)
        return [Forgetting(number, time, bool(is_done)) for number, time, is_done in rows]

    async def last(self) -> int:
        statement = "SELECT coalesce(max(number), 0) FROM actum_forgettings"
        found: int = await self._file.read(lambda connection: connection.execute(statement).fetchone()[0])
        return found

    async def application_keys(self) -> list[ApplicationKey]:
        statement = "SELECT id, wrapped, time FROM actum_application_keys ORDER BY time, id"
        rows = await self._rows(statement)
        return [ApplicationKey(*row) for row in rows]

    async def add_application_key(self, key: ApplicationKey) -> None:
        statement = "INSERT OR REPLACE INTO actum_application_keys VALUES (?, ?, ?)"
        await self._file.write(
            lambda connection: connection.execute(statement, (key.id, key.wrapped, key.time))
        )

    async def remove_application_keys(self, ids: Sequence[str]) -> None:
        statement = """DELETE FROM actum_application_keys
            WHERE id = ? AND id NOT IN (SELECT under FROM actum_person_keys)"""
        await self._file.write(lambda connection: connection.executemany(statement, [(id,) for id in ids]))
        await self._file.scrub()

    async def _rows(self, statement: str, *values: object) -> list[Any]:
        return await self._file.read(lambda connection: connection.execute(statement, values).fetchall())

    async def _keys(self, statement: str, values: Sequence[str]) -> list[PersonKey]:
        def read(connection: sqlite3.Connection) -> list[Any]:
            execute: Callable[..., Any] = connection.execute
            return [row for value in values for row in execute(statement, (value,))]

        return [PersonKey(*row) for row in await self._file.read(read)]
