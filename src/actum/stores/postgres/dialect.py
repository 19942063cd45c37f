"""Writes queries for PostgreSQL, with the same meaning as in SQLite."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from actum.model.rows.words import AskedWord
from actum.queries.dialect import Dialect
from actum.queries.index_queries import tsquery
from actum.queries.sql.kinds import QueryKind, Typed
from actum.queries.tables import WORDS, quote

TYPES: dict[QueryKind, str] = {
    "null": "text",
    "boolean": "boolean",
    "integer": "bigint",
    "real": "float8",
    "decimal": "numeric",
    "text": "text",
    "time": "timestamptz",
    "blob": "bytea",
    "json": "jsonb",
    "any": "jsonb",
}
COLLATE = ' COLLATE "C"'
Write = Callable[..., str]
CONVERSIONS: dict[tuple[QueryKind, QueryKind], Write] = {
    ("real", "integer"): "actum_real_integer({})".format,
    ("real", "text"): "actum_real_text({})".format,
    ("real", "decimal"): "({})::text::numeric".format,
    ("decimal", "integer"): "actum_decimal_integer({})".format,
    ("boolean", "integer"): "({})::int::bigint".format,
    ("boolean", "real"): "({})::int::float8".format,
    ("boolean", "decimal"): "({})::int::numeric".format,
    ("boolean", "text"): "({})::int::text".format,
    ("text", "integer"): "actum_text_integer({})".format,
    ("text", "real"): "actum_text_real({})".format,
    ("time", "text"): "actum_time_text({})".format,
    ("any", "text"): "actum_json_text({})".format,
    ("any", "integer"): "actum_json_real({})".format,
    ("any", "real"): "actum_json_real({})".format,
}
CALLS: dict[str, Write] = {
    "decimal_abs": "abs({})".format,
    "decimal_round": "actum_decimal_round({}, {})".format,
    "round": "actum_round({}, {})".format,
    "date": "left(actum_time_text({}), 10)".format,
    "time": "substr(actum_time_text({}), 12, 8)".format,
    "datetime": "replace(left(actum_time_text({}), 19), 'T', ' ')".format,
    "unixepoch": "floor(extract(epoch FROM {}))::bigint".format,
    "strftime": "actum_strftime({0}, {1})".format,
    "ceil": "ceil({})".format,
    "floor": "floor({})".format,
    "sqrt": "CASE WHEN {0} >= 0 THEN sqrt({0}) END".format,
    "sign": "sign({})::bigint".format,
    "abs": "abs({})".format,
    "length": "length({})::bigint".format,
    "bytes": "octet_length({})::bigint".format,
    "instr": "strpos({}, {})::bigint".format,
    "upper": ("upper({}" + COLLATE + ")").format,
    "lower": ("lower({}" + COLLATE + ")").format,
    "trim": "btrim({}, {})".format,
    "ltrim": "ltrim({}, {})".format,
    "rtrim": "rtrim({}, {})".format,
    "replace": "replace({}, {}, {})".format,
    "hex": "upper(encode({}, 'hex'))".format,
    "unicode": "nullif(ascii({}), 0)::bigint".format,
    "random": "((random() - 0.5) * 18446744073709549568)::bigint".format,
    "glob": "actum_glob({}, {})".format,
    "substr": lambda *arguments: f"actum_substr({', '.join(arguments)})",
    "json_array_length": "actum_json_length({})".format,
    "json_extract": "actum_json_extract({}, {})".format,
    "repeat": "repeat({}, LEAST(GREATEST(coalesce({}, 0), 0), 2000000000)::int)".format,
}


def lexemes(words: str) -> str:
    """Writes the words of a row as a tsvector, which an index is made of."""
    return f"actum_words({words})"


def _words_of(alias: str) -> str:
    return f"{quote(alias)}.{quote(WORDS)}"


class PostgresDialect(Dialect):
    """PostgreSQL, with the functions that the steps of the schema created."""

    name = "postgres"

    def null(self, kind: QueryKind) -> str:
        return f"NULL::{TYPES[kind]}"

    def integer(self, value: int) -> str:
        return f"'{value}'::bigint" if value < 0 else f"{value}::bigint"

    def real(self, value: float) -> str:
        return f"'{value!r}'::float8"

    def decimal(self, value: Decimal) -> str:
        return f"'{value:f}'::numeric"

    def text(self, value: str) -> str:
        written = value.replace("'", "''")
        return f"'{written}'::text"

    def time(self, value: str) -> str:
        return f"'{value}'::timestamptz"

    def blob(self, hexadecimal: str) -> str:
        return f"'\\x{hexadecimal}'::bytea"

    def boolean(self, *, value: bool) -> str:
        return "TRUE" if value else "FALSE"

    def parameter(self, name: str, kind: QueryKind, *, is_list: bool) -> str:
        return f"{name}::{TYPES[kind]}{'[]' if is_list else ''}"

    def convert(self, value: Typed, kind: QueryKind) -> str:
        if value.kind == "null":
            return self.null(kind)
        if kind == "boolean":
            return f"({value.sql} <> 0)"
        write = CONVERSIONS.get((value.kind, kind))
        return f"({value.sql})::{TYPES[kind]}" if write is None else write(value.sql)

    def compared(self, value: Typed) -> str:
        if value.kind == "text" and not value.is_column:
            return f"({value.sql}{COLLATE})"
        return value.sql

    def grouped(self, value: Typed) -> str:
        return value.sql

    def selected(self, value: Typed) -> str:
        return f"({value.sql}){COLLATE}" if value.kind == "text" else value.sql

    def whole(self, value: str) -> str:
        return f"({value})::int"

    def closed(self, value: Typed) -> str:
        return value.sql

    def arithmetic(self, operator: str, one: str, other: str, kind: QueryKind) -> str:
        if operator == "/" and kind == "decimal":
            return f"actum_divide({one}, {other})"
        if operator in "/%":
            return f"({one} {operator} nullif({other}, 0))"
        return f"({one} {operator} {other})"

    def negated(self, value: Typed) -> str:
        return f"(- {value.sql})"

    def same(self, one: str, other: str, *, is_same: bool) -> str:
        return f"({one} IS {'NOT ' if is_same else ''}DISTINCT FROM {other})"

    def among(self, value: str, values: str, kind: QueryKind) -> str:
        return f"({value} = ANY({values}))"

    def like(self, value: str, pattern: str, escape: str | None) -> str:
        return f"({value}{COLLATE} ILIKE {pattern} ESCAPE {escape or repr('')})"

    def words(self, words: Sequence[AskedWord]) -> str:
        return self.text(tsquery(words))

    def needles(self, words: Sequence[AskedWord]) -> str:
        return f"ARRAY[{', '.join(self.text(one.needle) for one in words)}]"

    def matches(self, alias: str, view: str, words: str) -> str:
        return f"({self.has_words(alias)} AND {lexemes(_words_of(alias))} @@ ({words})::tsquery)"

    def has_words(self, alias: str) -> str:
        return f"({_words_of(alias)} IS NOT NULL)"

    def relevance(self, alias: str, needles: str) -> str:
        words, needle = _words_of(alias), '"$needles"."needle"'
        behind = f"SELECT substr({words}, strpos({words}, {needle})) AS rest"
        rows = f'{behind} FROM unnest({needles}) AS "$needles"("needle") WHERE strpos({words}, {needle}) > 0'
        weight = "split_part(substr(rest, strpos(rest, ':') + 1, 8), ' ', 1)::bigint"
        return f'coalesce((SELECT sum({weight}) FROM ({rows}) AS "$found"), 0)::bigint'

    def call(self, name: str, arguments: Sequence[str]) -> str:
        return CALLS[name](*arguments)

    def aggregate(self, name: str, value: Typed | None, tail: str, *, is_distinct: bool) -> str:
        if value is None:
            return f"count(*){tail}"
        written = f"({'DISTINCT ' if is_distinct else ''}{self.compared(value)}){tail}"
        match name, value.kind:
            case "sum", "integer":
                return f"(sum{written})::bigint"
            case "avg", "decimal":
                return f"actum_divide(sum{written}, (count{written})::numeric)"
            case "avg", _:
                return f"((sum{written})::float8 / nullif(count{written}, 0))"
            case "total", _:
                return f"coalesce((sum{written})::float8, 0)"
            case _:
                return f"{name}{written}"

    def joined(self, value: str, separator: str | None, tail: str) -> str:
        return f"string_agg({value}, {separator or self.text(',')}){tail}"

    def array(self, value: str, tail: str) -> str:
        return f"coalesce(jsonb_agg({value}){tail}, '[]'::jsonb)"

    def limit(self, limit: Typed | None, offset: Typed | None) -> str:
        written = ""
        if limit is not None:
            written = f" LIMIT (CASE WHEN {limit.sql} >= 0 THEN {limit.sql} END)"
        return written + (f" OFFSET GREATEST({offset.sql}, 0)" if offset else "")

    def each(self, document: str, alias: str) -> str:
        return f"actum_json_each({document}) AS {alias}"

    def compound(self, left: str, operator: str, right: str) -> str:
        return f"({left}) {operator} {right}"
