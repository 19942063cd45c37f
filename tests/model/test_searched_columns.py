"""Which columns of a view are searched, and what is refused with the fix."""

from datetime import date
from enum import Enum
from typing import Annotated, Any

import pytest
from msgspec import Meta, field

from actum import DefinitionError, Entity, Event, Personal, Sealed, View, reducer
from actum.model.view import view_type


class Written(Event):
    title: str


class Colour(Enum):
    RED = "red"


class Note(Entity):
    title: str = ""

    @reducer
    def written(self, event: Written) -> None:
        self.title = event.title


def declare(search: Any) -> Any:
    class Notes(View, person="id", search=search):
        id: str
        title: str = ""
        text: str | None = None
        short: Annotated[str, Meta(max_length=9)] = ""
        name: Personal[str] = ""
        email: Sealed[str] = ""
        age: Personal[int] = 0
        count: int = 0
        day: date | None = None
        colour: Colour = Colour.RED
        tags: list[str] = field(default_factory=list)

        @reducer
        def written(self, event: Written) -> None: ...

    return view_type(Notes)


def test_texts_are_searched_also_those_that_are_personal_or_may_be_none() -> None:
    for search in (["title", "text", "short", "name", "id"], ("title",), {"title": 1}):
        assert declare(search).searched.names == tuple(search)
    assert declare(None).searched is None


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("title", r'list the columns, as in search=\["title", "body"\]'),
        (7, r'list the columns, as in search=\["title", "body"\]'),
        ([], "search= lists no column; name at least one, or leave search= out"),
        (["title", "titel"], "search= names 'titel', but there is no such field"),
        ([["title"]], r"search= names \['title'\], but there is no such field"),
        (["title", "title"], "search= names 'title' twice; name it once"),
        (["email"], "'email', which is Sealed.*take it out of search=, or declare it Personal"),
        *(
            ([name], f"'{name}', which has the type .*Have a reducer write the text")
            for name in ("count", "day", "colour", "tags", "age")
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_fix(search: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        declare(search)


def test_a_view_is_built_anew_when_other_columns_are_searched_or_in_another_order() -> None:
    searches = (None, ["title"], ["title", "text"], ["text", "title"])

    assert len({declare(search).fingerprint for search in searches}) == len(searches)
    assert declare(["title"]).fingerprint == declare(("title",)).fingerprint


def test_fields_of_a_mirrored_entity_are_searched() -> None:
    class Notes(View, of=Note, search=["title"]):
        pass

    assert view_type(Notes).searched is not None
