"""The sealed columns of a view: where they are in a row, and whose they are."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec import inspect as types
from msgspec.json import encode

from actum.errors import AuthorError, DefinitionError
from actum.model.people.personal import Mark, is_owner
from actum.model.people.sealing import sealed_value
from actum.model.rows.column import Column

BEGINNINGS = ('{"sealed":"', '[true,"')
"""How a column begins that is sealed; JSON that is no object and no array begins otherwise."""


class SealedColumns(Struct, frozen=True):
    """The places of sealed columns in a row, each with its mark, and the place of the owner's id."""

    view: str
    owner: int
    owner_name: str
    marks: tuple[tuple[int, Mark], ...]

    @property
    def shaping(self) -> tuple[Any, ...]:
        """Which columns are sealed for whom: a view is built anew when that changes."""
        return "sealed", self.owner_name, *(place for place, _ in self.marks)

    def persons(self, row: Sequence[Any]) -> set[str]:
        """Returns the person whose values are in a row; raises AuthorError if they belong to nobody."""
        if all(row[place] is None for place, _ in self.marks):
            return set()
        owner = row[self.owner]
        if not owner:
            raise AuthorError(
                f"a row of {self.view} has sealed values that belong to nobody: its column "
                f"{self.owner_name!r} holds no id of a person"
            )
        return {owner}

    def seal(self, row: Sequence[Any], seal: Callable[[str, bytes], str]) -> tuple[Any, ...]:
        """Returns a row as it is stored."""
        stored = list(row)
        for place, mark in self.marks:
            if row[place] is not None:
                token = seal(row[self.owner], row[place].encode())
                stored[place] = encode(sealed_value(mark, token)).decode()
        return tuple(stored)

    def texts_in(self, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """Returns what is sealed in stored rows."""
        return [row[place].encode() for row in rows for place, _ in self.marks if row[place] is not None]


def texts_in_answer(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    """Returns what is sealed in the rows of an answer, whichever columns it has."""
    return [
        value.encode()
        for row in rows
        for value in row
        if isinstance(value, str) and value.startswith(BEGINNINGS)
    ]


def sealed_columns(cls: type[Any], columns: Sequence[Column], person: str | None) -> SealedColumns | None:
    """Returns a view's sealed columns, None if it has none; raises DefinitionError if nobody owns them."""
    marks = tuple((place, column.sealed) for place, column in enumerate(columns) if column.sealed)
    name = cls.__name__
    if not marks:
        if person is not None:
            raise DefinitionError(
                f"{name} says person={person!r}, and has no sealed columns: mark them, as in "
                "`email: Sealed[str]`, or leave person= out"
            )
        return None
    fields = types.type_info(cls).fields  # type: ignore[attr-defined]
    owners = [person] if person is not None else [one.name for one in fields if is_owner(one.type)]
    names = [column.name for column in columns]
    if len(owners) != 1 or owners[0] not in names or columns[names.index(owners[0])].plain != "text":
        raise DefinitionError(
            f"{name} has Sealed columns, and nothing says whose they are: write class {name}(View, "
            'person="id") if its field `id` holds the id of a person, the name of another `str` field that '
            "does, or give one field the type PersonId"
        )
    return SealedColumns(name, names.index(owners[0]), owners[0], marks)
