"""Writes queries for SQLite."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from actum.model.rows.column import settled_decimal
from actum.model.rows.words import AskedWord
from actum.queries.dialect import Dialect
from actum.queries.index_queries import fts5_query
from actum.queries.sql.kinds import QueryKind, Typed
from actum.queries.tables import WORDS, quote
from actum.stores.sqlite.database.tables import ROW, search_name
from actum.stores.sqlite.decimals import encode

TYPES: dict[QueryKind, str] = {"integer": "INTEGER", "real": "REAL", "text": "TEXT", "blob": "BLOB"}
OVERFLOW = "abs(-9223372036854775807 - 1)"
"""SQL that raises the error: integer overflow."""
DECIMALS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
Write = Callable[..., str]
CALLS: dict[str, Write] = {
    "decimal_abs": "actum_decimal_abs({})".format,
    "decimal_round": "actum_decimal_round({}, {})".format,
    "round": "actum_round({}, {})".format,
    "json_member": "({} -> {})".format,
    "date": "substr({}, 1, 10)".format,
    "time": "substr({}, 12, 8)".format,
    "datetime": "(substr({0}, 1, 10) || ' ' || substr({0}, 12, 8))".format,
    "unixepoch": "CAST(strftime('%s', {}) AS INTEGER)".format,
    "strftime": "strftime({1}, {0})".format,
    "ceil": "ceil({})".format,
    "number_in": "CASE WHEN typeof({0}) IN ('integer', 'real') THEN CAST({0} AS REAL) END".format,
    "repeat": "replace(hex(zeroblob(max({1}, 0))), '00', {0})".format,
}


CONVERSIONS: dict[tuple[QueryKind, QueryKind], Write] = {
    ("decimal", "text"): "actum_decimal_text({})".format,
    ("decimal", "real"): "actum_decimal_real({})".format,
    ("decimal", "integer"): "actum_decimal_integer({})".format,
    ("boolean", "decimal"): "actum_decimal({})".format,
    ("integer", "decimal"): "actum_decimal({})".format,
    ("real", "decimal"): "actum_decimal({})".format,
    ("boolean", "integer"): "{}".format,
    ("any", "integer"): CALLS["number_in"],
    ("any", "real"): CALLS["number_in"],
    ("time", "text"): "{}".format,
    ("json", "text"): "{}".format,
}


class SqliteDialect(Dialect):
    """SQLite, with Decimals as text that compares by value."""

    name = "sqlite"

    def null(self, kind: QueryKind) -> str:
        return "NULL"

    def integer(self, value: int) -> str:
        return str(value) if value > -(2**63) else "(-9223372036854775807 - 1)"

    def real(self, value: float) -> str:
        text = repr(value)
        return {"inf": "9e999", "-inf": "-9e999"}.get(text, text)

    def decimal(self, value: Decimal) -> str:
        return self.text(encode(settled_decimal(value)))

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def time(self, value: str) -> str:
        return self.text(value)

    def blob(self, hexadecimal: str) -> str:
        return f"x'{hexadecimal}'"

    def boolean(self, *, value: bool) -> str:
        return str(int(value))

    def parameter(self, name: str, kind: QueryKind, *, is_list: bool) -> str:
        return f":{name}"

    def convert(self, value: Typed, kind: QueryKind) -> str:
        if value.kind == "null":
            return "NULL"
        if kind == "boolean":
            return f"({value.sql} <> 0)"
        write = CONVERSIONS.get((value.kind, kind))
        return f"CAST({value.sql} AS {TYPES[kind]})" if write is None else write(value.sql)

    def compared(self, value: Typed) -> str:
        return f"{value.sql} COLLATE RTRIM" if value.kind == "decimal" else value.sql

    def grouped(self, value: Typed) -> str:
        return self.compared(value)

    def selected(self, value: Typed) -> str:
        return self.compared(value)

    def whole(self, value: str) -> str:
        return value

    def closed(self, value: Typed) -> str:
        if value.kind == "real":
            return f"CASE abs({value.sql}) WHEN 9e999 THEN {OVERFLOW} ELSE {value.sql} END"
        return f"CASE typeof({value.sql}) WHEN 'real' THEN {OVERFLOW} ELSE {value.sql} END"

    def arithmetic(self, operator: str, one: str, other: str, kind: QueryKind) -> str:
        if kind == "decimal":
            return f"actum_decimal_{DECIMALS[operator]}({one}, {other})"
        return f"({one} {operator} {other})"

    def negated(self, value: Typed) -> str:
        return f"actum_decimal_negated({value.sql})" if value.kind == "decimal" else f"(- {value.sql})"

    def same(self, one: str, other: str, *, is_same: bool) -> str:
        return f"({one} {'IS' if is_same else 'IS NOT'} {other})"

    def among(self, value: str, values: str, kind: QueryKind) -> str:
        return f"({value} IN (SELECT value FROM json_each({values})))"

    def like(self, value: str, pattern: str, escape: str | None) -> str:
        return f"({value} LIKE {pattern}{f' ESCAPE {escape}' if escape else ''})"

    def words(self, words: Sequence[AskedWord]) -> str:
        return self.text(fts5_query(words))

    def needles(self, words: Sequence[AskedWord]) -> str:
        return self.text(msgspec.json.encode([one.needle for one in words]).decode())

    def matches(self, alias: str, view: str, words: str) -> str:
        row, index = f"{quote(alias)}.{quote(ROW)}", quote(search_name(view))
        return f'({row} IS NOT NULL AND {row} IN (SELECT "row" FROM {index} WHERE "words" MATCH {words}))'

    def has_words(self, alias: str) -> str:
        return f"({quote(alias)}.{quote(ROW)} IS NOT NULL)"

    def relevance(self, alias: str, needles: str) -> str:
        words, needle = f"{quote(alias)}.{quote(WORDS)}", '"$needles"."value"'
        behind = f"SELECT substr({words}, instr({words}, {needle})) AS rest"
        rows = f'{behind} FROM json_each({needles}) AS "$needles" WHERE instr({words}, {needle}) > 0'
        weight = "CAST(substr(rest, instr(rest, ':') + 1, 8) AS INTEGER)"
        return f"coalesce((SELECT sum({weight}) FROM ({rows})), 0)"

    def call(self, name: str, arguments: Sequence[str]) -> str:
        write = CALLS.get(name)
        return f"{name}({', '.join(arguments)})" if write is None else write(*arguments)

    def aggregate(self, name: str, value: Typed | None, tail: str, *, is_distinct: bool) -> str:
        if value is None:
            return f"count(*){tail}"
        if value.kind == "decimal" and name in ("sum", "avg"):
            name = f"actum_decimal_{name}"
        return f"{name}({'DISTINCT ' if is_distinct else ''}{self.compared(value)}){tail}"

    def joined(self, value: str, separator: str | None, tail: str) -> str:
        return f"group_concat({value}{'' if separator is None else f', {separator}'}){tail}"

    def array(self, value: str, tail: str) -> str:
        return f"json_group_array({value}){tail}"

    def limit(self, limit: Typed | None, offset: Typed | None) -> str:
        if limit is None:
            return ""
        return f" LIMIT {limit.sql}" + (f" OFFSET {offset.sql}" if offset else "")

    def each(self, document: str, alias: str) -> str:
        return f"json_each({document}) AS {alias}"

    def compound(self, left: str, operator: str, right: str) -> str:
        return f"{left} {operator} {right}"
