"""Gives and takes the tables of a PostgreSQL database as they are, when an application moves."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from actum.errors import Invalid
from actum.ports.transfer import DatabaseTransfer, Row, Transfer
from actum.stores.postgres.connection.order import Order
from actum.stores.postgres.connection.page import page_of
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.statements.carried_tables import OF_DATABASE, SLICES, CarriedTable, quoted

MISFITS = (asyncpg.DataError, asyncpg.UntranslatableCharacterError, OverflowError, UnicodeEncodeError)
MESSAGES = "messages"
"""Their numbers have an order of their own."""
ORDER = Order("actum_queues")
HIGHEST_MESSAGE = f"SELECT {ORDER.base}"
RAISE_MESSAGES = ORDER.beyond
SEQUENCE = "pg_get_serial_sequence('{table}', '{column}')::regclass"
HIGHEST = f"SELECT coalesce(pg_sequence_last_value({SEQUENCE}), 0)"
RAISE = f"SELECT setval({SEQUENCE}, greatest($1::bigint, coalesce(pg_sequence_last_value({SEQUENCE}), 1)))"
BIND = """INSERT INTO actum_binding (application, journal, position, mark, allowance)
    VALUES ($1, $2, 0, $3, 0)"""


class PostgresTables(Transfer):
    """Tables of a PostgreSQL database, by the names that they have in an export."""

    def __init__(self, pool: PostgresPool, tables: Sequence[CarriedTable]) -> None:
        self._pool = pool
        self._tables: Mapping[str, CarriedTable] = {table.name: table for table in tables}
        self.tables: Sequence[str] = tuple(self._tables)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._pool.name}>"

    def columns(self, table: str) -> Sequence[str]:
        return tuple(self._tables[table].columns)

    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        asked = self._tables[table]
        key = quoted(asked.key)
        places = ", ".join(f"${number}::{asked.columns[name]}" for number, name in enumerate(asked.key, 2))
        beyond = "" if after is None else f"WHERE ({key}) > ({places})"
        columns = quoted(list(asked.columns))
        size = " + ".join(f'coalesce(octet_length("{name}"), 0)' for name in asked.large) or "0"
        statement = page_of(
            f"SELECT {columns} FROM {asked.stored} {beyond} ORDER BY {key} LIMIT $1", columns, size
        )
        rows = await self._pool.fetch(statement, limit, *([] if after is None else asked.key_of(after)))
        return [tuple(row) for row in rows]

    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        asked = self._tables[table]
        asked.check(columns)
        arrays = ", ".join(f"${number}::{asked.columns[name]}[]" for number, name in enumerate(columns, 1))
        statement = f"""INSERT INTO {asked.stored} ({quoted(columns)}) OVERRIDING SYSTEM VALUE
            SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"""
        try:
            await self._pool.fetch(statement, *zip(*rows, strict=True))
        except MISFITS as error:
            raise Invalid(f"{self._pool.name} cannot keep a row of {table}: {error}") from error
        return 0

    async def numbers(self) -> dict[str, int]:
        return {
            table.name: int(await self._pool.fetchval(_numbered(HIGHEST, table, HIGHEST_MESSAGE)))
            for table in self._tables.values()
            if table.number
        }

    async def restore_numbers(self, numbers: dict[str, int]) -> None:
        for name, number in numbers.items():
            if name in self._tables and number:
                await self._pool.fetch(_numbered(RAISE, self._tables[name], RAISE_MESSAGES), number)


class PostgresDatabaseTransfer(PostgresTables, DatabaseTransfer):
    """The tables of a database in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool, (*OF_DATABASE, SLICES))

    async def bind_over(self, application: str, journal: str, mark: str) -> None:
        async with self._pool.transaction() as connection:
            await connection.execute("DELETE FROM actum_binding")
            await connection.execute(BIND, application, journal, mark)


def _numbered(statement: str, table: CarriedTable, of_messages: str) -> str:
    """Gives the statement for the table that numbers its rows."""
    if table.name == MESSAGES:
        return of_messages
    return statement.format(table=table.stored, column=table.number)


def text_of(numbers: Sequence[int]) -> str:
    """Gives numbers as the text of an array, which the driver sends faster than an array."""
    return f"{{{','.join(map(str, numbers))}}}"


def columns_of(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Gives rows as an array for each of `width` columns."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
