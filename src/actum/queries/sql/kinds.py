"""The kinds of values in a query, and which kind two values have in common."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from actum.errors import DefinitionError

QueryKind = Literal["null", "boolean", "integer", "real", "decimal", "text", "time", "blob", "json", "any"]
"""As columns are stored; `null` is NULL without a kind, `any` a value inside JSON."""
NUMBERS = ("boolean", "integer", "decimal", "real")
"""From the narrowest to the widest: a value compared with, or added to, a wider one is converted to it."""


class Typed(Struct, frozen=True):
    """A written expression, and the kind of its values.

    `number` is the value of a numeric literal, `text` that of a text literal. `is_constant` includes
    parameters. `is_open` marks arithmetic whose overflow is not checked yet.
    """

    sql: str
    kind: QueryKind
    number: Decimal | None = None
    text: str | None = None
    is_constant: bool = False
    is_open: bool = False
    is_column: bool = False


class SearchableColumns(dict[str, QueryKind]):
    """The columns of a view that can be searched."""


class Misuse(DefinitionError):
    """A query that databases would not answer in the same way; the message says how to fix it."""


class Unknown(Misuse):
    """A query names what does not exist, at least not yet: a table, a column, an index of words."""


def common(values: Iterable[Typed], where: str) -> QueryKind:
    """Returns the kind that fits all values, or raises Misuse for those that do not go together."""
    found: QueryKind = "null"
    for value in sorted(values, key=lambda value: value.number is not None):
        found = _wider(found, value, where)
    return found


def _wider(kind: QueryKind, value: Typed, where: str) -> QueryKind:
    other = value.kind
    if other in (kind, "null"):
        return kind
    if kind == "null":
        return other
    if kind in NUMBERS and other in NUMBERS:
        if kind == "decimal" and value.number is not None:
            return kind  # 9.99 next to a Decimal means exactly that number.
        return kind if NUMBERS.index(kind) > NUMBERS.index(other) else other
    if "any" in (kind, other):
        return other if kind == "any" else kind
    raise Misuse(f"{where} mixes {kind} and {other}: {fix(kind, other)}")


def fix(kind: QueryKind, other: QueryKind) -> str:
    """Says how to bring two kinds together."""
    kinds: set[Any] = {kind, other}
    if kinds == {"time", "text"}:
        return "pass the time as a parameter annotated datetime"
    if "json" in kinds:
        return "extract a value from the JSON with json_extract() and CAST"
    return "convert one to the other with CAST, or annotate the parameter like the column"
