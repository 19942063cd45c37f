"""Rows of views whose key has several columns, or is a function of what is recorded of an event."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import App, Deleted, Entity, Event, Invalid, Recorded, View, command, query, reducer
from actum.app import definition_of
from actum.operations.json_schema import schema_of
from actum.operations.reading.rows import list_rows
from actum.operations.set_aside import list_set_aside, request_rows
from actum.testing import testing
from tests.servers.postgres import empty, url_of

broken: list[str] = []


class Sold(Event):
    rows: list[int]
    guest: str
    price: Decimal = Decimal("9.50")


class Returned(Event):
    show: str
    row: int


class Show(Entity, emits=[Sold, Returned]):
    @command
    def sell(self, rows: list[int], guest: str, price: Decimal = Decimal("9.50")) -> None:
        self.emit(Sold(rows, guest, price))

    @command
    def take_back(self, row: int) -> None:
        self.emit(Returned(self.id, row))


class Guest(Struct):
    row: int
    guest: str
    sold: int


def rows_of(event: Sold, recorded: Recorded[Sold]) -> list[tuple[str, int]]:
    return [(recorded.id, row) for row in event.rows]


class Seats(View, key=("show", "row"), indexes=["guest"]):
    show: str
    row: int
    guest: str = ""
    sold: int = 0

    @reducer(key=rows_of)
    def take(self, event: Sold) -> None:
        if event.guest in broken:
            raise ValueError("a guest like this")
        self.guest = event.guest
        self.sold += 1

    @reducer(key=("show", "row"))
    def take_back(self, event: Returned) -> None:
        self.delete()

    @query("""
        SELECT seats.row, guest, sold FROM seats JOIN days ON days.show = seats.show
        WHERE seats.show = :show ORDER BY seats.row
    """)
    def of(self, show: str) -> list[Guest]: ...


class Days(View, key=("show", "day")):
    show: str
    day: date
    sales: int = 0

    @reducer(key=lambda event, recorded: (recorded.id, recorded.time.date()))
    def take(self, event: Sold) -> None:
        self.sales += len(event.rows)


class Versions(View):
    id: str
    row: int = 0

    @reducer(key=lambda event, recorded: [f"{recorded.id}-{recorded.version}", recorded.kind])
    def take(self, event: Sold, recorded: Recorded[Sold]) -> None:
        self.row = recorded.version


class Prices(View, key=("price", "at")):
    price: Decimal
    at: datetime
    count: int = 0

    @reducer(key=lambda event, recorded: (event.price, recorded.time))
    def take(self, event: Sold) -> None:
        self.count += 1

    @reducer(key=lambda event: None)
    def gone(self, event: Deleted) -> None: ...


app = App("shows", entities=[Show], views=[Seats, Days, Versions, Prices])


@pytest.fixture(autouse=True)
def all_well() -> None:
    broken.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'shows.db'}" if request.param == "sqlite" else "memory:"


async def test_a_row_is_found_by_all_columns_of_its_key(store: str) -> None:
    """Each combination is a row of its own; a key that is like another in one column alone is another."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Show, "hamlet").sell([3, 4], "ann")
        await t.ctx.entity(Show, "medea").sell([3], "bob")
        await t.ctx.entity(Show, "hamlet").sell([4], "cleo")
        await t.ctx.entity(Show, "hamlet").take_back(3)

        seats = t.ctx.view(Seats)
        assert await seats.get(("hamlet", 4)) == Seats("hamlet", 4, "cleo", 2)
        assert await seats.get(("medea", 3)) == Seats("medea", 3, "bob", 1)
        assert await seats.get(("hamlet", 3)) is None
        assert await seats.get(("medea", 4)) is None
        assert await seats.of("hamlet") == [Guest(4, "cleo", 2)]


async def test_rows_are_the_same_after_a_restart_and_a_rebuild(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shows.db'}"
    async with testing(app, store=url) as t:
        await t.ctx.entity(Show, "hamlet").sell([1, 2], "ann")
    async with testing(app, store=url) as t:
        await t.ctx.entity(Show, "hamlet").sell([2], "bob")
        assert await t.ctx.view(Seats).get(("hamlet", 2)) == Seats("hamlet", 2, "bob", 2)
        await t.node.services.views.rebuild("seats")
        await t.node.settle()
        assert await t.ctx.view(Seats).get(("hamlet", 2)) == Seats("hamlet", 2, "bob", 2)
        assert await t.ctx.view(Seats).get(("hamlet", 1)) == Seats("hamlet", 1, "ann", 1)


async def test_a_key_sees_id_version_and_time_of_what_is_recorded(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Show, "hamlet").sell([1, 2], "ann")
        await t.ctx.entity(Show, "hamlet").sell([3], "bob")
        today = t.now.date()
        await t.advance(days=1)
        await t.ctx.entity(Show, "hamlet").sell([4], "bob")
        tomorrow = t.now.date()

        days, versions = t.ctx.view(Days), t.ctx.view(Versions)
        assert today != tomorrow
        assert await days.get(("hamlet", today)) == Days("hamlet", today, 3)
        assert await days.get(("hamlet", tomorrow)) == Days("hamlet", tomorrow, 1)
        assert await versions.get("hamlet-2") == Versions("hamlet-2", 2)
        assert await versions.get("Show") == Versions("Show", 3)


async def test_equal_keys_are_one_row_however_they_are_written(store: str) -> None:
    """A price with another number of digits is the same price."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Show, "hamlet").sell([1], "ann", Decimal("9.5"))
        await t.ctx.entity(Show, "medea").sell([1], "ann", Decimal("9.500"))

        row = await t.ctx.view(Prices).get((Decimal("9.50"), t.now))
        assert row is not None
        assert row.count == 2


async def test_a_row_of_several_columns_is_set_aside_by_its_key_alone(store: str) -> None:
    """It keeps its last good state, its neighbours go on, and once it is retried it is up to date."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Show, "hamlet").sell([1, 2], "ann")
        broken.append("bob")
        await t.ctx.entity(Show, "hamlet").sell([2], "bob")
        await t.ctx.entity(Show, "hamlet").sell([1, 2], "cleo")
        await t.node.settle()

        [row] = await list_set_aside(t.node.services, Seats.__view_type__)  # type: ignore[arg-type]
        assert (row.key, row.waiting) == (["hamlet", 2], 2)
        assert await t.ctx.view(Seats).get(("hamlet", 2)) == Seats("hamlet", 2, "ann", 1)
        assert await t.ctx.view(Seats).get(("hamlet", 1)) == Seats("hamlet", 1, "cleo", 2)

        broken.clear()
        request = await request_rows(t.node.services, Seats.__view_type__, '["hamlet",2]')  # type: ignore[arg-type]
        assert request.count == 1
        await t.node.services.views.works["seats"].retry_rows()
        await t.node.settle()
        assert await t.ctx.view(Seats).get(("hamlet", 2)) == Seats("hamlet", 2, "cleo", 3)


async def test_what_is_no_key_is_explained(store: str) -> None:
    async with testing(app, store=store) as t:
        with pytest.raises(Invalid, match="a tuple of 2 values"):
            await t.ctx.view(Seats).get("hamlet")
        with pytest.raises(Invalid, match="cannot be a key of the view seats"):
            await t.ctx.view(Seats).get(("hamlet", "front"))
        with pytest.raises(Invalid, match="write its columns"):
            await request_rows(t.node.services, Seats.__view_type__, "hamlet")  # type: ignore[arg-type]


async def test_pages_of_rows_are_in_the_order_of_their_keys(store: str) -> None:
    """Every row is on one page, whichever columns two neighbours share."""
    async with testing(app, store=store) as t:
        for show in ("b", "a", "c"):
            await t.ctx.entity(Show, show).sell([2, 10, 1], "ann")
        await t.ctx.entity(Show, "a").sell([7], "ann")
        await t.node.settle()
        found: list[Any] = []
        after = None
        while True:
            page = await list_rows(
                t.node.services,  # type: ignore[arg-type]
                Seats.__view_type__,
                after=after,
                limit=2,
            )
            found += [row[:2] for row in page.rows]
            after = page.next
            if after is None:
                break

        assert found == [
            *[("a", row) for row in (1, 2, 7, 10)],
            *[(show, row) for show in "bc" for row in (1, 2, 10)],
        ]
        for wrong in ("hamlet", '["a"]', '["a","b"]', "[1]"):
            with pytest.raises(Invalid):
                await list_rows(t.node.services, Seats.__view_type__, after=wrong)  # type: ignore[arg-type]


def test_the_schema_names_all_columns_of_a_key() -> None:
    catalog = definition_of(app).catalog
    views = schema_of("shows", catalog.events, catalog.kinds, catalog.views)["views"]

    assert (views["seats"]["key"], views["versions"]["key"]) == (("show", "row"), "id")
