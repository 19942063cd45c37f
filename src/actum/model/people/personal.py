"""Personal and Sealed, the marks of a person's values, and Forgotten, which is read once they are gone."""

from collections.abc import Callable
from functools import cached_property
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeVar, Union, get_args, get_origin

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

    def __init__(self, annotation: Any, forgotten: Forgotten, *, is_sealed: bool = False) -> None:
        self.annotation = annotation
        self.forgotten = forgotten
        self.is_sealed: bool = is_sealed
        """Whether it is sealed in views too."""

    def __repr__(self) -> str:
        return f"<{'sealed ' if self.is_sealed else ''}Mark of {self.annotation}>"

    @cached_property
    def decode(self) -> Callable[[bytes], Any]:
        """Reads a value that was opened."""
        return msgspec.json.Decoder(self.annotation).decode

    @cached_property
    def decode_sealed(self) -> Callable[[bytes], Any]:
        """Reads a value that may be sealed, and is not opened."""
        # The parts are values.
        return msgspec.json.Decoder(Union[self.annotation, type(self.forgotten)]).decode  # noqa: UP007


if TYPE_CHECKING:
    Personal = Union[T, Forgotten]  # noqa: UP007 (a generic alias, which type checkers expand)
    Sealed = Union[T, Forgotten]  # noqa: UP007
    PersonId = str
else:
    PersonId = Annotated[str, Meta(extra={OWNER: True})]

    class Personal:
        """Marks a value that belongs to a person: `email: Personal[str]`.

        It is sealed wherever it is stored, under a key of that person; whose it is, says `person=` of the
        entity, or a field of the type `PersonId` beside it. Once the person is forgotten it is read as
        `Forgotten`, which is why type checkers see `str | Forgotten`.
        """

        is_sealed: ClassVar[bool] = False

        def __class_getitem__(cls, annotation: Any) -> Any:
            name = cls.__name__
            parts = set(_parts(annotation))
            if any(isinstance(part, type) and _is_object(part) for part in parts):
                raise DefinitionError(
                    f"{name}[{_name(annotation)}] marks a whole object: mark its fields instead, "
                    "as in `street: Personal[str]`"
                )
            if Any in parts or object in parts:
                raise DefinitionError(f"{name}[{_name(annotation)}] needs a type, such as {name}[str]")
            kinds = {get_origin(part) or part for part in parts}
            has_objects = dict in kinds
            if has_objects and kinds & {list, tuple, set, frozenset}:
                raise DefinitionError(
                    f"{name}[{_name(annotation)}] may be an object or an array, so that JSON has no place "
                    "left for a forgotten value: use a Struct, and mark its fields"
                )
            marked = FORGOTTEN_ARRAY if has_objects else FORGOTTEN
            union = Union[annotation, type(marked)]  # noqa: UP007 (the parts are values)
            mark = Mark(annotation, marked, is_sealed=cls.is_sealed)
            return Annotated[union, Meta(extra={MARK: mark})]

    class Sealed(Personal):
        """Marks a personal value that a view keeps sealed too: `email: Sealed[str]`, as a column of it.

        SQL cannot compare, order or change it, so that queries only select it. Everything else is as with
        `Personal`; whose it is, says `person=` of the view, or a column of the type `PersonId`.
        """

        is_sealed = True


def mark_of(node: Any) -> Mark | None:
    """Returns the mark of a personal type, from msgspec's description of a type."""
    found = node.extra.get(MARK) if isinstance(node, msgspec.inspect.Metadata) and node.extra else None
    return found if isinstance(found, Mark) else None


def is_sealed_mark(node: Any) -> bool:
    """Whether a type is personal, and sealed in views too."""
    mark = mark_of(node)
    return mark is not None and mark.is_sealed


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
