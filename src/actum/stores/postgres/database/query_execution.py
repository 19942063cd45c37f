"""Runs a query in PostgreSQL: translates it for the existing tables, binds values, and reads its rows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec

from actum.model.rows.column import Kind, time_to_sql
from actum.model.view import MAX_NAME, ViewType
from actum.queries.tables import HIDDEN, WORDS

BEGIN = """SELECT set_config('statement_timeout', $1, true),
    (SELECT string_agg(name || ' ' || generation, ',' ORDER BY name)
        FROM actum_views WHERE is_live)"""
COLUMNS = """SELECT v.name, attname, format_type(atttypid, NULL)
    FROM actum_views v
    JOIN pg_class c ON relname = v.name || '__' || v.generation
        AND relnamespace = current_schema()::regnamespace
    JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    WHERE v.is_live ORDER BY v.name, attnum"""
KINDS = {
    "text": "text",
    "bigint": "integer",
    "double precision": "real",
    "boolean": "boolean",
    "bytea": "blob",
    "timestamp with time zone": "time",
    "jsonb": "json",
    "numeric": "decimal",
}


class QueryExecution:
    """The views of a database, known from its tables and from the classes that this process declares."""

    def __init__(self) -> None:
        self._declared: dict[str, dict[str, Kind]] = {}
        self._views: Any = None

    def learn(self, view: ViewType) -> None:
        """Registers a view's columns: their full names, and Decimals, which old tables store as text."""
        columns: dict[str, Kind] = {column.name: column.kind for column in view.columns}
        if self._declared.get(view.name) != columns:
            self._declared[view.name] = columns
            self._views = None

    async def translated(self, connection: Any, sql: str, parameters: Mapping[str, Any], longest: int) -> Any:
        """Begins a query, which may run for `longest` milliseconds, and gives it as the server reads it."""
        _, stamp = await connection.fetchrow(BEGIN, str(longest))
        views = self._views
        if views is None or views.stamp != stamp:
            views = self._views = self._read(await connection.fetch(COLUMNS), stamp)
        return _translate().translate_call(sql, parameters, views, "postgres")

    def values(self, query: Any, parameters: Mapping[str, Any]) -> list[Any]:
        """Gives the values of a translated query's parameters."""
        for_postgres = _translate().for_postgres
        return [for_postgres(parameter, parameters[parameter.name]) for parameter in query.parameters]

    def _read(self, rows: Sequence[Any], stamp: object) -> Any:
        views: dict[str, dict[str, str]] = {}
        stale, searched = set(), set()
        for view, column, written in rows:
            if column == WORDS:
                searched.add(view)
            if column.startswith(HIDDEN):
                continue
            kind = KINDS.get(written, "text")
            declared = self._declared.get(view, {})
            name = next((name for name in declared if _cut(name) == column), column)
            if kind == "text" and declared.get(name) == "decimal":
                stale.add(view)
            views.setdefault(view, {})[name] = kind
        return _translate().Views(views, frozenset(stale), stamp, frozenset(searched))


def _cut(name: str) -> str:
    """Gives as much of a name as the server stores."""
    return name.encode()[:MAX_NAME].decode(errors="ignore")


def _json(text: str) -> Any:
    """Gives a value inside JSON as SQLite does: a text or number as such, a truth value as 0 or 1."""
    value = msgspec.json.decode(text)
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, (str, int, float)) or value is None else _compact(text)


def _compact(text: str) -> str:
    return msgspec.json.encode(msgspec.json.decode(text)).decode()


def _time(value: datetime) -> str:
    return time_to_sql(value.astimezone(UTC))


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


# What SQLite would answer.
ANSWERS: dict[str, Callable[[Any], Any]] = {
    "boolean": int,
    "decimal": _decimal,
    "time": _time,
    "any": _json,
    "json": _compact,
}


def answered(rows: Sequence[Any], kinds: Sequence[str]) -> list[tuple[Any, ...]]:
    """Gives rows as SQLite would: numbers for truth values, text for times and Decimals."""
    converted = {place: ANSWERS[kind] for place, kind in enumerate(kinds) if kind in ANSWERS}
    if not converted:
        return [tuple(row) for row in rows]
    found = []
    for row in rows:
        values = list(row)
        for place, convert in converted.items():
            if values[place] is not None:
                values[place] = convert(values[place])
        found.append(tuple(values))
    return found


def _translate() -> Any:
    # Imported by name, so that the SQL parser is loaded with the first query, and not with the store.
    return import_module("actum.queries.translate")
