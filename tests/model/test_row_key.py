"""What `@reducer(key=…)` may name: told when the view is compiled."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec import Struct

from actum import DefinitionError, Event, View, reducer
from actum.model.view import view_type


class Colour(Enum):
    RED = "red"


class Item(Struct):
    sku: str


def view_keyed_by(key: Any, *, field: Any = str, of: Any = str) -> type[View]:
    """A view whose key is `of` a type, and an event of one field."""
    fields = {"__annotations__": {"field": field}, "__module__": __name__}
    happened = type(Event)("Happened", (Event,), fields)

    def happen(self: Any, event: Any) -> None: ...

    happen.__annotations__["event"] = happened
    namespace = {"__annotations__": {"id": of}, "happened": reducer(key=key)(happen), "__module__": __name__}
    return type(View)("Happenings", (View,), namespace)


FITTING = [
    (str, str),
    (list[str], str),
    (str | None, str),
    (set[str] | None, str),
    (tuple[str, str], str),
    (Literal["a", "b"], str),
    (Any, str),
    (int, int),
    (str, int),
    (list[int], int),
    (UUID, UUID),
    (Colour, Colour),
    (date, date),
    (bytes, bytes),
]
UNFIT = [
    (int, str),
    (float, str),
    (bool, int),
    (Decimal, str),
    (UUID, str),
    (date, str),
    (datetime, str),
    (Colour, str),
    (Item, str),
    (list[Item], str),
    (list[list[str]], str),
    (list[int], str),
    (dict[str, int], str),
    (tuple[str, int], str),
    (int | str, str),
    (Literal[1], str),
]


@pytest.mark.parametrize(("field", "of"), FITTING, ids=str)
def test_a_field_that_gives_keys_is_taken(field: Any, of: Any) -> None:
    assert view_type(view_keyed_by("field", field=field, of=of)).key == "id"


@pytest.mark.parametrize(("field", "of"), UNFIT, ids=str)
def test_a_field_that_gives_no_key_is_refused(field: Any, of: Any) -> None:
    with pytest.raises(
        DefinitionError, match=r"@reducer\(key='field'\): Happened.field is .* give them one type"
    ):
        view_type(view_keyed_by("field", field=field, of=of))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("other", "has no such field"),
        (5, "neither a field of Happened nor a function"),
        (["field"], "neither a field of Happened nor a function"),
        (lambda: "a", "called with the event alone"),
        (lambda event, recorded: "a", "called with the event alone"),
    ],
)
def test_what_is_neither_a_field_nor_a_function_of_the_event_is_refused(key: Any, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        view_type(view_keyed_by(key))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (Decimal("100"), Decimal("1E+2")),
        (Decimal("-0.0"), Decimal(0)),
        (datetime(2030, 1, 1, 12, tzinfo=UTC), datetime(2030, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_equal_keys_have_one_text_which_gives_them_back(one: Any, other: Any) -> None:
    view = view_type(view_keyed_by(lambda event: one, of=type(one)))

    assert view.key_to_text(one) == view.key_to_text(other)
    assert view.key_from_text(view.key_to_text(one)) == one
