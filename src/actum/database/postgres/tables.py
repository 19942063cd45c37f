"""The statements of a view's table in PostgreSQL, with one array for each column, and how values go in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.dialects import postgresql

from actum.database.postgres.fence import IS_HELD
from actum.database.tables import ViewTable
from actum.model.column import Kind
from actum.model.view import ViewType

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
ARRAYS: dict[str, str] = {
    "text": "text[]",
    "integer": "bigint[]",
    "real": "double precision[]",
    "boolean": "boolean[]",
    "blob": "bytea[]",
    "time": "timestamptz[]",
    "json": "jsonb[]",
}


class PostgresTable:
    """One generation of a view: how it is made, filled, read and dropped. Every name is quoted."""

    def __init__(self, view: ViewType, generation: int) -> None:
        table = ViewTable(view, generation, DIALECT)
        self.name = table.name
        self.create = table.create
        self.create_name = table.create_name
        self.drop_name = table.drop_name
        self._view = view
        self._quote = DIALECT.identifier_preparer.quote_identifier
        self._times = [place for place, column in enumerate(view.columns) if column.kind == "time"]
        kinds: dict[str, Kind] = {column.name: column.kind for column in view.columns}
        self._key_kind = kinds[view.key]

    def __repr__(self) -> str:
        return f"<PostgresTable {self.name}>"

    @cached_property
    def select(self) -> str:
        """Reads the rows of an array of keys."""
        columns = ", ".join(self._quote(column.name) for column in self._view.columns)
        return (
            f"SELECT {columns} FROM {self._quote(self.name)} "
            f"WHERE {self._quote(self._view.key)} = ANY($1::{ARRAYS[self._key_kind]})"
        )

    def project(self, held: str) -> str:
        """Moves a checkpoint, and only then deletes an array of keys and writes rows, an array a column.

        `held` is the CTE that the fence begins with. Gives whether it let the statement through, and whether
        the checkpoint was moved, which it is not when it is no more what it was.
        """
        return f"WITH {held}, {self._project}"

    @cached_property
    def _project(self) -> str:
        names = [self._quote(column.name) for column in self._view.columns]
        key = self._quote(self._view.key)
        arrays = ", ".join(
            f"${place}::{ARRAYS[column.kind]}" for place, column in enumerate(self._view.columns, 8)
        )
        new = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
        table = self._quote(self.name)
        return f"""moved AS (
                UPDATE actum_views SET checkpoint = $3
                WHERE name = $4 AND generation = $5 AND checkpoint = $6 AND {IS_HELD} RETURNING 1
            ), gone AS (
                DELETE FROM {table} WHERE {key} = ANY($7::{ARRAYS[self._key_kind]})
                    AND EXISTS (SELECT FROM moved)
            ), written AS (
                INSERT INTO {table} ({", ".join(names)})
                SELECT * FROM unnest({arrays}) WHERE EXISTS (SELECT FROM moved)
                ON CONFLICT ({key}) DO {f"UPDATE SET {new}" if new else "NOTHING"}
            ) SELECT {IS_HELD}, EXISTS (SELECT FROM moved)"""

    def keys(self, keys: Sequence[Any]) -> list[Any]:
        """Gives keys as the driver takes them; raises Invalid for what cannot be one."""
        convert: Callable[[Any], Any] = datetime.fromisoformat if self._key_kind == "time" else _same
        return [convert(self._view.key_to_sql(key)) for key in keys]

    def columns(self, rows: Sequence[tuple[Any, ...]]) -> list[Sequence[Any]]:
        """Gives rows as an array for each column."""
        if not rows:
            return [()] * len(self._view.columns)
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place in self._times:
            columns[place] = [
                None if text is None else datetime.fromisoformat(text) for text in columns[place]
            ]
        return columns


def _same(value: Any) -> Any:
    return value
