"""Events as they happen: each once, as fast as the client reads, and never a pile of them in memory."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from actum import App, Entity, Event, View, command, reducer
from actum.console import stream
from actum.console.event_line import WantedEvents
from actum.console.stream import event_stream
from actum.operations.events import EventFilter
from actum.operations.views import view_type
from actum.runtime.context.context import Context, session_of
from tests.console.shop import Order, Stock, app

ALL = WantedEvents(EventFilter())


class Opened:
    """A stream over a running application, read message by message."""

    def __init__(self, context: Context, wanted: WantedEvents = ALL, after: int = 0) -> None:
        self.is_stopping = False
        services = session_of(context).services
        visit: Any = SimpleNamespace(
            services=services, has_page=lambda name: False, url=lambda *parts, **query: "/".join(parts)
        )
        self.stream: AsyncIterator[bytes] = event_stream(visit, wanted, after, lambda: self.is_stopping)
        self._read: list[tuple[str, int, Any]] = []

    async def next(self) -> tuple[str, int, Any]:
        """The next message: its name, its position and what it says."""
        async with asyncio.timeout(30):
            while not self._read:
                self._read = messages(await anext(self.stream))
        return self._read.pop(0)


def messages(sent: bytes) -> list[tuple[str, int, Any]]:
    found = []
    for part in sent.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.splitlines())
        if "event" in fields:
            found.append((fields["event"], int(fields["id"]), msgspec.json.decode(fields["data"])))
    return found


async def test_every_event_comes_once_in_order_and_new_ones_soon() -> None:
    async with app.running("memory:") as context:
        await context.entity(Order, "a").place("ann", 1)
        await context.entity(Order, "b").place("ben", 2)
        opened = Opened(context)

        first, second = await opened.next(), await opened.next()
        await context.entity(Order, "c").place("cas", 3)
        third = await opened.next()

    assert [position for _, position, _ in (first, second, third)] == [1, 2, 3]
    assert [line["entity"] for _, _, line in (first, second, third)] == ["Order/a", "Order/b", "Order/c"]
    assert third[2]["payload"] == '{"customer":"cas","amount":3}'


async def test_a_stream_goes_on_behind_the_last_event_that_came() -> None:
    async with app.running("memory:") as context:
        await context.entity(Order, "a").place("ann", 1)
        await context.entity(Order, "b").place("ben", 2)

        assert (await Opened(context, after=1).next())[1] == 2


@pytest.mark.parametrize(
    "wanted",
    [
        WantedEvents(EventFilter(kind="Stock")),
        WantedEvents(EventFilter(type="Counted")),
        WantedEvents(EventFilter(id="s")),
        WantedEvents(EventFilter(), view_type(app, "shelves")),
    ],
)
async def test_only_what_is_wanted_comes(wanted: WantedEvents) -> None:
    async with app.running("memory:") as context:
        await context.entity(Order, "a").place("ann", 1)
        await context.entity(Stock, "s").count_again(4)

        assert (await Opened(context, wanted).next())[2]["entity"] == "Stock/s"


class Renamed(Event):
    name: str


class Person(Entity):
    name: str = ""

    @command
    def rename(self, name: str) -> None:
        self.emit(Renamed(name))

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.name = event.name


class Company(Entity):
    name: str = ""

    @command
    def rename(self, name: str) -> None:
        self.emit(Renamed(name))

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.name = event.name


class Persons(View, of=Person):
    pass


async def test_the_events_of_a_mirror_are_those_of_its_entity_and_its_erasure() -> None:
    """Another entity emits the same event; it is not folded into the mirror."""
    register = App("register", entities=[Person, Company], views=[Persons])
    async with register.running("memory:") as context:
        await context.entity(Company, "a").rename("Ann & Sons")
        await context.entity(Person, "a").rename("Ann")
        opened = Opened(context, WantedEvents(EventFilter(), view_type(register, "persons")))
        renamed = (await opened.next())[2]
        await context.delete(Company, "a", erase=True)
        await context.delete(Person, "a", erase=True)
        deleted = (await opened.next())[2]

    assert (renamed["entity"], renamed["payload"]) == ("Person/a", '{"name":"Ann"}')
    assert (deleted["entity"], deleted["type"]) == ("Person/a", "actum.Deleted")


async def test_a_client_that_is_far_behind_is_told_how_many_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "MAX_BEHIND", 20)
    monkeypatch.setattr(stream, "BATCH", 5)
    async with app.running("memory:") as context:
        for number in range(30):
            await context.entity(Stock, "s").count_again(number)
        opened = Opened(context)

        skipped, newest = await opened.next(), await opened.next()

    assert skipped == ("skipped", 25, 25)
    assert newest[1] == 26


async def test_a_slow_client_has_nothing_read_ahead_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are read when the client takes the next piece, and one piece has BATCH of them at most."""
    monkeypatch.setattr(stream, "BATCH", 7)
    async with app.running("memory:") as context:
        for number in range(30):
            await context.entity(Stock, "s").count_again(number)
        opened = Opened(context)
        await anext(opened.stream)

        assert len(messages(await anext(opened.stream))) == 7


async def test_a_stream_ends_when_the_application_stops() -> None:
    async with app.running("memory:") as context:
        opened = Opened(context)
        await anext(opened.stream)
        opened.is_stopping = True

        assert [piece async for piece in opened.stream] == []


async def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "QUIET", 0.0)
    async with app.running("memory:") as context:
        assert await Opened(context).next() == ("position", 0, 0)


async def test_an_old_stream_ends_so_that_it_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_AGE", 0.0)
    async with app.running("memory:") as context:
        assert [piece async for piece in Opened(context).stream] == [b"retry: 500\n\n"]
