"""Rows of views: every page once, filters for each kind of column, and SQL that only reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from actum import App, Context, Entity, Event, Invalid, View, command, reducer
from actum.app import definition_of
from actum.errors import Overloaded, TooLarge
from actum.operations.reading import rows as operation
from actum.operations.reading.rows import RowFilter, ask_sql, count_rows, list_rows
from actum.runtime.context.context import session_of
from actum.stores.open import Stores
from tests.servers.postgres import empty, url_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Made(Event):
    number: int


class Thing(Entity, emits=[Made]):
    @command
    def make(self, number: int) -> None:
        self.emit(Made(number))


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Things(View, key="number"):
    """One row for each number, with a column of every kind."""

    number: int
    text: str = ""
    price: Decimal = Decimal(0)
    weight: float = 0.0
    is_even: bool = False
    at: datetime = NOON
    day: date = NOON.date()
    tags: tuple[str, ...] = ()
    raw: bytes = b""
    note: str | None = None
    colour: Colour = Colour.RED

    @reducer(key="number")
    def made(self, event: Made) -> None:
        number = event.number
        self.text, self.price, self.weight = f"thing {number}% _", Decimal(number) / 10, number / 4
        self.is_even, self.at = number % 2 == 0, NOON.replace(minute=number)
        self.day, self.tags, self.raw = date(2026, 11, number + 1), (f"t{number}",), bytes([number])
        self.note = "noted" if number == 3 else None
        self.colour = Colour.BLUE if number > 5 else Colour.RED


def keyed_by(name: str, kind: Any, key_of: Any) -> type[View]:
    """A view whose key has another type."""

    def made(self: Any, event: Made) -> None: ...

    made.__annotations__ = {"event": Made, "return": None}
    body = {"__annotations__": {"id": kind}, "made": reducer(key=key_of)(made), "__module__": __name__}
    return type(View)(name, (View,), body)


KEYS: dict[str, tuple[Any, Any]] = {
    "ByText": (str, lambda event: f"k{event.number}"),
    "ByDecimal": (Decimal, lambda event: Decimal(event.number) / 8),
    "ByTime": (datetime, lambda event: NOON.replace(minute=event.number, microsecond=event.number)),
    "ByUuid": (UUID, lambda event: UUID(int=event.number)),
    "ByBytes": (bytes, lambda event: bytes([event.number])),
    "ByDay": (date, lambda event: date(2026, 11, event.number + 1)),
}
VIEWS = {name: keyed_by(name, *given) for name, given in KEYS.items()}
app = App("things", entities=[Thing], views=[Things, *VIEWS.values()])
TYPES = definition_of(app).catalog.views


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.slow)])
async def store(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory:"
    server: Any = request.getfixturevalue("postgres")
    await empty(server)
    return url_of(server, schema="store")


@asynccontextmanager
async def things(store: str) -> AsyncIterator[Stores]:
    """Ten things, and the stores that they are in."""
    async with app.running(store) as ctx:
        for number in range(10):
            await ctx.entity(Thing, "a").make(number)
        for view in [Things, *VIEWS.values()]:
            assert await ctx.view(view).get(_any_key(view)) is not None
        yield stores_of(ctx)


def stores_of(ctx: Context) -> Stores:
    services = session_of(ctx).services
    return Stores(services.journal, services.database)


def _any_key(view: type[View]) -> Any:
    return 9 if view is Things else KEYS[view.__name__][1](Made(9))


async def test_pages_have_every_row_once_whatever_the_type_of_the_key(store: str) -> None:
    async with things(store) as stores:
        for view in TYPES.values():
            found: list[Any] = []
            after = None
            while True:
                page = await list_rows(stores, view, after=after, limit=3)
                found += page.rows
                if page.next is None:
                    break
                after = page.next

            assert len(found) == len(set(map(str, found))) == 10, view.name
            assert page.columns == tuple(column.name for column in view.columns)


FILTERS = [
    (RowFilter("number", "is", "4"), {4}),
    (RowFilter("number", "at least", "8"), {8, 9}),
    (RowFilter("number", "at most", "1"), {0, 1}),
    (RowFilter("number", "is not", "4"), {0, 1, 2, 3, 5, 6, 7, 8, 9}),
    (RowFilter("text", "is", "thing 4% _"), {4}),
    (RowFilter("text", "contains", "4% _"), {4}),
    (RowFilter("text", "contains", "%"), set(range(10))),
    (RowFilter("text", "contains", "!"), set()),
    (RowFilter("text", "contains", "g%4"), set()),
    (RowFilter("text", "contains", "4%_"), set()),
    (RowFilter("price", "is", "0.40"), {4}),
    (RowFilter("price", "at least", "0.85"), {9}),
    (RowFilter("weight", "at most", "0.25"), {0, 1}),
    (RowFilter("is_even", "is", "true"), {0, 2, 4, 6, 8}),
    (RowFilter("at", "at least", "2026-11-30 12:08"), {8, 9}),
    (RowFilter("at", "is", "2026-11-30T13:04:00+01:00"), {4}),
    (RowFilter("day", "is", "2026-11-05"), {4}),
    (RowFilter("raw", "is", "04"), {4}),
    (RowFilter("note", "is empty"), {0, 1, 2, 4, 5, 6, 7, 8, 9}),
    (RowFilter("note", "is", "noted"), {3}),
    (RowFilter("colour", "is", "blue"), {6, 7, 8, 9}),
]


async def test_filters_compare_as_the_columns_kind_does(store: str) -> None:
    async with things(store) as stores:
        for wanted, numbers in FILTERS:
            page = await list_rows(stores, TYPES["things"], wanted)

            assert {row[0] for row in page.rows} == numbers, wanted
            assert await count_rows(stores, TYPES["things"], wanted) == len(numbers), wanted


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (RowFilter("number", "is", "four"), "write a whole number"),
        (RowFilter("number", "contains", "4"), "only text contains"),
        (RowFilter("is_even", "is", "maybe"), "write true or false"),
        (RowFilter("at", "is", "noon"), "write a time in UTC"),
        (RowFilter("price", "is", "cheap"), "write a number"),
        (RowFilter("tags", "is", "t4"), "ask for a part of it with SQL"),
        (RowFilter("raw", "is", "xyz"), "write hexadecimal digits"),
        (RowFilter('number" = 1 OR "number', "is", "1"), "has no column"),
    ],
)
async def test_a_filter_that_does_not_fit_is_invalid(wanted: RowFilter, said: str) -> None:
    async with things("memory:") as stores:
        with pytest.raises(Invalid, match=said):
            await list_rows(stores, TYPES["things"], wanted)


async def test_a_page_behind_what_is_no_key_is_invalid() -> None:
    async with things("memory:") as stores:
        with pytest.raises(Invalid, match="write a whole number"):
            await list_rows(stores, TYPES["things"], after="x")


async def test_of_a_long_answer_the_first_rows_are_given(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "MAX_ROWS", 4)
    async with things(store) as stores:
        cut = await ask_sql(stores, "SELECT number FROM things ORDER BY number DESC -- all of them")
        whole = await ask_sql(stores, "SELECT number FROM things WHERE number < 4;")

    assert (cut.columns, [row[0] for row in cut.rows], cut.is_cut) == (("number",), [9, 8, 7, 6], True)
    assert (len(whole.rows), whole.is_cut) == (4, False)


async def test_a_long_answer_whose_columns_have_one_name_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operation, "MAX_ROWS", 4)
    async with things("memory:") as stores:
        with pytest.raises(TooLarge):
            await ask_sql(stores, "SELECT a.number, b.number FROM things a, things b")


async def test_sql_may_not_take_long(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "TIME_LIMIT", operation.COUNT_LIMIT / 10)
    endless = (
        "SELECT count(*) FROM things a, things b, things c, things d, things e, things f, things g, things h"
    )
    async with things(store) as stores:
        with pytest.raises(Overloaded):
            await ask_sql(stores, f"{endless}, things i")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM things",
        "UPDATE things SET text = ''",
        "DROP TABLE things",
        "INSERT INTO things (number) VALUES (77)",
        "SELECT 1; SELECT 2",
        "EXPLAIN SELECT 1 FROM things",
        "ATTACH 'x' AS y",
        "VACUUM",
        "",
        " ; ",
    ],
)
async def test_sql_that_is_no_query_is_invalid(sql: str) -> None:
    async with things("memory:") as stores:
        with pytest.raises(Invalid):
            await ask_sql(stores, sql)

        assert await count_rows(stores, TYPES["things"]) == 10
