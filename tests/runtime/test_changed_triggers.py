"""Triggers and schedules that changed between two starts, and clocks that were set: what is done when."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import Actions, App, Context, DefinitionError, Entity, Event, Retries, command
from actum.model.event import to_datetime
from actum.runtime.clock import ManualClock
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.testing import testing
from tests.runtime.nodes import START, node_on

HOUR = timedelta(hours=1) // timedelta(microseconds=1)
YEARS = 12 * 365 * 24 * HOUR


class Moved(Event):
    n: int


class Walked(Moved):
    pass


class Drove(Moved):
    pass


class Rested(Event):
    n: int


class Person(Entity, emits=[Walked, Drove, Rested]):
    @command
    def walk(self, n: int) -> None:
        self.emit(Walked(n))

    @command
    def drive(self, n: int) -> None:
        self.emit(Drove(n))

    @command
    def rest(self, n: int) -> None:
        self.emit(Rested(n))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/works.db"


@asynccontextmanager
async def started(store: str, app: App, clock: ManualClock | None = None) -> AsyncGenerator[Node]:
    async with (
        open_stores(store) as stores,
        asyncio.timeout(120),
        node_on(app, stores.journal, stores.database, clock=clock) as node,
    ):
        yield node


def listening(seen: list[int], *events: type[Event], since: Any = "now") -> App:
    actions = Actions()

    @actions.on(*events, since=since)
    async def mail(ctx: Context, event: Moved | Rested) -> None:
        seen.append(event.n)

    return App("people", entities=[Person], actions=[actions])


async def do(node: Node, name: str, *numbers: int) -> None:
    for n in numbers:
        await getattr(Context(node.services).entity(Person, "p"), name)(n)


async def test_an_event_that_an_action_is_set_off_by_anew_counts_from_then_on(store: str) -> None:
    """What happened before is history, as it is for a new action; nothing is missed that comes later."""
    seen: list[int] = []
    async with started(store, listening(seen, Walked)) as node:
        await do(node, "walk", 1)
        await do(node, "drive", 2, 3)
        await node.settle()
    async with started(store, listening(seen, Walked, Drove)) as node:
        await do(node, "drive", 4)
        await do(node, "walk", 5)
        await node.settle()
    async with started(store, listening(seen, Walked, Drove)) as node:
        await node.settle()

    assert seen == [1, 4, 5]


async def test_an_event_that_is_added_since_the_beginning_has_its_history_and_no_other(store: str) -> None:
    """The events that the action had already are not done again."""
    seen: list[int] = []
    async with started(store, listening(seen, Walked)) as node:
        await do(node, "walk", 1)
        await do(node, "drive", 2, 3)
        await do(node, "walk", 4)
        await node.settle()
    for _ in range(2):
        async with started(store, listening(seen, Walked, Drove, since="beginning")) as node:
            await node.settle()

    assert sorted(seen) == [1, 2, 3, 4]


async def test_an_event_that_was_left_out_for_a_while_counts_from_when_it_is_back(store: str) -> None:
    """What happened in between is not done, whatever else the action was set off by."""
    seen: list[int] = []
    for numbers, events in (((1, 2), (Walked, Drove)), ((3, 4), (Walked,)), ((5, 6), (Walked, Drove))):
        async with started(store, listening(seen, *events)) as node:
            await do(node, "walk", numbers[0])
            await do(node, "drive", numbers[1])
            await node.settle()

    assert seen == [1, 2, 3, 5, 6]


async def test_an_action_is_set_off_by_every_event_of_the_kind_that_it_names() -> None:
    """Subclasses that the entities emit are of that kind, and Event is all of them."""
    moved: list[int] = []
    everything: list[int] = []
    actions = Actions()

    @actions.on(Moved)
    async def note(ctx: Context, event: Moved) -> None:
        moved.append(event.n)

    @actions.on(Event)
    async def count(ctx: Context, event: Event) -> None:
        assert type(event) in (Walked, Drove, Rested)
        everything.append(ctx.event.version)

    async with testing(App("people", entities=[Person], actions=[actions])) as t:
        for n, name in enumerate(("walk", "rest", "drive"), 1):
            await getattr(t.ctx.entity(Person, "p"), name)(n)
        await t.settle()

    assert (moved, everything) == ([1, 3], [1, 2, 3])


def test_an_action_that_nothing_could_set_off_is_refused() -> None:
    """No entity of the application emits the event, and the error says what to list."""

    class Unheard(Event):
        pass

    actions = Actions()

    @actions.on(Unheard)
    async def never(ctx: Context) -> None: ...

    with pytest.raises(DefinitionError, match=r"never is set off by Unheard, which no entity .*entities="):
        App("people", entities=[Person], actions=[actions])


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 12 31 4,6 *", "0 0 31 2 *"])
def test_a_schedule_that_never_comes_is_refused(expression: str) -> None:
    """When the application is built, and in a moment."""
    actions = Actions()

    @actions.cron(expression)
    async def never(ctx: Context) -> None: ...

    with pytest.raises(DefinitionError, match=r"action never: .*(Bad day-of-month|no year has)"):
        App("people", actions=[actions])


def test_a_leap_day_comes() -> None:
    """Though not every year."""
    actions = Actions()

    @actions.cron("0 0 29 2 *")
    async def leap(ctx: Context) -> None: ...

    App("people", actions=[actions])


Declare = Callable[[Actions], Any]
HOURLY: Declare = lambda actions: actions.every(hours=1)  # noqa: E731
SECOND: Declare = lambda actions: actions.every(seconds=1)  # noqa: E731
MINUTELY: Declare = lambda actions: actions.cron("* * * * *")  # noqa: E731
YEARLY: Declare = lambda actions: actions.cron("0 0 1 1 *")  # noqa: E731
YEARLY_IN_BERLIN: Declare = lambda actions: actions.cron("0 0 1 1 *", timezone="Europe/Berlin")  # noqa: E731


def ticking(seen: list[int], declare: Declare) -> App:
    actions = Actions()

    @declare(actions)
    async def job(ctx: Context) -> None:
        seen.append(round(ctx.now.timestamp()))

    return App("clock", actions=[actions])


async def due(node: Node) -> int:
    return await node.services.database.tick("job@clock", at_first=0)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 (a store answers in a thread)
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("before", "after", "wait"),
    [
        (HOURLY, SECOND, 1),
        (YEARLY, MINUTELY, 60),
        (MINUTELY, YEARLY, 365 * 24 * 3600),
        (HOURLY, MINUTELY, 60),
        (YEARLY, YEARLY_IN_BERLIN, 365 * 24 * 3600 - 3600),
    ],
)
async def test_a_schedule_that_changed_is_planned_anew(
    before: Declare, after: Declare, wait: int, store: str
) -> None:
    """The old plan is not kept, neither far off nor too soon."""
    seen: list[int] = []
    clock = ManualClock(START)
    async with started(store, ticking(seen, before), clock) as node:
        await node.settle()
        first = await due(node)
    async with started(store, ticking(seen, after), clock) as node:
        await node.settle()
        second = await due(node)

    assert first != second
    assert second - START == wait * 1_000_000
    assert seen == []


@pytest.mark.parametrize("declare", [HOURLY, MINUTELY])
async def test_a_tick_that_a_clock_ahead_has_planned_is_planned_anew(declare: Declare, store: str) -> None:
    """The machine stood in another decade at the first start; at the next it is right."""
    seen: list[int] = []
    async with started(store, ticking(seen, declare), ManualClock(START + YEARS)) as node:
        await node.settle()
    clock = ManualClock(START)
    async with started(store, ticking(seen, declare), clock) as node:
        while await due(node) > START + HOUR:  # noqa: ASYNC110 (the store answers in a thread)
            await asyncio.sleep(0.001)
        clock.move_to(START + HOUR)
        await until(lambda: bool(seen))

    assert to_datetime(seen[0] * 1_000_000) == to_datetime(START + HOUR)


async def test_a_tick_that_was_missed_fires_once_at_the_next_start(store: str) -> None:
    """As ever, where the schedule stayed the same."""
    seen: list[int] = []
    async with started(store, ticking(seen, HOURLY), ManualClock(START)) as node:
        await node.settle()
    async with started(store, ticking(seen, HOURLY), ManualClock(START + 5 * HOUR)) as node:
        await until(lambda: bool(seen))
        await node.settle()

    assert len(seen) == 1


async def test_timers_and_retries_that_a_clock_ahead_has_set_are_due_as_long_after_as_was_said(
    store: str,
) -> None:
    """A timer for in an hour fires in an hour, one for a moment at that moment; retries do not wait."""
    fails = True
    seen: list[int] = []
    actions = Actions()

    @actions.on(Walked, retries=Retries(attempts=9))
    async def note(ctx: Context, event: Walked) -> None:
        if fails:
            raise OSError("down")
        seen.append(event.n)

    app = App("people", entities=[Person], actions=[actions])
    async with started(store, app, ManualClock(START + YEARS)) as node:
        ctx = Context(node.services)
        await ctx.schedule(Person.walk, "in-an-hour", after=timedelta(hours=1))(1)
        await ctx.schedule(Person.walk, "at", at=to_datetime(START + YEARS + HOUR))(2)
        await ctx.entity(Person, "p").walk(3)
        await node.settle()
    fails = False
    clock = ManualClock(START)
    async with started(store, app, clock) as node:
        await until(lambda: seen == [3])
        await node.settle()
        timers = await node.services.database.timers()
        assert [(timer.entity_id, timer.due - START) for timer in timers] == [
            ("in-an-hour", HOUR),
            ("at", YEARS + HOUR),
        ]
        clock.move_to(START + HOUR)
        await until(lambda: 1 in seen)
