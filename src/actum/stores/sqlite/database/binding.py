"""The application and the journal that a SQLite file belongs to."""

import sqlite3
from typing import Any

import msgspec

from actum.model.deadlines.deadline import CHECKPOINT, PREFIX
from actum.model.deadlines.expiry import EXPIRY
from actum.ports.database import Binding, Database
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.tables import drop_names
from actum.stores.sqlite.database.views import drop_generation

BINDING_SCHEMA = (
    """CREATE TABLE actum_binding (
        one INTEGER PRIMARY KEY CHECK (one = 1), application TEXT NOT NULL, journal TEXT NOT NULL,
        position INTEGER NOT NULL, mark TEXT NOT NULL, allowance INTEGER NOT NULL)""",
)
BINDING = "SELECT application, journal, position, mark, allowance FROM actum_binding"
BIND = "INSERT OR IGNORE INTO actum_binding VALUES (1, ?, ?, ?, ?, ?)"
REACHED = """SELECT max(position) FROM (SELECT coalesce(max(checkpoint), 0) AS position FROM actum_views
    UNION ALL SELECT coalesce(max(position), 0) FROM actum_checkpoints)"""
OF_EVENTS = "NOT instr(action, '@queue:') AND action <> 'timers'"


class SqliteBinding(Database):
    """The part of the database that stores its binding."""

    _file: SqliteFile

    async def binding(self) -> Binding | None:
        return await self._file.read(_binding)

    async def bind(self, binding: Binding) -> Binding:
        def bind(connection: sqlite3.Connection) -> Binding:
            connection.execute(BIND, msgspec.structs.astuple(binding))
            return _binding(connection) or binding

        return await self._file.write(bind)

    async def record_position(self, position: int, mark: str) -> None:
        statement = "UPDATE actum_binding SET position = ?1, mark = ?2 WHERE position <= ?1"
        await self._file.write(lambda connection: connection.execute(statement, (position, mark)))

    async def reached(self) -> int:
        found: int = await self._file.read(lambda connection: connection.execute(REACHED).fetchone()[0])
        return found

    async def start_over(self, binding: Binding, last: int, *, is_other: bool) -> None:
        def start_over(connection: sqlite3.Connection) -> None:
            for name, generation in connection.execute("SELECT name, generation FROM actum_views").fetchall():
                for statement in drop_names(name):
                    connection.execute(statement)
                drop_generation(connection, name, generation)
            for statement, values in _statements(last, is_other=is_other):
                connection.execute(statement, values)
            connection.execute("DELETE FROM actum_binding")
            connection.execute(BIND, msgspec.structs.astuple(binding))

        await self._file.write(start_over)


def _binding(connection: sqlite3.Connection) -> Binding | None:
    row = connection.execute(BINDING).fetchone()
    return Binding(*row) if row else None


def _statements(last: int, *, is_other: bool) -> list[tuple[str, tuple[Any, ...]]]:
    from_position = 0 if is_other else last
    return [
        ("UPDATE actum_checkpoints SET position = ?1 WHERE ?2 OR position > ?1", (last, is_other)),
        (f"DELETE FROM actum_letters WHERE {OF_EVENTS} AND position > ?", (from_position,)),
        ("DELETE FROM actum_erasures WHERE position > ?", (from_position,)),
        ("DELETE FROM actum_rebuilds", ()),
        ("UPDATE actum_checkpoints SET position = 0 WHERE action = ?", (CHECKPOINT,)),
        ("DELETE FROM actum_timers WHERE substr(name, 1, ?) = ?", (len(PREFIX), PREFIX)),
        ("DELETE FROM actum_triggers WHERE action = ?", (EXPIRY,)),
    ]
