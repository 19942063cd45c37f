"""The statements for a view's table in PostgreSQL, with one array for each column, and its values."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from actum.model.rows.column import Kind
from actum.model.view import ViewType
from actum.queries.tables import WORDS, ViewTable, quote
from actum.stores.postgres.database.fence import IS_HELD
from actum.stores.postgres.dialect import lexemes

# Text is sorted by code points, so that a query gives the same answer on every database.
COLLATED = ' COLLATE "C"'
TYPES: dict[Kind, str] = {
    "text": 'text COLLATE "C"',
    "integer": "bigint",
    "real": "double precision",
    "boolean": "boolean",
    "blob": "bytea",
    "time": "timestamptz",
    "json": "jsonb",
    "decimal": "numeric",
}
ARRAYS = {kind: f"{name.removesuffix(COLLATED)}[]" for kind, name in TYPES.items()}

Convert = Callable[[Any], Any]
READ: dict[str, Convert] = {"time": datetime.fromisoformat, "decimal": Decimal}


class SearchableTable(ViewTable):
    """A table with an index of words, if its view can be searched."""

    def _search_index(self) -> list[str]:
        name = quote(f"{self.name}__search")
        return [f"CREATE INDEX {name} ON {self._table} USING gin ({lexemes(quote(WORDS))})"]


class PostgresTable:
    """The statements that create, fill, read and drop one generation of a view. Every name is quoted."""

    def __init__(self, view: ViewType, generation: int) -> None:
        table = SearchableTable(view, generation, TYPES, not_indexed="json")
        self.name: str = table.name
        self.create: list[str] = table.create
        self.names: list[str] = [*table.drop_names, *table.create_names]
        self._view = view
        self._columns = view.stored_columns
        self._on_conflict = table.on_conflict
        self._read: list[tuple[int, Convert]] = [
            (place, READ[column.kind]) for place, column in enumerate(self._columns) if column.kind in READ
        ]
        self._decimals = [place for place, column in enumerate(self._columns) if column.kind == "decimal"]
        self._keys = view.key_columns.columns
        self._written = [(quote(column.name), ARRAYS[column.kind]) for column in self._columns]
        if view.searched is not None:
            self._written.append((quote(WORDS), ARRAYS["text"]))

    def __repr__(self) -> str:
        return f"<PostgresTable {self.name}>"

    @cached_property
    def select(self) -> str:
        """Reads the rows of keys, given as an array for each column of the key."""
        columns = ", ".join(quote(column.name) for column in self._columns)
        return f"SELECT {columns} FROM {quote(self.name)} WHERE {self._has_key(1)}"

    def project(self, held: str) -> str:
        """Moves a checkpoint and, if that succeeds, deletes keys and writes rows, given as an array a column.

        `held` is the CTE that the fence begins with. Gives whether it let the statement through, and whether
        the checkpoint was moved, which it is not when it is no more what it was.
        """
        return f"WITH {held}, {self._project}"

    @cached_property
    def _project(self) -> str:
        names, arrays = self._arrays(7 + len(self._keys))
        table = quote(self.name)
        return f"""moved AS (
                UPDATE actum_views SET checkpoint = $3
                WHERE name = $4 AND generation = $5 AND checkpoint = $6 AND {IS_HELD} RETURNING 1
            ), gone AS (
                DELETE FROM {table} WHERE {self._has_key(7)} AND EXISTS (SELECT FROM moved)
            ), written AS (
                INSERT INTO {table} ({names})
                SELECT * FROM unnest({arrays}) WHERE EXISTS (SELECT FROM moved)
                {self._on_conflict}
            ) SELECT {IS_HELD}, EXISTS (SELECT FROM moved)"""

    @cached_property
    def insert(self) -> str:
        """Writes rows, given as an array a column, in place of those with the same keys."""
        names, arrays = self._arrays(1)
        return f"INSERT INTO {quote(self.name)} ({names}) SELECT * FROM unnest({arrays}) {self._on_conflict}"

    def _arrays(self, first: int) -> tuple[str, str]:
        """The columns that are written, and their arrays, the parameters from number `first` on."""
        names = ", ".join(name for name, _ in self._written)
        return names, ", ".join(f"${place}::{kind}" for place, (_, kind) in enumerate(self._written, first))

    def _has_key(self, first: int) -> str:
        """The condition for rows of given keys, whose arrays are the parameters from number `first` on."""
        names = ", ".join(quote(column.name) for column in self._keys)
        arrays = ", ".join(f"${place}::{ARRAYS[one.kind]}" for place, one in enumerate(self._keys, first))
        if len(self._keys) == 1:
            return f"{names} = ANY({arrays})"
        return f"({names}) IN (SELECT * FROM unnest({arrays}))"

    def keys(self, keys: Sequence[Any]) -> list[list[Any]]:
        """Gives keys as an array for each of their columns; raises Invalid for what cannot be one."""
        found = [self._view.key_to_sql(key) for key in keys]
        parts = (
            [found]
            if len(self._keys) == 1
            else [[key[place] for key in found] for place in range(len(self._keys))]
        )
        return [
            [READ[column.kind](text) for text in part] if column.kind in READ else part
            for column, part in zip(self._keys, parts, strict=True)
        ]

    def columns(self, rows: Sequence[tuple[Any, ...]]) -> list[Sequence[Any]]:
        """Gives rows as an array for each column."""
        if not rows:
            return [()] * len(self._written)
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, convert in self._read:
            columns[place] = [None if text is None else convert(text) for text in columns[place]]
        return columns

    def rows(self, found: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Gives rows as a view's columns have them."""
        if not self._decimals:
            return [tuple(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place in self._decimals:
                if values[place] is not None:
                    values[place] = f"{values[place]:f}"
            rows.append(tuple(values))
        return rows
