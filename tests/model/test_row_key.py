"""What `@reducer(key=…)` may name: told when the view is compiled."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec import Struct

from actum import DefinitionError, Event, Invalid, View, reducer
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
        (("field", "field"), "identified by id alone"),
        (lambda: "a", "called with the event, or with the event and what is recorded"),
        (lambda event, recorded, more: "a", "called with the event, or with the event and what is recorded"),
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


class Sold(Event):
    show: str
    row: int
    seats: list[int]
    note: str | None = None


def view_of_seats(key: Any, *, of: Any = ("show", "row")) -> type[View]:
    """A view whose key has two columns, and which reduces `Sold`."""

    class Seats(View, key=of):
        show: str
        row: int
        sold: int = 0

        @reducer(key=key)
        def take(self, event: Sold) -> None:
            self.sold += 1

    return Seats


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("show", "identified by show and row; name a field of Sold for each, as in key=.'show', 'row'."),
        (("show",), "name a field of Sold for each of show, row"),
        (("show", "row", "note"), "name a field of Sold for each of show, row"),
        (("show", "column"), "has no such field 'column'"),
        (("row", "show"), "Sold.row is int, but the key 'show' is str"),
        (("show", "seats"), r"Sold.seats is list\[int\], but the key 'row' is int"),
    ],
)
def test_a_key_of_several_columns_needs_a_field_for_each(key: Any, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        view_type(view_of_seats(key))


def test_a_key_of_several_columns_is_never_the_id_of_an_entity() -> None:
    class Seats(View, key=("show", "row")):
        show: str
        row: int

        @reducer
        def take(self, event: Sold) -> None: ...

    with pytest.raises(DefinitionError, match="identified by show and row; name a field"):
        view_type(Seats)


@pytest.mark.parametrize("of", [("show",), ("show", "show"), (), 7, ("show", 7), tuple(map(str, range(17)))])
def test_what_is_no_key_of_several_columns_is_refused(of: Any) -> None:
    with pytest.raises(DefinitionError, match=r"View, key="):
        view_of_seats(("show", "row"), of=of)


def test_the_columns_of_a_key_are_fields_that_can_be_one() -> None:
    with pytest.raises(DefinitionError, match="declare the field `column: str`"):
        view_type(view_of_seats(("show", "row"), of=("show", "column")))

    class Wide(View, key=("show", "seats")):
        show: str
        seats: list[int]

        @reducer(key=("show", "seats"))
        def take(self, event: Sold) -> None: ...

    with pytest.raises(DefinitionError, match=r"Wide.seats has the type .* cannot be a key"):
        view_type(Wide)


def test_equal_keys_of_several_columns_have_one_text_too() -> None:
    class Prices(View, key=("at", "price")):
        at: datetime
        price: Decimal

        @reducer(key=lambda event: None)
        def take(self, event: Sold) -> None: ...

    view = view_type(Prices)
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    elsewhere = noon.astimezone(timezone(timedelta(hours=2)))

    text = view.key_to_text((noon, Decimal("1.50")))

    assert text == view.key_to_text((elsewhere, Decimal("1.5")))
    assert view.key_from_text(text) == (noon, Decimal("1.5"))
    assert view.key_of(("2030-01-01T12:00:00Z", "1.5")) == (noon, Decimal("1.5"))


@pytest.mark.parametrize("value", ["a", ("a",), ("a", 1, 2), ["a", 1], None, ("a", "b")])
def test_what_is_no_key_of_several_columns_is_explained_to_who_asks(value: Any) -> None:
    with pytest.raises(Invalid, match="cannot be a key of the view seats"):
        view_type(view_of_seats(("show", "row"))).key_of(value)
