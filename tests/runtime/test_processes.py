"""Several nodes on one PostgreSQL: each work is done by one of them, and passes on when that one is gone."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, View, command, query, reducer
from actum.model.event import Recorded
from actum.ports.membership import slice_name
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from actum.stores.postgres.database.slices import SLICES
from tests.runtime.nodes import START, node_on, owned, until


class Happened(Event):
    number: int


class Followed(Event):
    number: int


class Thing(Entity):
    count: int = 0

    @command
    def happen(self, number: int) -> int:
        self.emit(Happened(number))
        return self.count

    @command
    def follow(self, number: int) -> None:
        self.emit(Followed(number))

    @reducer
    def happened(self, event: Happened) -> None:
        self.count += 1

    @reducer
    def followed(self, event: Followed) -> None:
        pass


class Sums(View):
    id: str
    total: int = 0

    @reducer
    def happened(self, event: Happened) -> None:
        self.total += event.number

    @query("SELECT coalesce(sum(total), 0) FROM sums")
    def sum(self) -> int:
        raise NotImplementedError


class Echoes(View):
    id: str
    numbers: int = 0

    @reducer
    def followed(self, event: Followed) -> None:
        self.numbers += 1

    @query("SELECT coalesce(sum(numbers), 0) FROM echoes")
    def sum(self) -> int:
        raise NotImplementedError


class Job(Struct):
    number: int


actions = Actions()


@actions.on(Happened)
async def react(ctx: Context, event: Recorded[Happened]) -> None:
    await ctx.entity(Thing, f"echo-{ctx.event.id}").follow(event.event.number)


@actions.queue("jobs")
async def work(ctx: Context, job: Job) -> None:
    await ctx.entity(Thing, "jobs").follow(job.number)


app = App("things", entities=[Thing], views=[Sums, Echoes], actions=[actions])
WORKS = 2 + 1 + 2 * SLICES
"""The views, the timers, and the slices of the two actions."""
OF_A = slice_name("action react", 7, SLICES)
QUIET = {
    "action timers",
    *(
        slice_name(f"action {name}", n, SLICES)
        for name in ("react", "work@queue:jobs")
        for n in range(SLICES)
    ),
} - {OF_A}
"""What has nothing to write in these tests, and so does not find out by that what it has lost."""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(seconds=0.5))


@asynccontextmanager
async def started(url: str, app: App = app) -> AsyncGenerator[Node, None]:
    """A node with connections of its own, as another process would have."""
    async with open_stores(url) as stores:
        clock = ManualClock(START)
        async with node_on(app, stores.journal, stores.database, clock=clock) as node:
            yield node


async def until_shared(*nodes: Node) -> None:
    """Returns when every work is done by one node, and no node does two more than another."""

    def is_even() -> bool:
        counts = [len(owned(node)) for node in nodes]
        moving = any(node.coordinator is not None and node.coordinator.is_moving for node in nodes)
        # One that was taken for dead, and has not heard of it, may count what is another's by now.
        is_whole = len(set().union(*map(owned, nodes))) == sum(counts) == WORKS
        return is_whole and max(counts) - min(counts) <= 1 and not moving

    await until(is_even)


async def happen(node: Node, *numbers: int, id: str = "a") -> Context:
    ctx = Context(node.services)
    for number in numbers:
        await ctx.entity(Thing, id).happen(number)
    return ctx


async def check_whole(node: Node, ctx: Context, numbers: int, total: int) -> None:
    """Every event has had its effect once, in order, and both views show it."""
    await node.settle()
    followed = [
        event.event.number
        for event in await ctx.history(Thing, "echo-a")
        if isinstance(event.event, Followed)
    ]
    assert followed == list(range(1, numbers + 1))
    seen = Context(node.services, seen=node.services.feed.head)
    assert (await seen.view(Sums).sum(), await seen.view(Echoes).sum()) == (total, numbers)


async def test_nodes_share_the_work(postgres_url: str) -> None:
    """The first does everything until others come; each work is then done by one, and none does all."""
    async with started(postgres_url) as first:
        alone = len(owned(first))
        async with started(postgres_url) as second, started(postgres_url) as third:
            await until_shared(first, second, third)
            shared = [owned(node) for node in (first, second, third)]
        await until(lambda: len(owned(first)) == WORKS)

    assert alone == WORKS
    assert sorted(len(works) for works in shared) == [11, 12, 12]
    for action in ("react", "work@queue:jobs"):
        slices = [sum(name.startswith(f"action {action}#") for name in works) for works in shared]
        assert sorted(slices) == [5, 5, 6]
    assert len(set().union(*shared)) == WORKS


async def test_every_node_reads_what_it_wrote(postgres_url: str) -> None:
    """G10 wherever the view is kept."""
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        for number in range(1, 21):
            for node, id in ((first, "a"), (second, "b")):
                ctx = await happen(node, number, id=id)
                others = sum(range(number + (id == "b")))

                assert await ctx.view(Sums).sum() == sum(range(number + 1)) + others
                assert await ctx.view(Sums).get(id) == Sums(id, sum(range(number + 1)))


async def test_messages_and_timers_are_worked_off_wherever_they_come_from(postgres_url: str) -> None:
    """The process that takes a message or sets a timer need not be the one that works on it."""
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        for number, node in enumerate((first, second), 1):
            ctx = Context(node.services)
            await ctx.queue("jobs").send(Job(number))
            await ctx.schedule(Thing.follow, "timers", after=timedelta())(number)
        await first.settle()
        ctx = Context(first.services)

        assert len(await ctx.history(Thing, "jobs")) == 2
        assert len(await ctx.history(Thing, "timers")) == 2


async def test_one_settles_when_all_have(postgres_url: str) -> None:
    """What other processes still have to do is waited for."""
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        ctx = await happen(second, *range(1, 31))
        await second.settle()
        stale = Context(second.services)

        assert (await stale.view(Sums).sum(), await stale.view(Echoes).sum()) == (465, 30)
        await check_whole(first, ctx, 30, 465)


async def test_work_goes_on_at_once_when_a_node_stops(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shutdown in good order gives up what it owns, and nobody waits for its silence."""
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(hours=1))
    monkeypatch.setattr(postgres_membership, "GONE", timedelta(hours=1))
    async with started(postgres_url) as first:
        async with started(postgres_url) as second:
            await until_shared(first, second)
            await happen(second, *range(1, 11))
        await until(lambda: len(owned(first)) == WORKS)
        ctx = await happen(first, *range(11, 21))

        await check_whole(first, ctx, 20, 210)


async def test_a_silent_node_is_taken_over_and_cannot_write_any_more(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A node that does not beat goes on working on the same events; each has its effect once all the same."""
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        await first.supervisor.stop("coordinator")
        lost = owned(first)
        ctx = await happen(second, *range(1, 31))
        await until(lambda: len(owned(second)) == WORKS)
        await happen(second, *range(31, 61))
        await check_whole(second, ctx, 60, 1830)
        await until(lambda: owned(first) <= QUIET)
        lost -= owned(first)

    assert {
        name for name in lost if f"{name} has passed to another process, or begins anew" in caplog.text
    } == lost


async def test_a_node_that_comes_back_does_its_share_again(postgres_url: str) -> None:
    """Taken for dead, it enters the membership anew."""
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        await first.supervisor.stop("coordinator")
        await until(lambda: len(owned(second)) == WORKS)
        assert first.coordinator is not None
        first.supervisor.start("coordinator", first.coordinator.run)
        await until_shared(first, second)
        ctx = await happen(first, *range(1, 11))

        await check_whole(first, ctx, 10, 55)


async def test_a_view_is_rebuilt_by_whoever_keeps_it(postgres_url: str) -> None:
    """Whichever process is asked; the others read the new rows when it is done."""
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(started(postgres_url)) for _ in range(3)]
        await until_shared(*nodes)
        ctx = await happen(nodes[0], *range(1, 11))
        await nodes[1].services.database.request_rebuild("sums")
        states = await nodes[2].services.database.views()
        async with asyncio.timeout(60):
            while not any(
                state.name == "sums" and state.generation == 2 and state.is_live for state in states
            ):
                states = await nodes[2].services.database.views()
                await asyncio.sleep(0.02)

        for node in nodes:
            seen = Context(node.services, seen=int(ctx.token))
            assert await seen.view(Sums).get("a") == Sums("a", 55)
    assert Counter(state.name for state in states) == {"sums": 1, "echoes": 1}
