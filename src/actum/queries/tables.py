"""The SQL of a view's table: how a generation is created, filled, read and dropped, in any dialect."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from actum.model.rows.column import Kind
from actum.model.view import ViewType

Types = Mapping[Kind, str]
HIDDEN = "$"
"""Begins the names of columns that no query sees; no field has such a name."""
WORDS = "$words"
"""The column with the words of a row, in a view that can be searched."""


class ViewTable:
    """One generation's table `NAME__GENERATION`, and its statements with positional parameters.

    `types` holds the dialect's type for each kind of column; columns of the kinds in `not_indexed` may hold
    values that are too large for an index. Values come in the order of the view's stored columns, then the
    words of a view that can be searched, row after row. Every name is quoted.
    """

    def __init__(
        self, view: ViewType, generation: int, types: Types, *, not_indexed: Kind | None = None
    ) -> None:
        self.name: str = table_name(view.name, generation)
        self.view = view
        self._keys = [quote(name) for name in view.key_columns.names]
        self._key = ", ".join(self._keys)
        self._types = types
        left_out = {column.name for column in view.columns if column.kind == not_indexed}
        indexes = [[name for name in index if name not in left_out] for index in view.indexes]
        self._indexes = [index for index in indexes if index]
        self._table = quote(self.name)
        self._names = [quote(column.name) for column in view.stored_columns]
        self._written = [*self._names, quote(WORDS)] if view.searched is not None else self._names
        self.width: int = len(self._written)
        self._statements: dict[tuple[str, int], str] = {}

    def __repr__(self) -> str:
        return f"<ViewTable {self.name}>"

    @cached_property
    def create(self) -> list[str]:
        """The statements that create the table and its indexes."""
        columns = self._row_columns() + [
            f"{quote(column.name)} {self._types[column.kind]}"
            f"{'' if column.is_nullable and column.name not in self.view.key_columns.names else ' NOT NULL'}"
            for column in self.view.stored_columns
        ]
        if self.view.searched is not None:
            columns.append(f"{quote(WORDS)} {self._types['text']} NOT NULL")
        table = f"CREATE TABLE {self._table} ({', '.join(columns)}, {self._keyed()})"
        indexes = [self._index(place, index) for place, index in enumerate(self._indexes, 1)]
        return [table, *indexes, *(self._search_index() if self.view.searched is not None else ())]

    @property
    def create_names(self) -> list[str]:
        """The statements that let queries find this table under the view's own name."""
        shown = [quote(column.name) for column in self.view.columns]
        if self.view.searched is not None:
            shown += self._search_columns()
        return [f"CREATE VIEW {quote(self.view.name)} AS {self._select(shown)}"]

    @property
    def drop_names(self) -> list[str]:
        """The statements that free the view's own name."""
        return [f"DROP VIEW IF EXISTS {quote(self.view.name)}"]

    def _keyed(self) -> str:
        """What makes the key of a row its own."""
        return f"PRIMARY KEY ({self._key})"

    def _row_columns(self) -> list[str]:
        """The columns before those of the view."""
        return []

    def _search_index(self) -> list[str]:
        """The statements that create the index of words."""
        raise NotImplementedError

    def _search_columns(self) -> list[str]:
        """The columns that a query needs in order to search, beside those of the view."""
        return [quote(WORDS)]

    def upsert(self, count: int) -> str:
        """Writes `count` whole rows; a row whose key exists already is replaced."""
        return self._cached("upsert", count)

    def select(self, count: int) -> str:
        """Reads the rows of `count` keys; each gives as many values as the key has columns."""
        return self._cached("select", count)

    def delete(self, count: int) -> str:
        """Deletes the rows of `count` keys, given as for `select`."""
        return self._cached("delete", count)

    @cached_property
    def on_conflict(self) -> str:
        """The end of an INSERT that replaces a row whose key exists already."""
        new = ", ".join(f"{name} = excluded.{name}" for name in self._written if name not in self._keys)
        return f"ON CONFLICT ({self._key}) DO {f'UPDATE SET {new}' if new else 'NOTHING'}"

    def _index(self, place: int, columns: Sequence[str]) -> str:
        name = quote(f"{self.name}__{place}")
        return f"CREATE INDEX {name} ON {self._table} ({', '.join(map(quote, columns))})"

    def _select(self, names: Sequence[str]) -> str:
        return f"SELECT {', '.join(names)} FROM {self._table}"

    def _cached(self, what: str, count: int) -> str:
        statement = self._statements.get((what, count))
        if statement is None:
            statement = self._statements[what, count] = self._build(what, count)
        return statement

    def _build(self, what: str, count: int) -> str:
        if what == "upsert":
            row = f"({', '.join('?' * self.width)})"
            into = f"INSERT INTO {self._table} ({', '.join(self._written)})"
            return f"{into} VALUES {', '.join([row] * count)} {self.on_conflict}"
        begin = self._select(self._names) if what == "select" else f"DELETE FROM {self._table}"
        if len(self._keys) == 1:
            return f"{begin} WHERE {self._key} IN ({', '.join('?' * count)})"
        # SQLite finds no index for `(a, b) IN (VALUES …)`.
        key = f"({' AND '.join(f'{name} = ?' for name in self._keys)})"
        return f"{begin} WHERE {' OR '.join([key] * count)}"


def table_name(view: str, generation: int) -> str:
    """Returns the physical name of a generation."""
    return f"{view}__{generation}"


def quote(name: str) -> str:
    """Quotes a name, so that it is valid in either dialect even if it is a keyword."""
    return '"' + name.replace('"', '""') + '"'


def chunks(values: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    """Cuts values into pieces of the given sizes, largest first, so that few statements serve any number."""
    pieces: list[Sequence[Any]] = []
    start = 0
    for size in sizes:
        while len(values) - start >= size:
            pieces.append(values[start : start + size])
            start += size
    return pieces
