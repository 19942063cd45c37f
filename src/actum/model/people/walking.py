"""Walks through values to the personal ones in them, compiled from the type of the values."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, get_origin

from msgspec import inspect as types
from msgspec.structs import force_setattr

from actum.model.people.personal import Mark, is_owner, mark_of
from actum.model.values.round_trip import parts_of

Treat = Callable[[Any, str, Mark], Any]
"""What is done with a personal value: it is given the value, the id of its person, and its mark."""
Change = Callable[[Any, str, Treat], Any]
"""Gives a value in which every personal value was treated; the text is the person who owns the others."""


def walk_of(node: types.Type) -> Change:
    """Returns the walk to the personal values within values of a type."""
    return _walk(node, {}) or _same


def _same(value: Any, person: str, treat: Treat) -> Any:
    return value


def _walk(node: types.Type, known: dict[Any, Change]) -> Change | None:  # noqa: PLR0911 (one a type)
    """Returns what changes the personal values within values of a type; None if it has none."""
    mark = mark_of(node)
    if mark is not None:
        return lambda value, person, treat: treat(value, person, mark)
    match node:
        case types.Metadata():
            return _walk(node.type, known)
        case types.UnionType():
            return _walk_union(node, known)
        case types.StructType():
            return _walk_struct(node, known)
        case types.DictType():
            return _walk_dict(_walk(node.value_type, known))
        case types.TupleType():
            return _walk_tuple([_walk(part, known) for part in node.item_types])
        case types.ListType() | types.VarTupleType() | types.SetType() | types.FrozenSetType():
            return _walk_items(_walk(node.item_type, known))
        case _:
            return None


def _walk_dict(inner: Change | None) -> Change | None:
    if inner is None:
        return None
    return lambda value, person, treat: {key: inner(one, person, treat) for key, one in value.items()}


def _walk_items(inner: Change | None) -> Change | None:
    if inner is None:
        return None
    return lambda value, person, treat: type(value)(inner(one, person, treat) for one in value)


def _walk_tuple(parts: Sequence[Change | None]) -> Change | None:
    if not any(parts):
        return None
    return lambda value, person, treat: tuple(
        one if part is None else part(one, person, treat) for part, one in zip(parts, value, strict=True)
    )


def _walk_struct(node: types.StructType, known: dict[Any, Change]) -> Change | None:
    if node.cls in known:
        # A class that contains itself: by the time a value is met, its walk is there.
        def change_inner(value: Any, person: str, treat: Treat) -> Any:
            return known[node.cls](value, person, treat)

        return change_inner
    if not has_personal(node):
        return None
    known[node.cls] = _same
    owner = owner_of(node)
    walks = [(field.name, _walk(field.type, known)) for field in node.fields]
    changes = [(name, walk) for name, walk in walks if walk is not None]

    def change(value: Any, person: str, treat: Treat) -> Any:
        if owner is not None:
            person = str(getattr(value, owner))
        twin = None
        for name, walk in changes:
            before = getattr(value, name)
            after = walk(before, person, treat)
            if after is not before:
                twin = copy.copy(value) if twin is None else twin
                force_setattr(twin, name, after)
        return value if twin is None else twin

    known[node.cls] = change
    return change


def _walk_union(node: types.UnionType, known: dict[Any, Change]) -> Change | None:
    structs: dict[Any, Change] = {}
    others: list[tuple[tuple[type, ...], Change]] = []
    marked: Change | None = None
    for part in node.types:
        walk = _walk(part, known)
        if walk is None:
            continue
        if mark_of(part) is not None:
            marked = walk
        elif isinstance(part, types.StructType):
            structs[get_origin(part.cls) or part.cls] = walk
        else:
            others.append((_classes_of(part), walk))
    if not (structs or others or marked):
        return None

    def change(value: Any, person: str, treat: Treat) -> Any:
        if type(value) in structs:
            return structs[type(value)](value, person, treat)
        for classes, walk in others:
            if isinstance(value, classes):
                return walk(value, person, treat)
        return value if value is None or marked is None else marked(value, person, treat)

    return change


def _classes_of(node: types.Type) -> tuple[type, ...]:
    match node:
        case types.Metadata():
            return _classes_of(node.type)
        case types.DictType():
            return (dict,)
        case types.SetType() | types.FrozenSetType():
            return (set, frozenset)
        case _:
            return (list, tuple)


def has_personal(node: types.Type) -> bool:
    """Whether a type has personal values in it."""
    return any(mark_of(part) is not None for part in parts_of(node))


def owner_of(node: types.StructType) -> str | None:
    """Returns the field of a struct that says whose its personal values are."""
    found = [field.name for field in node.fields if is_owner(field.type)]
    return found[0] if found else None


def needs_owner(node: types.Type, seen: set[Any]) -> bool:
    """Whether a type has personal values whose owner none of its own fields names."""
    if mark_of(node) is not None:
        return True
    if isinstance(node, types.StructType):
        if node.cls in seen or owner_of(node) is not None:
            return False
        seen.add(node.cls)
        return any(needs_owner(field.type, seen) for field in node.fields)
    return any(needs_owner(part, seen) for part in directly_in(node))


def directly_in(node: types.Type) -> list[types.Type]:
    found: list[types.Type] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, types.Type):
            found.append(value)
        elif isinstance(value, tuple):
            found += [one for one in value if isinstance(one, types.Type)]
    return found
