"""Rows of views that are set aside, in a SQLite file, and the events that wait for them."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from actum.ports.database import AsideChanges, Database, SetAside
from actum.stores.set_aside_statements import AsideStatements, digest_of
from actum.stores.sqlite.connection.file import SqliteFile

ASIDE_SCHEMA = (
    """CREATE TABLE actum_set_aside (
        view TEXT NOT NULL, generation INTEGER NOT NULL, digest TEXT NOT NULL, key TEXT NOT NULL,
        position INTEGER NOT NULL, error TEXT NOT NULL, since INTEGER NOT NULL, is_asked INTEGER NOT NULL,
        PRIMARY KEY (view, generation, digest)) WITHOUT ROWID""",
    """CREATE TABLE actum_waiting (
        view TEXT NOT NULL, generation INTEGER NOT NULL, digest TEXT NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (view, generation, digest, position)) WITHOUT ROWID""",
)
ROW = "view = ? AND generation = ? AND digest = ?"
ASIDE = AsideStatements(lambda number: f"?{number}")
LIST = """SELECT view, generation, key, position, error, since, is_asked,
        (SELECT count(*) FROM actum_waiting w
            WHERE w.view = a.view AND w.generation = a.generation AND w.digest = a.digest)
    FROM actum_set_aside a
    WHERE (:view IS NULL OR view = :view) AND (:generation IS NULL OR generation = :generation)
        AND (:is_asked IS NULL OR is_asked = :is_asked)
    ORDER BY since, view, generation, position LIMIT :limit"""


class SqliteSetAside(Database):
    """The part of the database that stores which rows are set aside."""

    _file: SqliteFile

    async def held(self, name: str, generation: int, keys: Sequence[str]) -> set[str]:
        statement = """SELECT key FROM actum_set_aside
            WHERE view = ? AND generation = ? AND digest IN (SELECT value FROM json_each(?))"""
        values = (name, generation, json.dumps([digest_of(key) for key in keys]))
        return await self._file.read(
            lambda connection: {key for (key,) in connection.execute(statement, values)}
        )

    async def set_aside(
        self,
        name: str | None = None,
        generation: int | None = None,
        *,
        is_asked: bool | None = None,
        limit: int = 100,
    ) -> list[SetAside]:
        values = {"view": name, "generation": generation, "is_asked": is_asked, "limit": limit}
        return await self._file.read(
            lambda connection: [_set_aside(row) for row in connection.execute(LIST, values)]
        )

    async def count_set_aside(self, name: str, generation: int) -> int:
        statement = "SELECT count(*) FROM actum_set_aside WHERE view = ? AND generation = ?"
        return await self._file.read(
            lambda connection: int(connection.execute(statement, (name, generation)).fetchone()[0])
        )

    async def waiting(self, name: str, generation: int, key: str, limit: int) -> list[int]:
        statement = f"SELECT position FROM actum_waiting WHERE {ROW} ORDER BY position LIMIT ?"
        values = (name, generation, digest_of(key), limit)
        return await self._file.read(
            lambda connection: [position for (position,) in connection.execute(statement, values)]
        )

    async def request_retry(self, name: str, key: str | None = None) -> int:
        statement = "UPDATE actum_set_aside SET is_asked = 1 WHERE view = ? AND (?2 IS NULL OR digest = ?2)"
        values = (name, None if key is None else digest_of(key))
        return await self._file.write(lambda connection: connection.execute(statement, values).rowcount)


def _set_aside(row: tuple[Any, ...]) -> SetAside:
    view, generation, key, position, error, since, is_asked, waiting = row
    return SetAside(view, generation, key, position, error, since, bool(is_asked), waiting)


def change_aside(connection: sqlite3.Connection, name: str, generation: int, changes: AsideChanges) -> None:
    """Writes what changes among the rows that are set aside, in the open transaction."""
    for statement, values in ASIDE.changes(name, generation, changes):
        connection.executemany(statement, values)


def drop_aside(connection: sqlite3.Connection, name: str, generation: int) -> None:
    """Removes what was set aside of a generation, in the open transaction."""
    for statement in ASIDE.drop:
        connection.execute(statement, (name, generation))
