"""Answers: rows shaped into what a query is annotated to give."""

import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec import Struct, field

from actum.errors import NotFound, WrongReply
from actum.model.event import Event
from actum.model.handler import Query, reducer
from actum.model.view import View, ViewQuery
from actum.ports.database import Answer
from actum.queries.answers import read_answer


class Opened(Event):
    owner: str


class Wealth(Struct):
    owner: str
    total: int = 7


class Camel(Struct, rename="camel", forbid_unknown_fields=True):
    first_name: str
    is_rich: bool


class Point(Struct):
    x: int


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Everything(Struct):
    text: str
    whole: int
    part: float
    flag: bool
    moment: datetime | None
    day: date
    number: UUID
    price: Decimal
    colour: Colour
    level: Level
    size: Literal["s", "m"]
    raw: bytes
    words: list[str]
    counts: dict[str, int] | None
    place: Point | None


class Accounts(View):
    id: str
    owner: str = ""
    tags: list[str] = field(default_factory=list)

    @reducer
    def opened(self, event: Opened) -> None: ...


def answer(annotation: Any, columns: str, *rows: tuple[Any, ...]) -> Any:
    def asked(self: Any) -> Any: ...

    asked.__annotations__["return"] = annotation
    return read_answer(
        ViewQuery("Balances", Query(asked, "SELECT 1")), Answer(tuple(columns.split()), list(rows))
    )


def test_rows_become_structs() -> None:
    found = answer(list[Wealth], "owner total", ("ann", 3), ("bob", 4))

    assert found == [Wealth("ann", 3), Wealth("bob", 4)]


def test_no_rows_are_an_empty_list() -> None:
    assert answer(list[Wealth], "owner total") == []
    assert answer(list[int], "total") == []


def test_columns_are_found_by_name_whatever_their_order_and_case() -> None:
    assert answer(list[Wealth], "TOTAL Owner", (3, "ann")) == [Wealth("ann", 3)]


def test_columns_that_are_no_fields_are_left_out() -> None:
    assert answer(list[Wealth], "id owner more total", ("a", "ann", None, 3)) == [Wealth("ann", 3)]
    assert answer(list[Wealth], "id owner", ("a", "ann")) == [Wealth("ann", 7)]


def test_fields_that_are_not_selected_have_their_defaults() -> None:
    assert answer(list[Wealth], "owner", ("ann",)) == [Wealth("ann", 7)]


def test_columns_are_fields_by_their_names_in_python() -> None:
    assert answer(Camel, "first_name is_rich more", ("ann", 1, 5)) == Camel("ann", True)


def test_every_type_is_read_as_sqlite_gives_it() -> None:
    row = (
        "it's 😀",
        -5,
        2,
        0,
        "2024-01-01T00:00:00.000001+00:00",
        "2024-02-29",
        str(UUID(int=4)),
        "1.50",
        "red",
        1,
        "m",
        b"\xff",
        '["a","b"]',
        '{"a":1}',
        '{"x":6}',
    )

    found = answer(Everything, " ".join(Everything.__struct_fields__), row)

    assert found == Everything(
        "it's 😀",
        -5,
        2.0,
        False,
        datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        date(2024, 2, 29),
        UUID(int=4),
        Decimal("1.50"),
        Colour.RED,
        Level.LOW,
        "m",
        b"\xff",
        ["a", "b"],
        {"a": 1},
        Point(6),
    )
    assert type(found.part) is float


def test_null_is_none_where_it_is_allowed() -> None:
    row = ("", 0, 0, 1, None, "2024-02-29", str(UUID(int=4)), "1", "red", 1, "s", b"", "[]", None, None)

    found = answer(Everything, " ".join(Everything.__struct_fields__), row)

    assert (found.moment, found.counts, found.place) == (None, None, None)


@pytest.mark.parametrize("text", ["null", "true", "1", "[]", '"x"', ""])
def test_text_stays_text(text: str) -> None:
    assert answer(list[str], "owner", (text,)) == [text]
    assert answer(str | None, "owner", (text,)) == text
    assert answer(list[Wealth], "owner", (text,)) == [Wealth(text)]


def test_rows_of_a_view_are_read_as_rows() -> None:
    found = answer(list[Accounts], "id owner tags", ("a", "ann", '["x"]'))

    assert found == [Accounts("a", "ann", ["x"])]
    assert type(found[0]) is Accounts


@pytest.mark.parametrize(
    ("annotation", "value", "read"),
    [
        (list[int], 5, [5]),
        (list[bool], 1, [True]),
        (list[str | None], None, [None]),
        (list[float], 5, [5.0]),
        (list[int], 5.0, [5]),
        (list[list[int]], "[1,2]", [[1, 2]]),
        (list[Decimal], "1.50", [Decimal("1.50")]),
        (list[Any], "x", ["x"]),
        (list[datetime], "2024-01-01T00:00:00+00:00", [datetime(2024, 1, 1, tzinfo=UTC)]),
    ],
)
def test_rows_of_one_column_become_values(annotation: Any, value: Any, read: Any) -> None:
    assert answer(annotation, "whatever", (value,)) == read


def test_one_row_or_none_is_given() -> None:
    assert answer(Wealth | None, "owner total", ("ann", 3)) == Wealth("ann", 3)
    assert answer(Wealth | None, "owner total") is None
    assert answer(int | None, "total", (3,)) == 3
    assert answer(int | None, "total") is None
    assert answer(int | None, "total", (None,)) is None
    assert answer(list[str] | None, "tags", ('["x"]',)) == ["x"]
    assert answer(int | str | None, "total", ("x",)) == "x"


def test_one_value_is_given() -> None:
    assert answer(int, "count(*)", (3,)) == 3
    assert answer(bool, "exists", (0,)) is False
    assert answer(Wealth, "owner total", ("ann", 3)) == Wealth("ann", 3)


@pytest.mark.parametrize("annotation", [int, Wealth])
def test_a_value_that_is_not_there_is_not_found(annotation: Any) -> None:
    with pytest.raises(NotFound, match=r"Balances\.asked found no row"):
        answer(annotation, "owner")


@pytest.mark.parametrize("annotation", [int, int | None, Wealth, Wealth | None])
def test_more_rows_than_one_are_refused_where_one_is_asked_for(annotation: Any) -> None:
    with pytest.raises(
        WrongReply, match=r"Balances\.asked returned 2 rows, .* add LIMIT 1, or annotate list\["
    ):
        answer(annotation, "owner", ("a",), ("b",))


@pytest.mark.parametrize(
    ("annotation", "value", "why"),
    [
        (int, None, r"Annotate what may be NULL with `\| None`, or use coalesce"),
        (list[int], "x", r"Expected `int`, got `str`"),
        (list[str], 5, r"Expected `str`, got `int`"),
        (bool, 2, r"Expected `bool`"),
        (Colour, "green", r"Invalid enum value"),
        (list[list[int]], "no json", r"JSON is malformed"),
        (list[list[int]], '["x"]', r"Expected `int`, got `str`"),
        (list[Wealth], 5, r"Expected `str`, got `int` - at `\$\[0\]\.owner`"),
        (list[Wealth], None, r"Annotate what may be NULL"),
    ],
)
def test_a_row_that_does_not_fit_is_said(annotation: Any, value: Any, why: str) -> None:
    with pytest.raises(WrongReply, match=why) as refused:
        answer(annotation, "owner", (value,))

    assert str(refused.value).startswith("Balances.asked returns")


def test_a_struct_whose_field_is_not_selected_is_said() -> None:
    with pytest.raises(WrongReply, match="missing required field `owner`"):
        answer(list[Wealth], "total", (5,))
