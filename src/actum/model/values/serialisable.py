"""Declared types and defaults that JSON can hold and preserve; all others are refused, with the fix."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, is_dataclass
from dataclasses import fields as dataclass_fields
from types import NoneType
from typing import Any, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, Struct
from msgspec import inspect as types

from actum.errors import DefinitionError
from actum.model.values.round_trip import KEYS, RoundTrip, Strictness, parts_of

UNHASHABLE = (types.ListType, types.SetType, types.DictType)
Default = tuple[str, Any, Any]


def check_serialisable(annotation: Any, where: str) -> None:
    """Raises DefinitionError for a type that JSON cannot hold, or for defaults that it does not preserve."""
    try:
        msgspec.json.schema(annotation)
        node = types.type_info(annotation)
    except (TypeError, NameError) as error:
        # A first line that ends in a colon introduces msgspec options that authors cannot use.
        why = str(error).partition("\n")[0]
        raise _refused(annotation, where, "" if why.endswith(":") else f" ({why})") from error
    for part in parts_of(node):
        _check_part(part, annotation, where)


def check_default(annotation: Any, default: Any, where: str) -> None:
    """Raises DefinitionError for a default that is no value of its type, or that JSON does not preserve."""
    fault = RoundTrip(annotation).fault(default, Strictness.STATE)
    if fault is not None:
        fix = f"; write `{display(annotation)} | None`" if default is None else ""
        raise DefinitionError(
            f"{where} is {display(annotation)}, and its default {default!r} does not fit: {fault}{fix}"
        )


def check_whole(annotation: Any, where: str, why: str) -> None:
    """Raises DefinitionError for structs that omit fields equal to their default; `why` is the reason."""
    for part in parts_of(types.type_info(annotation)):
        cls: Any = get_origin(getattr(part, "cls", None)) or getattr(part, "cls", None)
        if isinstance(part, types.StructType) and cls.__struct_config__.omit_defaults:
            raise DefinitionError(
                f"{where} holds {cls.__name__}, which has omit_defaults=True: {why}; leave it out"
            )


MODULES = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")


def display(annotation: Any) -> str:
    """Returns a type as its author would write it."""
    if annotation is None or annotation is NoneType:
        return "None"
    if isinstance(annotation, type):
        return annotation.__name__
    return MODULES.sub("", str(annotation)).replace("NoneType", "None")


def _check_part(node: types.Type, annotation: Any, where: str) -> None:
    if isinstance(node, types.DictType) and not all(
        isinstance(part, KEYS) for part in _members(node.key_type)
    ):
        raise _refused(annotation, where, " (keys are strings, numbers, dates, UUIDs or enums)")
    if isinstance(node, types.SetType | types.FrozenSetType) and any(
        isinstance(part, UNHASHABLE) for part in _members(node.item_type)
    ):
        raise _refused(annotation, where, " (what a set holds must be hashable)")
    for name, declared, default in _defaults(node):
        check_default(declared, default, name)


def _members(node: types.Type) -> Iterator[types.Type]:
    """Returns the types that a value may have, without constraints."""
    match node:
        case types.Metadata():
            yield from _members(node.type)
        case types.UnionType():
            for part in node.types:
                yield from _members(part)
        case _:
            yield node


def _defaults(node: types.Type) -> Iterator[Default]:
    """Returns each default within a class, with the name and the type of its field."""
    cls: Any = getattr(node, "cls", None)
    origin: Any = get_origin(cls) or cls
    if not isinstance(origin, type):
        return
    if issubclass(origin, Struct):
        yield from _struct_defaults(cls, origin.__name__)
    elif cls is origin and is_dataclass(origin):
        yield from _dataclass_defaults(origin)
    elif cls is origin and issubclass(origin, tuple):
        hints = get_type_hints(origin, include_extras=True)
        for name, default in getattr(origin, "_field_defaults", {}).items():
            yield f"{origin.__name__}.{name}", hints[name], default


def _struct_defaults(cls: Any, name: str) -> Iterator[Default]:
    for field in msgspec.structs.fields(cls):
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        if default is not NODEFAULT and default is not UNSET:
            yield f"{name}.{field.name}", field.type, default


def _dataclass_defaults(cls: Any) -> Iterator[Default]:
    hints = get_type_hints(cls, include_extras=True)
    for field in dataclass_fields(cls):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if default is not MISSING:
            yield f"{cls.__name__}.{field.name}", hints[field.name], default


def _refused(annotation: Any, where: str, why: str) -> DefinitionError:
    return DefinitionError(
        f"{where} has the type {display(annotation)}, which JSON cannot hold{why}; "
        "use numbers, strings, dates, lists, dicts, or a msgspec.Struct of them"
    )
