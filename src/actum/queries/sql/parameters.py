"""The parameters of a query: the kind of each one's value, and how it is passed to a database."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from math import isinf
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from actum.errors import Invalid
from actum.model.rows.column import (
    check_text,
    decimal_to_sql,
    kind_of,
    parameter_to_sql,
    settled_decimal,
    time_to_sql,
)
from actum.model.rows.json_text import NUL
from actum.model.rows.words import asked_words
from actum.model.values.round_trip import LOST, reason_of
from actum.queries.index_queries import fts5_query, tsquery
from actum.queries.sql.kinds import Misuse, QueryKind, Typed, common
from actum.stores.sqlite.decimals import encode

# What may contain a colon that does not begin a parameter, then a parameter.
PLACES = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|:([^\W\d]\w*)""",
    re.DOTALL,
)
LISTS = (types.ListType, types.VarTupleType, types.SetType, types.FrozenSetType)
LARGEST = 2**63
Use = Literal["value", "match", "needles"]
KINDS: dict[type, QueryKind] = {
    type(None): "null", bool: "boolean", int: "integer", float: "real", Decimal: "decimal", bytes: "blob",
    datetime: "time", str: "text",
}  # fmt: skip


class Parameter(Struct, frozen=True):
    """A parameter: its name, and the kind of its value, or of every value in its list.

    Words to search for are passed as what an index is asked for (`match`), or as what each of them has to
    match in the words of a row (`needles`). A text `is_wordless` if there are none in it.
    """

    name: str
    kind: QueryKind
    is_list: bool = False
    use: Use = "value"
    is_wordless: bool = False


def numbered(sql: str) -> tuple[str, list[str]]:
    """Returns the SQL with `:p0`, `:p1`, … for its parameters, and their names, which may be keywords."""
    names: list[str] = []

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        if name not in names:
            names.append(name)
        return f":p{names.index(name)}"

    return PLACES.sub(replace, sql), names


def declared(name: str, annotation: Any) -> list[Parameter]:
    """Returns the kinds that a parameter may have at a call, by its annotation."""
    found: list[Parameter] = []
    for part in _parts(types.type_info(annotation)):
        if isinstance(part, LISTS):
            kinds: set[QueryKind] = {_plain_kind(item) for item in _parts(part.item_type)}
            found += [Parameter(name, kind, is_list=True) for kind in kinds]
        elif isinstance(part, types.NoneType):
            found.append(Parameter(name, "null"))
        elif isinstance(part, types.TimeDeltaType):
            raise Misuse(
                f"the parameter {name!r} is a timedelta, and no column has that type: pass a datetime"
            )
        else:
            found.append(Parameter(name, _plain_kind(part)))
    return found or [Parameter(name, "text")]


def _plain_kind(part: types.Type) -> QueryKind:
    kind = kind_of(part)[0]
    return "text" if kind is None or kind == "json" else kind


def _parts(declared_as: types.Type) -> list[types.Type]:
    match declared_as:
        case types.Metadata():
            return _parts(declared_as.type)
        case types.UnionType():
            return [part for one in declared_as.types for part in _parts(one)]
        case _:
            return [declared_as]


def given(name: str, value: Any) -> Parameter:
    """Returns the kind of a parameter at a call; raises Invalid for what JSON cannot hold."""
    try:
        if not isinstance(value, (list, tuple, set, frozenset)):
            return Parameter(name, _kind(value))
        kinds: set[QueryKind] = {_kind(item) for item in value}
    except LOST as error:
        raise Invalid(f"the value for :{name} does not fit: {reason_of(error)}", field=name) from error
    found = common([Typed("", kind) for kind in kinds], f"the list :{name}")
    return Parameter(name, found, is_list=True)


def _kind(value: Any) -> QueryKind:
    found = KINDS.get(type(value))
    if found is not None:
        return found
    plain = msgspec.to_builtins(value) if isinstance(value, Enum) else parameter_to_sql(value)
    for cls, kind in KINDS.items():
        if isinstance(plain, cls):
            return kind
    return "text"


def bound(name: str, value: Any, kind: QueryKind) -> Any:
    """Converts a value to its kind: Decimals, datetimes in UTC, and the types that SQL has itself.

    Raises Invalid for what no column of that kind could hold.
    """
    try:
        found = _bound(value, kind)
        return check_text(found) if type(found) is str else found
    except (ValueError, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise Invalid(f"the value for :{name} does not fit: {error}", field=name) from error


def _bound(value: Any, kind: QueryKind) -> Any:
    if value is None:
        return None
    if isinstance(value, Enum):
        value = msgspec.to_builtins(value)
    if kind == "json":
        return _json(value)
    if kind == "decimal":
        return settled_decimal(value if isinstance(value, Decimal) else Decimal(repr(value)))
    if isinstance(value, datetime):
        return datetime.fromisoformat(time_to_sql(value))
    if kind == "text" and isinstance(value, Decimal):
        return decimal_to_sql(value)
    return _plain(parameter_to_sql(value), kind)


def _plain(value: Any, kind: QueryKind) -> Any:
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        raise ValueError(f"{value} is beyond 64 bits")
    if kind == "real":
        return _real(float(value))
    if kind == "text" and not isinstance(value, str):
        return str(int(value)) if isinstance(value, bool) else str(value)
    return value


def _json(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if NUL.search(text.encode()):
        raise ValueError("a text in it has the character NUL, which no column can hold; leave it out")
    return text


def _real(value: float) -> float:
    if value != value:  # noqa: PLR0124  (only NaN differs from itself)
        raise ValueError("SQL cannot compare NaN")
    return value


def text_of_words(value: Any) -> str:
    """Returns the text that is searched for, with whatever is in it: only its words are passed on."""
    return str(parameter_to_sql(value))


def needles(value: Any) -> list[str]:
    """Returns what is looked for in the stored words of a row, one for each word."""
    return [one.needle for one in asked_words(text_of_words(value))]


def for_sqlite(parameter: Parameter, value: Any) -> Any:
    """Returns a value as SQLite's columns store it; a list becomes JSON."""
    if parameter.use == "match":
        return fts5_query(asked_words(text_of_words(value)))
    if parameter.use == "needles":
        return msgspec.json.encode(needles(value)).decode()
    if parameter.is_list:
        items = [_for_sqlite(bound(parameter.name, item, parameter.kind)) for item in value]
        if any(isinstance(item, float) and isinf(item) for item in items):
            raise Invalid(f"the list :{parameter.name} has an infinite number in it", field=parameter.name)
        return msgspec.json.encode(items).decode()
    return _for_sqlite(bound(parameter.name, value, parameter.kind))


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, Decimal):
        return encode(value)
    return time_to_sql(value) if isinstance(value, datetime) else value


def for_postgres(parameter: Parameter, value: Any) -> Any:
    """Returns a value as PostgreSQL's driver takes it."""
    if parameter.use == "match":
        return tsquery(asked_words(text_of_words(value)))
    if parameter.use == "needles":
        return needles(value)
    if parameter.is_list:
        return [bound(parameter.name, item, parameter.kind) for item in value]
    return bound(parameter.name, value, parameter.kind)


def time_of(text: str) -> str:
    """Returns the time that a text stands for, as columns store it; without a zone it is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misuse(
            f"{text!r} is compared with a time but is not one: write '2024-06-01T12:00:00Z'"
        ) from error
    return time_to_sql(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def kinds_of(values: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Returns the parameters of a call with their kinds."""
    return tuple(given(name, value) for name, value in values.items())
