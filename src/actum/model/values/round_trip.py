"""Round trips: which values JSON preserves, and where a value differs from what it is read back as.

An annotation is "sure" when JSON preserves every value of its type, and "open" when it does not say what
JSON is to be read as, as with Any. Nothing is compared for what is sure.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import datetime, time, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any, get_origin

import msgspec
from msgspec import Raw, Struct
from msgspec import inspect as types
from msgspec.json import encode

LOST = (msgspec.MsgspecError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What JSON raises for values that it cannot hold or preserve."""

EXACT = (
    types.NoneType,
    types.BoolType,
    types.IntType,
    types.BytesType,
    types.UUIDType,
    types.DecimalType,
    types.DateType,
    types.TimeDeltaType,
    types.EnumType,
    types.LiteralType,
)
KEYS = (
    types.StrType,
    types.IntType,
    types.FloatType,
    types.BytesType,
    types.DateTimeType,
    types.DateType,
    types.TimeType,
    types.TimeDeltaType,
    types.UUIDType,
    types.DecimalType,
    types.EnumType,
    types.LiteralType,
    types.AnyType,
)
OPEN = (types.AnyType, types.RawType, types.CustomType)
MAX_SHOWN = 200
SEQUENCES = (list, tuple, set, frozenset)
PLAIN_SETS = (set, frozenset)


class Strictness(IntEnum):
    """How far a value may differ from what it is read back as, and still count as the same.

    GIVEN: it may come back as its annotation says, such as a tuple as a list. STATE: only a number or a text
    may come back as the plain one that it equals. OPEN: no annotation says what it was: nothing may differ.
    """

    GIVEN = 0
    STATE = 1
    OPEN = 2


class RoundTrip:
    """What JSON makes of the values of one annotation."""

    __slots__ = ("is_open", "is_sure", "quick", "read")

    def __init__(self, annotation: Any) -> None:
        node = types.type_info(annotation)
        self.is_sure: bool = is_sure(node)
        self.is_open: bool = any(isinstance(part, OPEN) for part in parts_of(node))
        self.quick: Callable[[Any], bool] | None = _quick_check(node)
        self.read: Callable[[bytes | str], Any] = msgspec.json.Decoder(annotation).decode

    def fault(self, value: Any, strictness: Strictness = Strictness.GIVEN) -> str | None:
        """Says what is wrong with a value that JSON does not preserve; None if nothing is."""
        try:
            return self.between(value, self.read(encode(value)), strictness)
        except LOST as error:
            return reason_of(error)

    def between(self, value: Any, kept: Any, strictness: Strictness = Strictness.GIVEN) -> str | None:
        """Says where a value differs from what it is read back as."""
        if self.is_open:
            return difference(value, kept, Strictness.OPEN)
        if strictness is Strictness.GIVEN and value == kept:
            return None
        return difference(value, kept, strictness)


def is_sure(node: types.Type) -> bool:
    """Whether JSON preserves all values of a type."""
    return all(_is_exact(part) for part in parts_of(node)) and not _is_recursive(node)


def parts_of(node: types.Type) -> Iterator[types.Type]:
    """Returns a type and all types within it, each class once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += _inside(part)


def difference(given: Any, kept: Any, strictness: Strictness, at: str = "") -> str | None:
    """Says where a given value differs from the one that is read back; None if nowhere."""
    is_of_its_type = type(given) is type(kept)
    if not is_of_its_type and not _is_alike(given, kept, strictness):
        return _say(at, given, kept)
    if isinstance(kept, list | tuple | dict):
        return _difference_inside(given, kept, strictness, at)
    if (names := _names_of(kept)) is not None:
        pairs = [(f".{name}", getattr(given, name), getattr(kept, name)) for name in names]
        return _first(pairs, strictness, at)
    is_same = _is_same(given, kept) and not (strictness and _has_lost_its_zone(given))
    return None if is_same else _say(at, given, kept)


def _difference_inside(given: Any, kept: Any, strictness: Strictness, at: str) -> str | None:
    if len(given) != len(kept):
        return _say(at, given, kept)
    if isinstance(kept, dict):
        if [*map(_typed, given)] != [*map(_typed, kept)]:
            return _say(at, given, kept)
        pairs = [(f"[{key!r}]", value, kept[key]) for key, value in given.items()]
    else:
        pairs = [(f"[{place}]", *pair) for place, pair in enumerate(zip(given, kept, strict=True))]
    return _first(pairs, strictness, at)


def _first(pairs: list[tuple[str, Any, Any]], strictness: Strictness, at: str) -> str | None:
    for place, given, kept in pairs:
        if given is not kept and (found := difference(given, kept, strictness, at + place)):
            return found
    return None


def _names_of(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, Struct):
        return type(value).__struct_fields__
    if is_dataclass(value):
        return tuple(field.name for field in dataclass_fields(value))
    return None


def _is_same(given: Any, kept: Any) -> bool:
    match kept:
        case float():
            return bool(given == kept) and math.copysign(1, given) == math.copysign(1, kept)
        case Decimal():
            return str(given) == str(kept)
        case datetime() | time():
            return bool(given == kept) and given.utcoffset() == kept.utcoffset()
        case set() | frozenset():
            return set(map(_typed, given)) == set(map(_typed, kept))
        case Raw():
            return bytes(given) == bytes(kept)
        case _:
            return bool(given == kept)


def _has_lost_its_zone(value: Any) -> bool:
    """Whether a time has a zone with rules, of which JSON keeps only one moment's offset."""
    zone = value.tzinfo if isinstance(value, datetime | time) else None
    return zone is not None and not isinstance(zone, timezone)


def _is_alike(given: Any, kept: Any, strictness: Strictness) -> bool:
    """Whether a value of another type is what its annotation asks for, and was read as such."""
    if strictness is Strictness.OPEN:
        return False
    if isinstance(kept, (*SEQUENCES, dict)):
        return strictness is Strictness.GIVEN and _is_alike_inside(given, kept)
    is_number = isinstance(given, int) and isinstance(kept, float)
    return (is_number or isinstance(given, type(kept))) and bool(given == kept)


def _is_alike_inside(given: Any, kept: Any) -> bool:
    if isinstance(kept, dict):
        return isinstance(given, dict)
    if isinstance(kept, PLAIN_SETS):
        return isinstance(given, SEQUENCES) and set(given) == kept
    return isinstance(given, SEQUENCES)


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value


def _say(at: str, given: Any, kept: Any) -> str:
    place = f"{at.lstrip('.')}: " if at else ""
    return f"{place}{short_repr(given)} would be read back as {short_repr(kept)}"


def short_repr(value: Any) -> str:
    """Returns what a message shows of a value, even if its own repr fails."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (`__repr__` may raise anything)
        return f"a {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def reason_of(error: BaseException) -> str:
    """Returns what JSON objects to in a value, as a sentence."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply for JSON"
    return str(error) or type(error).__name__


def _inside(node: types.Type) -> list[types.Type]:
    found: list[types.Type] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if name == "fields":
            found += [field.type for field in value]
        elif isinstance(value, types.Type):
            found.append(value)
        elif isinstance(value, tuple):
            found += [part for part in value if isinstance(part, types.Type)]
    return found


def _is_exact(node: types.Type) -> bool:
    match node:
        case types.StructType():
            cls = get_origin(node.cls) or node.cls
            return not cls.__subclasses__()
        case types.Metadata() | types.UnionType() | types.StrType():
            return True
        case (
            types.ListType()
            | types.TupleType()
            | types.VarTupleType()
            | types.SetType()
            | types.FrozenSetType()
            | types.DictType()
        ):
            return True
        case _:
            return isinstance(node, EXACT)


def _is_recursive(node: types.Type) -> bool:
    """Whether a type contains itself, so that its values may be nested without limit."""

    def leads_back(part: types.Type, above: frozenset[int]) -> bool:
        if id(part) in above:
            return True
        if id(part) in done:
            return False
        found = any(leads_back(inner, above | {id(part)}) for inner in _inside(part))
        done.add(id(part))
        return found

    done: set[int] = set()
    return leads_back(node, frozenset())


def _quick_check(node: types.Type) -> Callable[[Any], bool] | None:
    """Returns a quick test that most values of a scalar type pass, and that proves them preserved."""
    match node:
        case types.Metadata():
            return _quick_check(node.type)
        case types.FloatType():
            return _is_finite
        case types.StrType():
            return _is_text
        case types.DateTimeType():
            return _is_plain_time
        case _:
            return None


def _is_finite(value: Any) -> bool:
    return type(value) is float and value - value == 0


def _is_text(value: Any) -> bool:
    return type(value) is str and value.isascii()


def _is_plain_time(value: Any) -> bool:
    return type(value) is datetime and (value.tzinfo is None or value.tzinfo is timezone.utc)  # noqa: UP017
