"""Runs a query in SQLite: translates it for the existing tables, binds values, and reads its rows."""

import sqlite3
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from actum.model.view import ViewType
from actum.queries.tables import HIDDEN, WORDS
from actum.stores.sqlite.decimals import decode, register

COLUMNS = """SELECT v.name, c.name, c.type
    FROM actum_views v, pragma_table_info(v.name || '__' || v.generation) c
    WHERE v.is_live ORDER BY v.name, c.cid"""
MAX_READING = 1_000
KINDS = {
    "TEXT": "text",
    "INTEGER": "integer",
    "DOUBLE": "real",
    "BOOLEAN": "boolean",
    "BLOB": "blob",
    "TIMESTAMP_TEXT": "time",
    "JSON_TEXT": "json",
    "DECIMAL_TEXT": "decimal",
}


class QueryExecution:
    """The views of a file, known from its tables and from the classes that this process declares."""

    def __init__(self) -> None:
        self._declared: dict[str, dict[str, str]] = {}
        self._views: Any = None
        self._reading: set[str] = set()

    def learn(self, view: ViewType) -> None:
        """Registers the kinds of a view's columns, which old tables do not tell."""
        self._declared = {**self._declared, view.name: {column.name: column.kind for column in view.columns}}

    def translated(self, connection: sqlite3.Connection, sql: str, parameters: Mapping[str, Any]) -> Any:
        """Gives a query translated for SQLite."""
        views = self._current(connection)
        return _translate().translate_call(sql, parameters, views, "sqlite")

    def execute(self, cursor: sqlite3.Cursor, sql: str, values: dict[str, Any]) -> None:
        """Runs a translated query; registers the functions that it calls on its connection."""
        try:
            cursor.execute(sql, values)
        except sqlite3.OperationalError as error:
            if not str(error).startswith("no such function: actum_"):
                raise
            register(cursor.connection)
            cursor.execute(sql, values)

    def is_known_to_read(self, sql: str) -> bool:
        """Says whether a translated query has already run on a read-only connection."""
        return sql in self._reading

    def note_as_reading(self, sql: str) -> None:
        """Records that a translated query ran on a read-only connection."""
        if len(self._reading) >= MAX_READING:
            self._reading.clear()
        self._reading.add(sql)

    def values(self, query: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Gives the values of a translated query's parameters."""
        for_sqlite = _translate().for_sqlite
        return {
            f"p{place}": for_sqlite(parameter, parameters[parameter.name])
            for place, parameter in enumerate(query.parameters, 1)
        }

    def answered(self, query: Any, rows: list[Any]) -> list[tuple[Any, ...]]:
        """Gives rows with their Decimals as digits."""
        if "decimal" not in query.kinds:
            return rows
        places = [place for place, kind in enumerate(query.kinds) if kind == "decimal"]
        found = []
        for row in rows:
            values = list(row)
            for place in places:
                if values[place] is not None:
                    values[place] = f"{decode(values[place]):f}"
            found.append(tuple(values))
        return found

    def _current(self, connection: sqlite3.Connection) -> Any:
        declared = self._declared
        stamp = (connection.execute("PRAGMA schema_version").fetchone()[0], id(declared))
        views = self._views
        if views is None or views.stamp != stamp:
            views = self._views = self._read(connection, declared, stamp)
        return views

    def _read(
        self, connection: sqlite3.Connection, declared: dict[str, dict[str, str]], stamp: object
    ) -> Any:
        views: dict[str, dict[str, str]] = {}
        stale, searched = set(), set()
        for view, column, written in connection.execute(COLUMNS):
            if column.startswith(HIDDEN):
                searched |= {view} if column == WORDS else set()
                continue
            kind = KINDS.get(written, "text")
            known = declared.get(view, {}).get(column)
            if kind == "text" and known in ("time", "json"):
                kind = known
            if kind == "text" and known == "decimal":
                stale.add(view)
            views.setdefault(view, {})[column] = kind
        return _translate().Views(views, frozenset(stale), stamp, frozenset(searched))


@cache
def _translate() -> Any:
    # Imported by name, so that the SQL parser is loaded with the first query, and not with the store.
    return import_module("actum.queries.translate")
