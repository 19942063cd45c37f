"""The columns of a view that `search` looks into: how they are declared, and the words of a row."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec import inspect as types

from actum.errors import DefinitionError
from actum.model.people.personal import mark_of
from actum.model.rows.column import Column
from actum.model.rows.words import RULE, stored_words


class SearchedColumns(Struct, frozen=True):
    """The columns that are searched, in the order of their importance, and their places in a row."""

    names: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def shaping(self) -> tuple[Any, ...]:
        """What of them is stored: a view is built anew when that changes."""
        return "search", RULE, *self.names

    def words(self, row: Sequence[Any]) -> str:
        """Returns the words of a row, given as its columns store it, as they are stored."""
        return stored_words([row[place] for place in self.places])

    def size(self, row: Sequence[Any]) -> int:
        """Returns how many characters of a row are searched."""
        return sum(len(row[place] or "") for place in self.places)


def listed_columns(view: str, search: Any) -> tuple[Any, ...] | None:
    """Returns what `search=` lists, None if it is not there; raises DefinitionError if it is no list."""
    if search is None:
        return None
    if isinstance(search, str) or not isinstance(search, Iterable):
        raise DefinitionError(
            f'class {view}(View, search={search!r}): list the columns, as in search=["title", "body"]'
        )
    return tuple(search)


def searched_columns(
    cls: type[Any], columns: Sequence[Column], search: tuple[Any, ...] | None
) -> SearchedColumns | None:
    """Returns the columns that are searched; raises DefinitionError, with the fix, for what cannot be."""
    if search is None:
        return None
    name = cls.__name__
    if not search:
        raise DefinitionError(f"{name}: search= lists no column; name at least one, or leave search= out")
    places = {column.name: place for place, column in enumerate(columns)}
    for field in search:
        if not isinstance(field, str) or field not in places:
            raise DefinitionError(f"{name}: search= names {field!r}, but there is no such field")
        if search.count(field) > 1:
            raise DefinitionError(f"{name}: search= names {field!r} twice; name it once")
        _check(name, columns[places[field]])
    return SearchedColumns(search, tuple(places[field] for field in search))


def _check(view: str, column: Column) -> None:
    if column.sealed:
        raise DefinitionError(
            f"{view}: search= names {column.name!r}, which is Sealed, so that no query can look into it: "
            "take it out of search=, or declare it Personal, whose words are kept until the person is "
            "forgotten"
        )
    declared = types.type_info(column.annotation)
    mark = mark_of(declared)
    if not _is_text(declared if mark is None else types.type_info(mark.annotation)):
        raise DefinitionError(
            f"{view}: search= names {column.name!r}, which has the type {column.annotation}: only columns of "
            "the type str, str | None or Personal[str] are searched. Have a reducer write the text to be "
            "searched into such a column"
        )


def _is_text(declared: types.Type) -> bool:
    match declared:
        case types.Metadata():
            return _is_text(declared.type)
        case types.UnionType():
            parts = [part for part in declared.types if not isinstance(part, types.NoneType)]
            return all(map(_is_text, parts))
        case _:
            return isinstance(declared, types.StrType)
