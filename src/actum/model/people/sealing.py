"""Sealing: how the personal values within values of one type are sealed, and opened again."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol, get_origin

from msgspec import Struct
from msgspec import inspect as types
from msgspec.json import encode
from msgspec.structs import force_setattr

from actum.errors import DefinitionError, Invalid
from actum.model.people.open_keys import opened
from actum.model.people.personal import Forgotten, ForgottenArray, Mark, is_owner, mark_of

Treat = Callable[[Any, str, Mark], Any]
"""What is done with a personal value: it is given the value, the id of its person, and its mark."""
Change = Callable[[Any, str, Treat], Any]
"""Gives a value in which every personal value was treated; the text is the person who owns the others."""


class Seal(Protocol):
    """Seals a value, given as JSON, under the key of a person."""

    def __call__(self, person: str, value: bytes, /) -> str: ...


class Sealed(Struct, frozen=True):
    """A sealed value as it is written where a value is never an object."""

    sealed: str


class SealedType:
    """A type with personal values in it: it knows where they are, and whose.

    `names_owner` says that each of its personal values has an owner within the type itself: a field
    beside it, of the type `PersonId`.
    """

    def __init__(self, annotation: Any, where: str) -> None:
        self.where: str = where
        node = types.type_info(annotation)
        _check(node, where, set())
        self.names_owner: bool = not _needs_owner(node, set())
        self._walk: Change = _walk(node, {}) or _same

    def __repr__(self) -> str:
        return f"<SealedType {self.where}>"

    def open(self, value: Any) -> Any:
        """Returns a value that was read, with its sealed values opened; those of the forgotten are marked.

        Raises KeyNotLoaded unless their keys are open in this process.
        """
        return self._walk(value, "", _open)

    def opening(self, decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Returns what decodes and opens."""
        walk = self._walk
        return lambda text: walk(decode(text), "", _open)

    def encoding(self, encode: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        """Returns what encodes without sealing; it raises Invalid for what a caller claims to be sealed."""
        walk = self._walk
        return lambda value: encode(walk(value, "", _refuse_sealed))

    def persons(self, value: Any, person: str) -> set[str]:
        """Returns whose personal values are in a value; `person` is the owner of those that name none.

        Raises Invalid for one that belongs to nobody.
        """
        found: set[str] = set()

        def note(part: Any, owner: str, mark: Mark) -> Any:
            if not isinstance(part, Forgotten):
                if not owner:
                    raise Invalid(
                        f"{self.where} has a personal value that belongs to nobody: the field that says "
                        "whose it is holds no id"
                    )
                found.add(owner)
            return part

        self._walk(value, person, note)
        return found

    def seal(self, value: Any, person: str, seal: Seal) -> bytes:
        """Returns a value as JSON, with its personal values sealed."""

        def sealed(part: Any, owner: str, mark: Mark) -> Any:
            if isinstance(part, Forgotten):
                return part
            token = seal(owner, encode(part))
            return [True, token] if isinstance(mark.forgotten, ForgottenArray) else Sealed(token)

        return encode(self._walk(value, person, sealed))

    def values(self, value: Any, person: str) -> list[tuple[str, Any]]:
        """Returns the personal values within a value, each with the id of its person."""
        found: list[tuple[str, Any]] = []

        def note(part: Any, owner: str, mark: Mark) -> Any:
            found.append((owner, part))
            return part

        self._walk(value, person, note)
        return found


def _same(value: Any, person: str, treat: Treat) -> Any:
    return value


def _open(value: Any, person: str, mark: Mark) -> Any:
    if not isinstance(value, Forgotten):
        return value
    if not value.token:
        return mark.forgotten
    plain = opened(value.token)
    return mark.forgotten if plain is None else mark.decode(plain)


def _refuse_sealed(value: Any, person: str, mark: Mark) -> Any:
    if isinstance(value, Forgotten) and value.token:
        raise Invalid("a sealed value was given: only what is stored holds such values")
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
    owner = _owner_of(node)
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
    return any(mark_of(part) is not None for part in _marked_parts(node))


def _marked_parts(node: types.Type) -> list[types.Type]:
    found: list[types.Type] = []
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        found.append(part)
        for name in part.__struct_fields__:
            value = getattr(part, name)
            if name == "fields":
                waiting += [field.type for field in value]
            elif isinstance(value, types.Type):
                waiting.append(value)
            elif isinstance(value, tuple):
                waiting += [one for one in value if isinstance(one, types.Type)]
    return found


def _owner_of(node: types.StructType) -> str | None:
    """Returns the field of a struct that says whose its personal values are."""
    found = [field.name for field in node.fields if is_owner(field.type)]
    return found[0] if found else None


def _needs_owner(node: types.Type, seen: set[Any]) -> bool:
    """Whether a type has personal values whose owner none of its own fields names."""
    if mark_of(node) is not None:
        return True
    if isinstance(node, types.StructType):
        if node.cls in seen or _owner_of(node) is not None:
            return False
        seen.add(node.cls)
        return any(_needs_owner(field.type, seen) for field in node.fields)
    return any(_needs_owner(part, seen) for part in _directly_in(node))


def _directly_in(node: types.Type) -> list[types.Type]:
    found: list[types.Type] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, types.Type):
            found.append(value)
        elif isinstance(value, tuple):
            found += [one for one in value if isinstance(one, types.Type)]
    return found


def _check(node: types.Type, where: str, seen: set[Any]) -> None:
    """Raises DefinitionError where a personal value is, and cannot be sealed."""
    match node:
        case types.DictType() if has_personal(node.key_type):
            raise DefinitionError(
                f"{where} has Personal in the keys of a dict, which JSON writes as names and no seal can "
                "replace: keep a list of Structs instead"
            )
        case types.StructType():
            cls: Any = get_origin(node.cls) or node.cls
            if node.cls in seen:
                return
            seen.add(node.cls)
            owners = [field.name for field in node.fields if is_owner(field.type)]
            if len(owners) > 1 and any(has_personal(field.type) for field in node.fields):
                raise DefinitionError(
                    f"{where}: {cls.__name__} has several fields of the type PersonId ({', '.join(owners)}), "
                    "so that it is not clear whose its personal values are: leave one, make the others str"
                )
            for field in node.fields:
                _check(field.type, where, seen)
        case types.DataclassType() | types.NamedTupleType() | types.TypedDictType() if has_personal(node):
            raise DefinitionError(
                f"{where} has Personal in {node.cls.__name__}, where it cannot be sealed: "
                "make that a msgspec.Struct"
            )
        case _:
            if mark_of(node) is None:
                for part in _directly_in(node):
                    _check(part, where, seen)


def sealed_type(annotation: Any, where: str) -> SealedType | None:
    """Returns how a type's personal values are sealed; None for a type that has none."""
    try:
        node = types.type_info(annotation)
    except (TypeError, NameError):
        return None  # JSON cannot hold it, which is refused elsewhere.
    return SealedType(annotation, where) if has_personal(node) else None
