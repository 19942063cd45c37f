"""Personal, the mark of a value that belongs to a person, and Forgotten, which is read once that is gone."""

from collections.abc import Callable
from functools import cached_property
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from actum.errors import DefinitionError

T = TypeVar("T")
MARK = "actum_personal"
"""What marks a personal type in msgspec's description of it, with the type of its values."""
OWNER = "actum_person"
"""What marks a field that holds a person's id."""


class Forgotten(Struct, frozen=True):
    """What is read in place of a personal value whose person was forgotten. As JSON, `{"forgotten": true}`.

    All of them are equal: `if isinstance(self.email, Forgotten)`, or `if self.email == FORGOTTEN`.
    """

    forgotten: bool = True

    @property
    def token(self) -> str:
        """What was sealed, as long as it has not been opened; "" in what an application sees."""
        return ""

    def __repr__(self) -> str:
        return "Forgotten()"

    def __str__(self) -> str:
        return "(forgotten)"

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Forgotten) and self.token == other.token

    def __hash__(self) -> int:
        return hash((Forgotten, self.token))


class ForgottenObject(Forgotten, frozen=True, forbid_unknown_fields=True):
    """Stands in JSON where a value is never an object."""

    sealed: str | UnsetType = UNSET

    @property
    def token(self) -> str:
        return self.sealed or ""


class ForgottenArray(Forgotten, frozen=True, array_like=True):
    """Stands in JSON where a value may be an object, but never an array."""

    sealed: str = ""

    @property
    def token(self) -> str:
        return self.sealed


FORGOTTEN: Final[Forgotten] = ForgottenObject()
FORGOTTEN_ARRAY: Final[Forgotten] = ForgottenArray()


class Mark:
    """What a personal type is of, and what is read for a forgotten value of it."""

    def __init__(self, annotation: Any, forgotten: Forgotten) -> None:
        self.annotation = annotation
        self.forgotten = forgotten

    def __repr__(self) -> str:
        return f"<Mark of {self.annotation}>"

    @cached_property
    def decode(self) -> Callable[[bytes], Any]:
        """Reads a value that was opened."""
        return msgspec.json.Decoder(self.annotation).decode


if TYPE_CHECKING:
    Personal = Union[T, Forgotten]  # noqa: UP007 (a generic alias, which type checkers expand)
    PersonId = str
else:
    PersonId = Annotated[str, Meta(extra={OWNER: True})]

    class Personal:
        """Marks a value that belongs to a person: `email: Personal[str]`.

        It is sealed wherever it is stored, under a key of that person; whose it is, says `person=` of the
        entity, or a field of the type `PersonId` beside it. Once the person is forgotten it is read as
        `Forgotten`, which is why type checkers see `str | Forgotten`.
        """

        def __class_getitem__(cls, annotation: Any) -> Any:
            parts = set(_parts(annotation))
            if any(isinstance(part, type) and _is_object(part) for part in parts):
                raise DefinitionError(
                    f"Personal[{_name(annotation)}] marks a whole object: mark its fields instead, "
                    "as in `street: Personal[str]`"
                )
            if Any in parts or object in parts:
                raise DefinitionError(f"Personal[{_name(annotation)}] needs a type, such as Personal[str]")
            kinds = {get_origin(part) or part for part in parts}
            has_objects = dict in kinds
            if has_objects and kinds & {list, tuple, set, frozenset}:
                raise DefinitionError(
                    f"Personal[{_name(annotation)}] may be an object or an array, so that JSON has no place "
                    "left for a forgotten value: use a Struct, and mark its fields"
                )
            marked = FORGOTTEN_ARRAY if has_objects else FORGOTTEN
            union = Union[annotation, type(marked)]  # noqa: UP007 (the parts are values)
            return Annotated[union, Meta(extra={MARK: Mark(annotation, marked)})]


def mark_of(node: Any) -> Mark | None:
    """Returns the mark of a personal type, from msgspec's description of a type."""
    found = node.extra.get(MARK) if isinstance(node, msgspec.inspect.Metadata) and node.extra else None
    return found if isinstance(found, Mark) else None


def is_forgotten(node: Any) -> bool:
    """Whether a type is that of a forgotten value."""
    return isinstance(node, msgspec.inspect.StructType) and node.cls in (ForgottenObject, ForgottenArray)


def is_owner(node: Any) -> bool:
    """Whether a type is that of a field that holds a person's id."""
    return isinstance(node, msgspec.inspect.Metadata) and bool(node.extra and node.extra.get(OWNER))


def _parts(annotation: Any) -> list[Any]:
    """Returns the alternatives of a type, without what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _parts(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [part for one in get_args(annotation) for part in _parts(one)]
    return [annotation]


def _is_object(cls: type) -> bool:
    return issubclass(cls, Struct) or hasattr(cls, "__dataclass_fields__") or hasattr(cls, "__total__")


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
