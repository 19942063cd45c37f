"""The kinds of values in a query, and which kind serves two of them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from actum.errors import DefinitionError

QueryKind = Literal["null", "boolean", "integer", "real", "decimal", "text", "time", "blob", "json", "any"]
"""As columns are kept; `null` is a NULL of no kind, `any` a value inside JSON."""
NUMBERS = ("boolean", "integer", "decimal", "real")
"""From the narrowest to the widest: what is compared with, or added to, a wider one becomes that."""


class Typed(Struct, frozen=True):
    """An expression that is written down, and the kind of its values.

    `number` is what a numeric literal says, `text` what a text literal says. `is_constant` is true of
    parameters too. `is_open` marks arithmetic whose overflow is still to be caught.
    """

    sql: str
    kind: QueryKind
    number: Decimal | None = None
    text: str | None = None
    is_constant: bool = False
    is_open: bool = False
    is_column: bool = False


class Misuse(DefinitionError):
    """A query that cannot be answered alike by every database; the message says how to fix it."""


def common(values: Iterable[Typed], where: str) -> QueryKind:
    """Gives the kind that serves all values, or raises Misuse for those that do not go together."""
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
            return kind  # 9.99 beside a Decimal is that very number.
        return kind if NUMBERS.index(kind) > NUMBERS.index(other) else other
    if "any" in (kind, other):
        return other if kind == "any" else kind
    raise Misuse(f"{where} mixes {kind} and {other}: {mend(kind, other)}")


def mend(kind: QueryKind, other: QueryKind) -> str:
    """Says how two kinds are brought together."""
    kinds: set[Any] = {kind, other}
    if kinds == {"time", "text"}:
        return "pass the time as a parameter annotated datetime"
    if "json" in kinds:
        return "take a value out of the JSON with json_extract() and CAST"
    return "turn one into the other with CAST, or annotate the parameter as the column is"
