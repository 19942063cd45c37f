"""Queries of views on PostgreSQL: written in SQLite's dialect, asked in the server's, and answered alike."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlglot
from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import SqlglotError

from actum.errors import Invalid
from actum.model.column import parameter_to_sql, time_to_sql

MOST_CACHED = 1_000
NULL = "null"
CONDITIONS = (exp.Where, exp.Having, exp.And, exp.Or, exp.Not, exp.If, exp.Join, exp.Filter, exp.Paren)
WRITES = (exp.DDL, exp.Update, exp.Delete, exp.Merge, exp.Command, exp.Into, exp.Lock)


class Translated(Struct, frozen=True):
    """A query in PostgreSQL's dialect; `$1`, `$2`, … stand for the parameters of these names."""

    sql: str
    names: tuple[str, ...]


def translate_query(
    sql: str, parameters: Mapping[str, Any], truths: frozenset[str] | None = None
) -> Translated:
    """Turns a query with `:name` parameters into PostgreSQL's dialect; raises Invalid for one that writes.

    With `truths`, names of columns that hold truth values, these count as the numbers 0 and 1, and what a
    parameter is follows from what it is compared with.
    """
    kinds = tuple(
        (name, NULL if value is None else _cast(value) if truths is None else None)
        for name, value in parameters.items()
    )
    return _translate(sql, kinds, truths)


@lru_cache(maxsize=MOST_CACHED)
def _translate(
    sql: str, kinds: tuple[tuple[str, str | None], ...], truths: frozenset[str] | None
) -> Translated:
    query = _parse(sql)
    casts = dict(kinds)
    for place in query.find_all(exp.Placeholder):
        if place.name not in casts:
            raise Invalid(f"the query needs a value for :{place.name}")
    if truths:
        _count_truths(query, truths)
    _say_alike(query, casts)
    names: list[str] = []

    def number(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        if casts[node.name] == NULL:
            return exp.Null()
        if node.name not in names:
            names.append(node.name)
        numbered: exp.Expr = exp.Parameter(this=exp.Literal.number(names.index(node.name) + 1))
        cast = casts[node.name]
        return exp.cast(numbered, cast, dialect="postgres") if cast else numbered

    return Translated(query.transform(number).sql(dialect="postgres"), tuple(names))


def _say_alike(query: exp.Query, casts: Mapping[str, str | None]) -> None:
    """Replaces what both dialects know and take differently."""
    for like in list(query.find_all(exp.Like)):
        # SQLite's LIKE takes no notice of case, for the letters of ASCII.
        like.replace(exp.ILike(this=like.this, expression=like.expression))
    for test in list(query.find_all(exp.Is)):
        # A parameter that is compared with nothing has no type.
        if isinstance(test.this, exp.Placeholder) and isinstance(test.expression, exp.Null):
            test.replace(exp.Boolean(this=casts[test.this.name] == NULL))


def _count_truths(query: exp.Query, truths: frozenset[str]) -> None:
    """Turns truth values into numbers, except where a condition is asked for."""
    columns = [column for column in query.find_all(exp.Column) if column.name.lower() in truths]
    for node in [*columns, *query.find_all(exp.Boolean)]:
        if isinstance(node.parent, CONDITIONS) and node.arg_key in ("this", "expression", "on"):
            continue
        if isinstance(node, exp.Boolean):
            node.replace(exp.Literal.number(int(node.this)))
        else:
            is_named = isinstance(node.parent, exp.Select)
            number = exp.cast(node.copy(), "int")
            node.replace(exp.alias_(number, node.name, quoted=node.this.quoted) if is_named else number)


def _parse(sql: str) -> exp.Query:
    try:
        found = [part for part in sqlglot.parse(sql, dialect="sqlite") if part is not None]
    except SqlglotError as error:
        text = re.sub(r"\x1b\[\d+m", "", str(error)).strip().splitlines()[0]
        raise Invalid(f"the query cannot be read: {text}") from error
    statements = [part for part in found if not isinstance(part, exp.Semicolon)]
    if len(statements) != 1:
        raise Invalid(f"{len(statements)} statements: a query is one SELECT")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation) or statement.find(*WRITES):
        raise Invalid(f"a query reads: begin it with SELECT or WITH ({sql.strip()[:60]!r})")
    return statement


def _cast(value: Any) -> str | None:
    """Gives the type that a value has whatever it is compared with, or None where that decides."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return "bigint"
    if isinstance(value, float):
        return "double precision"
    return "timestamptz" if isinstance(value, datetime) else None


def bind(parameters: Mapping[str, Any], names: Sequence[str], types: Sequence[str]) -> list[Any]:
    """Gives the values in order, as the server's types for them ask; raises Invalid for what does not fit."""
    values = []
    for name, kind in zip(names, types, strict=True):
        try:
            values.append(_value(parameters[name], kind))
        except (ValueError, TypeError) as error:
            raise Invalid(f"the value for :{name} does not fit: {error}", field=name) from error
    return values


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, datetime):
        return datetime.fromisoformat(time_to_sql(value))
    plain = parameter_to_sql(value)
    if plain is None:
        return None
    convert = CONVERSIONS.get(kind)
    if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
        raise ValueError(f"{plain} is beyond 64 bits")
    return plain if convert is None else convert(plain)


def _text(value: Any) -> Any:
    return str(int(value)) if isinstance(value, bool) else value if isinstance(value, str) else str(value)


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "varchar": _text,
    "timestamptz": _time,
    "bool": bool,
    "int2": int,
    "int4": int,
    "int8": int,
    "float8": float,
    "numeric": lambda value: Decimal(str(value)),
}


def _whole_or_real(value: Decimal) -> Any:
    # A sum of whole numbers has no digits behind the point; a quotient has, even if they are zeros.
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


# What SQLite would answer.
ANSWERS: dict[str, Callable[[Any], Any]] = {
    "bool": int,
    "numeric": _whole_or_real,
    "timestamptz": lambda value: time_to_sql(value.astimezone(UTC)),
    "date": date.isoformat,
}


def answered(rows: Sequence[Any], types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Gives rows as SQLite would: numbers for truth values, text for times, whole sums as whole numbers."""
    converted = {place: ANSWERS[kind] for place, kind in enumerate(types) if kind in ANSWERS}
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
