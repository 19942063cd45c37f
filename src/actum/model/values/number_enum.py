"""Enums of numbers, plain ones and flags, whose members msgspec does not accept as values."""

from collections.abc import Collection
from enum import Enum
from typing import Any

from msgspec import inspect as types

from actum.model.values.round_trip import parts_of

Enums = frozenset[type[Enum]]


def number_enums(annotation: Any) -> Enums:
    """Returns the enums within an annotation whose members msgspec does not accept as their values."""
    return frozenset(
        part.cls
        for part in parts_of(types.type_info(annotation))
        if isinstance(part, types.EnumType) and not issubclass(part.cls, int | str)
    )


def without_members(value: Any, enums: Collection[type[Enum]]) -> Any:
    """Returns a value with numbers in place of the members of these enums; the same value if it has none."""
    if type(value) in enums:
        return value.value
    if isinstance(value, dict):
        changed = {without_members(key, enums): without_members(one, enums) for key, one in value.items()}
        return changed if any(new is not old for new, old in _pairs(changed, value)) else value
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_fields"):
        items = [without_members(one, enums) for one in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else items
    return value


def _pairs(changed: dict[Any, Any], value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [*zip(changed, value, strict=False), *zip(changed.values(), value.values(), strict=False)]
