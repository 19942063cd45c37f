"""Expiry: an entity is erased after a span without events, and never while there are some."""

from datetime import timedelta
from pathlib import Path

import pytest

from actum import App, Context, DefinitionError, Entity, Invalid, Rejected, command
from actum.model.deadlines.expiry import EXPIRY
from actum.ports.journal import Write
from actum.runtime.clock import ManualClock
from actum.stores.memory import MemoryJournal
from actum.testing import testing
from actum.testing.application import Running
from actum.testing.example import given
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.expiring import SPAN, Added, Cart, Carts, Lost, app, gone, shop_app
from tests.runtime.nodes import START, database_in_memory, node_on
from tests.runtime.waiting import begun


@pytest.fixture(autouse=True)
def nothing_gone() -> None:
    gone.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/shop.db"


def later(clock: ManualClock, span: timedelta) -> None:
    clock.move_to(clock.now() + span // timedelta(microseconds=1))


async def count(t: Running, id: str = "a") -> int:
    return await t.new_context().entity(Cart, id).count()


async def test_an_entity_is_erased_when_its_time_is_over_and_not_before(store: str) -> None:
    """Views drop its row or handle the Deleted, actions hear why, its claims are free, and it begins anew."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Cart, "a").add("hat")
        await t.settle()
        await t.advance(seconds=SPAN.total_seconds() - 1)
        before = await count(t)

        await t.advance(seconds=1)

        assert (before, await count(t)) == (1, 0)
        assert await t.ctx.history(Cart, "a") == []
        assert await t.new_context().view(Carts).get("a") is None
        assert await t.new_context().view(Lost).get("a") == Lost("a", 1)
        assert gone == ["a: expired"]
        assert await t.new_context().timers() == []
        assert await t.new_context().entity(Cart, "b").add("hat") == 1
        assert await t.new_context().entity(Cart, "a").add("coat") == 1
        await t.advance(seconds=SPAN.total_seconds())
        assert sorted(gone) == ["a: expired", "a: expired", "b: expired"]


async def test_the_span_counts_from_the_last_event_and_the_timer_is_not_written_for_each(store: str) -> None:
    """It is looked at when it is due, and set later then."""
    async with testing(app, store=store) as t:
        # Carts from before the class expired are looked for at the start: this one is none of them.
        await t.settle()
        await t.ctx.entity(Cart, "a").add("hat")
        [first] = await t.ctx.timers()
        for number in range(10):
            await t.advance(days=2)
            await t.new_context().entity(Cart, "a").add(f"{number}")
            await t.new_context().entity(Cart, "a").look()
        [same] = await t.new_context().timers()

        await t.advance(days=10)
        [later] = await t.new_context().timers()
        await t.advance(days=19)
        left = await count(t)
        await t.advance(days=1)

        assert first == same
        assert later.due - first.due == timedelta(days=20) // timedelta(microseconds=1)
        assert (left, await count(t)) == (11, 0)


async def test_what_records_nothing_does_not_keep_it(store: str) -> None:
    """Neither a query, nor a command without an event, nor one that is refused."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Cart, "a").add("hat")
        await t.advance(days=29)
        await t.ctx.entity(Cart, "a").look()
        await t.ctx.entity(Cart, "a").count()
        for id in ("a", "b"):
            with pytest.raises(Rejected):
                await t.ctx.entity(Cart, id).refuse()
        assert len(await t.new_context().timers()) == 1

        await t.advance(days=1)

        assert await count(t) == 0


async def test_a_command_that_lands_first_keeps_it(store: str) -> None:
    """It was written after the look at its last event and before the erasure."""
    journal = FaultyJournal(MemoryJournal())
    clock = ManualClock(START)
    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        await Context(node.services).entity(Cart, "a").add("hat")
        await node.settle()
        journal.hold("erase")
        later(clock, SPAN)
        await journal.held("erase")
        kept = await begun(Context(node.services).entity(Cart, "a").add("coat"))
        await kept
        journal.release("erase")
        await node.settle()

        assert await Context(node.services).entity(Cart, "a").count() == 2
        later(clock, SPAN)
        await node.settle()
        assert await Context(node.services).entity(Cart, "a").count() == 0


async def test_an_expiry_that_breaks_off_is_finished(store: str) -> None:
    """The journal has erased it, and nobody knew; what begins anew meanwhile stays, with its own deadline."""
    for begins_anew in (False, True):
        journal, clock = FaultyJournal(MemoryJournal()), ManualClock(START)
        async with database_in_memory() as database:
            async with node_on(app, journal, database, clock=clock) as node:
                await Context(node.services).entity(Cart, "a").add("hat")
                await node.settle()
                journal.plan("erase", Fault.AFTER)
                later(clock, SPAN)
                await node.settle()
                if begins_anew:
                    await Context(node.services).entity(Cart, "a").add("coat")
            later(clock, timedelta(minutes=5))
            async with node_on(app, journal, database, clock=clock) as node:
                await node.settle()
                ctx = Context(node.services)
                assert await ctx.entity(Cart, "a").count() == (1 if begins_anew else 0)
                assert len(await ctx.timers()) == (1 if begins_anew else 0)
                assert await database.letters() == []
                later(clock, SPAN)
                await node.settle()
                assert await Context(node.services).entity(Cart, "a").count() == 0


async def test_an_entity_whose_time_was_over_while_nothing_ran_expires_at_the_start(tmp_path: Path) -> None:
    async with testing(app, store=f"sqlite:///{tmp_path}/shop.db") as t:
        await t.ctx.entity(Cart, "a").add("hat")
        later(t.clock, SPAN + timedelta(days=1))
        await t.restart()
        await t.settle()

        assert await count(t) == 0


class Old(Entity, name="Cart", emits=[Added]):
    """The cart as it was before it expired."""

    @command
    def add(self, item: str) -> None:
        self.emit(Added(item))


class Quick(Cart, name="Cart", expires_after=timedelta(days=2)):
    """The cart when its time was made shorter."""


async def test_entities_from_before_expire_too(store: str) -> None:
    """When a class gets `expires_after`, gets another span, or gets it again after it was taken away."""
    async with testing(shop_app(Old), store=store) as t:
        for number in range(3):
            await t.ctx.entity(Old, f"{number}").add(f"item {number}")
        await t.advance(days=10)
        t.app = app
        await t.restart()
        await t.settle()
        assert len(await t.new_context().timers()) == 3

        t.app = shop_app(Old)
        await t.restart()
        await t.advance(days=21)
        assert await t.new_context().timers() == []
        await t.ctx.entity(Old, "2").add("more")
        t.app = app
        await t.restart()
        await t.settle()
        assert [len(await t.new_context().history(Cart, f"{number}")) for number in range(3)] == [0, 0, 2]

        t.app = shop_app(Quick)
        await t.restart()
        await t.advance(days=2)
        assert await t.new_context().history(Quick, "2") == []


async def test_a_clock_that_was_ahead_puts_it_off_for_the_span_at_most() -> None:
    """The process that wrote the last event was a year ahead."""
    journal, clock = MemoryJournal(), ManualClock(START)
    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        await Context(node.services).entity(Cart, "a").add("hat")
        await node.settle()
        ahead = START + timedelta(days=365) // timedelta(microseconds=1)
        await journal.append([Write("Cart", "a", 1, [("Added", 1, b'{"item":"coat"}')], b"{}", ahead)])
        later(clock, SPAN)
        await node.settle()

        [timer] = await Context(node.services).timers()
        assert timer.due == clock.now() + SPAN // timedelta(microseconds=1)


async def test_a_unit_sets_the_deadline_with_its_events(store: str) -> None:
    async with testing(app, store=store) as t:

        async def fill(ctx: Context) -> None:
            for id in ("a", "b"):
                await ctx.entity(Cart, id).add(f"{id} 1")
                await ctx.entity(Cart, id).add(f"{id} 2")

        await t.ctx.atomic(fill)

        assert len(await t.new_context().timers()) == 2
        await t.advance(days=30)
        assert sorted(gone) == ["a: expired", "b: expired"]


async def test_an_erased_entity_does_not_expire(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Cart, "a").add("hat")
        await t.ctx.delete(Cart, "a", erase=True)

        assert await t.new_context().timers() == []
        await t.advance(days=31)
        assert gone == ["a: erased"]


def test_an_example_shows_what_the_author_schedules_alone() -> None:
    given(Cart).when(Cart.add, "hat").then(Added("hat"))


@pytest.mark.parametrize("span", [timedelta(), timedelta(days=-1), timedelta(days=40_000), 30])
def test_a_span_is_positive_and_not_too_long(span: timedelta) -> None:
    with pytest.raises(DefinitionError, match="expires_after="):

        class Wrong(Entity, expires_after=span):
            pass


async def test_the_name_of_its_deadline_is_taken() -> None:
    class Alarm(Entity, emits=[Added]):
        @command
        def set(self) -> None:
            self.schedule(Alarm.set, after=SPAN, name=EXPIRY)

    async with testing(App("alarms", entities=[Alarm])) as t:
        with pytest.raises(Invalid, match="choose another name"):
            await t.ctx.entity(Alarm, "a").set()
