"""Gives and takes the tables of a SQLite file as they are, when an application moves to another store."""

import sqlite3
from collections.abc import Sequence

from actum.errors import Invalid
from actum.ports.transfer import DatabaseTransfer, Row, Transfer
from actum.stores.page import within
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.statements.carried_tables import OF_DATABASE, CarriedTable, quoted

UNFIT = (sqlite3.DataError, sqlite3.InterfaceError, OverflowError, UnicodeEncodeError)
NUMBERS = "SELECT name, seq FROM sqlite_sequence"
RAISE = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = ?2"
BEGIN = "INSERT INTO sqlite_sequence (name, seq) VALUES (?2, ?1)"
BIND = "INSERT INTO actum_binding VALUES (1, ?, ?, 0, ?, 0)"


class SqliteTables(Transfer):
    """Tables of a SQLite file, by the names that they have in an export."""

    def __init__(self, file: SqliteFile, tables: Sequence[CarriedTable]) -> None:
        self._file = file
        self._tables = {table.name: table for table in tables}
        self.tables: Sequence[str] = tuple(self._tables)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._file.path}>"

    def columns(self, table: str) -> Sequence[str]:
        return tuple(self._tables[table].columns)

    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        asked = self._tables[table]
        key = quoted(asked.key)
        beyond = "" if after is None else f"WHERE ({key}) > ({','.join('?' * len(asked.key))})"
        statement = f"""SELECT {quoted(list(asked.columns))} FROM {asked.stored} {beyond}
            ORDER BY {key} LIMIT ?"""
        values = [*([] if after is None else asked.key_of(after)), limit]
        truths = asked.places([name for name, kind in asked.columns.items() if kind == "boolean"])
        large = asked.places(asked.large)

        def read(connection: sqlite3.Connection) -> list[Row]:
            return within(connection.execute(statement, values), lambda row: _size(row, large))

        found = await self._file.read(read)
        return [_with_truths(row, truths) for row in found] if truths else found

    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        asked = self._tables[table]
        asked.check(columns)
        statement = f"""INSERT INTO {asked.stored} ({quoted(columns)}) VALUES ({",".join("?" * len(columns))})
            ON CONFLICT DO NOTHING"""
        try:
            await self._file.write(lambda connection: connection.executemany(statement, rows))
        except UNFIT as error:
            raise Invalid(f"{self._file.path} cannot keep a row of {table}: {error}") from error
        return 0

    async def numbers(self) -> dict[str, int]:
        stored = {table.stored: table.name for table in self._tables.values() if table.number}
        found = await self._file.read(lambda connection: connection.execute(NUMBERS).fetchall())
        return {stored[name]: number for name, number in found if name in stored}

    async def restore_numbers(self, numbers: dict[str, int]) -> None:
        wanted = [
            (number, self._tables[name].stored) for name, number in numbers.items() if name in self._tables
        ]

        def restore(connection: sqlite3.Connection) -> None:
            for values in wanted:
                if connection.execute(RAISE, values).rowcount == 0:
                    connection.execute(BEGIN, values)

        await self._file.write(restore)


class SqliteDatabaseTransfer(SqliteTables, DatabaseTransfer):
    """The tables of a database in a SQLite file."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file, OF_DATABASE)

    async def bind_over(self, application: str, journal: str, mark: str) -> None:
        def bind(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM actum_binding")
            connection.execute(BIND, (application, journal, mark))

        await self._file.write(bind)


def _size(row: Row, large: Sequence[int]) -> int:
    return sum(len(row[place]) for place in large if row[place] is not None)


def _with_truths(row: Row, truths: Sequence[int]) -> Row:
    values = list(row)
    for place in truths:
        values[place] = bool(values[place])
    return tuple(values)
