"""What `@reducer(key=…)` may name: checked when a view is compiled, so before the first event."""

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import inspect as types

from actum.errors import DefinitionError, Invalid
from actum.model.code.function_kind import require_plain
from actum.model.entity import fields_of
from actum.model.event import Event
from actum.model.rows.column import Column
from actum.model.rows.key_columns import KeyColumn, key_of_columns
from actum.model.signature import display

TEXTS = (types.StrType, types.AnyType)
"""Types of which some values may be keys whatever the key is, as "7" is where it is an int."""
SAMPLES: dict[type[types.Type], Any] = {
    types.IntType: 7,
    types.BoolType: True,
    types.FloatType: 0.5,
    types.BytesType: b"",
    types.DateTimeType: datetime(2030, 1, 1, tzinfo=UTC),
    types.DateType: date(2030, 1, 1),
    types.TimeType: time(12),
    types.UUIDType: UUID(int=0),
    types.DecimalType: Decimal(1),
}


def check_key(view: str, event: type[Event], key: Any, of_rows: KeyColumn) -> None:
    """Raises DefinitionError if `key` cannot yield the key of an event's row."""
    where = f"{view}: @reducer(key={key!r})"
    is_composite = len(of_rows.columns) > 1
    if is_composite and (key is None or isinstance(key, str)):
        raise DefinitionError(
            f"{where} of {event.__name__}: a row of {view} is identified by {' and '.join(of_rows.names)}; "
            f"name a field of {event.__name__} for each, as in key={_example(of_rows)}, or write a function "
            "that returns such a tuple"
        )
    if isinstance(key, tuple):
        if not is_composite:
            raise DefinitionError(
                f"{where}: a row of {view} is identified by {of_rows.names[0]} alone: name one field, or "
                f"declare class {view}(View, key=(…)) with several"
            )
        if len(key) != len(of_rows.columns):
            raise DefinitionError(
                f"{where}: name a field of {event.__name__} for each of {', '.join(of_rows.names)}"
            )
        for name, column in zip(key, of_rows.columns, strict=True):
            _check_field(where, event, name, column, is_alone=True)
    elif isinstance(key, str):
        _check_field(where, event, key, of_rows.columns[0])
    elif key is not None:
        _check_function(view, where, event, key)


def _example(of_rows: KeyColumn) -> str:
    return f"({', '.join(map(repr, of_rows.names))})"


def _check_field(
    where: str, event: type[Event], key: object, column: Column, *, is_alone: bool = False
) -> None:
    field = next((field for field in fields_of(event) if field.name == key), None)
    if field is None:
        named = f" {key!r}" if is_alone else ""
        raise DefinitionError(f"{where}: {event.__name__} has no such field{named}")
    key_of = key_of_columns(where, [column]).of
    if not all(_fits(part, key_of) for part in _parts(field.type, is_inside=is_alone)):
        raise DefinitionError(
            f"{where}: {event.__name__}.{key} is {display(field.annotation)}, but the key {column.name!r} is "
            f"{display(column.annotation)}; give them one type, or write a function: key=lambda event: …"
        )


def _check_function(view: str, where: str, event: type[Event], key: Any) -> None:
    if not callable(key):
        raise DefinitionError(
            f"{where} is neither a field of {event.__name__} nor a function of it: name one, or write "
            "key=lambda event: …"
        )
    require_plain(f"{view}: the key function", key)
    try:
        signature = inspect.signature(key)
        try:
            signature.bind(None)
        except TypeError:
            signature.bind(None, None)
    except TypeError as error:
        raise DefinitionError(
            f"{where}: the function is called with the event, or with the event and what is recorded of it "
            f"({error}): write key=lambda event: …, or key=lambda event, recorded: …"
        ) from error
    except ValueError:
        return  # A function from a C library may have no signature.


def _parts(declared: types.Type, *, is_inside: bool = False) -> list[types.Type]:
    """Returns the types of one key, for a field that holds a key, several keys, or None."""
    match declared:
        case types.Metadata():
            return _parts(declared.type, is_inside=is_inside)
        case types.UnionType():
            parts = [part for part in declared.types if not isinstance(part, types.NoneType)]
            return [one for part in parts for one in _parts(part, is_inside=is_inside)]
        case types.ListType() | types.VarTupleType() | types.SetType() | types.FrozenSetType():
            return [declared] if is_inside else _parts(declared.item_type, is_inside=True)
        case types.TupleType():
            items = declared.item_types
            return (
                [declared] if is_inside else [one for part in items for one in _parts(part, is_inside=True)]
            )
        case _:
            return [declared]


def _fits(part: types.Type, key_of: Callable[[Any], Any]) -> bool:
    if isinstance(part, TEXTS):
        return True
    match part:
        case types.EnumType():
            sample: Any = next(iter(part.cls))
        case types.LiteralType():
            sample = next(value for value in part.values if value is not None)
        case _ if type(part) in SAMPLES:
            sample = SAMPLES[type(part)]
        case _:
            return False
    try:
        key_of(sample)
    except Invalid:
        return isinstance(sample, str) and isinstance(part, types.LiteralType)
    return True
