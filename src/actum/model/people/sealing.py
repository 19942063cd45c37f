"""Sealing: how the personal values within values of one type are sealed, and opened again."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, get_origin

from msgspec import Struct
from msgspec import inspect as types
from msgspec.json import encode

from actum.errors import DefinitionError, Invalid
from actum.model.people.open_keys import opened
from actum.model.people.personal import Forgotten, ForgottenArray, Mark, is_owner, mark_of
from actum.model.people.walking import Change, directly_in, has_personal, needs_owner, walk_of


class Seal(Protocol):
    """Seals a value, given as JSON, under the key of a person; "" where the person is forgotten."""

    def __call__(self, person: str, value: bytes, /) -> str: ...


class SealedValue(Struct, frozen=True):
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
        self.names_owner: bool = not needs_owner(node, set())
        self._walk: Change = walk_of(node)

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

        Raises Invalid for one that belongs to nobody, or that a caller claims to be sealed.
        """
        found: set[str] = set()

        def note(part: Any, owner: str, mark: Mark) -> Any:
            _refuse_sealed(part, owner, mark)
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
            return sealed_value(mark, seal(owner, encode(part)))

        return encode(self._walk(value, person, sealed))

    def values(self, value: Any, person: str) -> list[tuple[str, Any]]:
        """Returns the personal values within a value, each with the id of its person."""
        found: list[tuple[str, Any]] = []

        def note(part: Any, owner: str, mark: Mark) -> Any:
            found.append((owner, part))
            return part

        self._walk(value, person, note)
        return found


def sealed_value(mark: Mark, token: str) -> Any:
    """Returns what is written in place of a value: a token, or that it is forgotten."""
    if not token:
        return mark.forgotten
    return [True, token] if isinstance(mark.forgotten, ForgottenArray) else SealedValue(token)


def opened_text(mark: Mark, text: str) -> Any:
    """Returns the value of a JSON text, sealed or not.

    Raises KeyNotLoaded unless its key is open in this process, and a msgspec error for what does not fit.
    """
    return _open(mark.decode_sealed(text.encode()), "", mark)


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
                for part in directly_in(node):
                    _check(part, where, seen)


def sealed_type(annotation: Any, where: str) -> SealedType | None:
    """Returns how a type's personal values are sealed; None for a type that has none."""
    try:
        node = types.type_info(annotation)
    except (TypeError, NameError):
        return None  # JSON cannot hold it, which is refused elsewhere.
    return SealedType(annotation, where) if has_personal(node) else None


def sealed_class(cls: Any, where: str) -> SealedType | None:
    """Returns the same as `sealed_type`, which takes longer, for a class that is met often."""
    return _sealed_class(cls, where)


_sealed_class = lru_cache(maxsize=1_024)(sealed_type)
