"""The committer: every caller is answered, truthfully, whatever the journal does meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from actum import Context, Overloaded, Unavailable
from actum.errors import StoreFailed
from actum.ports.journal import Outcome, Write
from actum.runtime.clock import ManualClock
from actum.runtime.entities import committer
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.bank import Account, Balances, app, plain, told
from tests.runtime.nodes import START, database_in_memory, node_on, running
from tests.runtime.waiting import begun, in_time


class BrokenJournal(FaultyJournal):
    """Raises what it is told to from its next appends."""

    errors: list[Exception]

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        if self.errors:
            raise self.errors.pop(0)
        return await super().append(writes)


@pytest.fixture
def journal() -> BrokenJournal:
    journal = BrokenJournal(MemoryJournal())
    journal.errors = []
    return journal


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def node(journal: FaultyJournal, clock: ManualClock) -> AsyncGenerator[Node, None]:
    told.clear()
    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        yield node
        journal.release()


@pytest.fixture
def ctx(node: Node) -> Context:
    return Context(node.services)


async def events_of(ctx: Context, id: str) -> list[int]:
    return [recorded.event.amount for recorded in await ctx.history(Account, id)]  # type: ignore[attr-defined]


async def test_an_append_that_failed_is_sent_again(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """An error before anything happened costs the caller some time and nothing else."""
    journal.plan("append", Fault.BEFORE, Fault.BEFORE)

    assert await in_time(ctx.entity(Account, "a").deposit(10), clock) == 10
    assert await events_of(ctx, "a") == [10]


async def test_an_append_that_landed_and_said_it_failed_is_not_sent_again(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """G13: after a lost connection the journal is asked what became of the batch, until it answers."""
    journal.plan("append", Fault.AFTER)
    journal.plan("landed", Fault.BEFORE, Fault.AFTER)

    assert await in_time(ctx.entity(Account, "a").deposit(10), clock) == 10
    assert await ctx.entity(Account, "a").deposit(5) == 15
    assert await events_of(ctx, "a") == [10, 5]


async def test_who_cannot_be_told_the_outcome_is_told_that(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """The outcome of what was sent is unknown; what waited behind it was not written."""
    journal.plan("append", Fault.AFTER)
    journal.plan("landed", *[Fault.BEFORE] * 50)
    sent = await begun(ctx.entity(Account, "a").deposit(10))
    behind = await begun(ctx.entity(Account, "a").deposit(5))
    other = await begun(ctx.entity(Account, "b").deposit(7))

    with pytest.raises(Unavailable) as unknown:
        await in_time(asyncio.wait_for(sent, None), clock)
    refused = await asyncio.gather(behind, other, return_exceptions=True)

    assert unknown.value.is_outcome_unknown
    assert [(type(error), error.is_outcome_unknown) for error in refused] == [(Unavailable, False)] * 2  # type: ignore[union-attr]
    assert await ctx.entity(Account, "a").current_balance() == 10
    assert await ctx.entity(Account, "b").current_balance() == 0


async def test_views_and_actions_see_what_landed_unknown_to_its_caller(
    node: Node, ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """G5: an event is skipped by nobody, although nobody could be told that it landed."""
    await ctx.entity(Account, "a").deposit(1)
    journal.plan("append", Fault.AFTER)
    journal.plan("landed", *[Fault.BEFORE] * 50)
    with pytest.raises(Unavailable):
        await in_time(ctx.entity(Account, "a").deposit(20), clock)
    await ctx.entity(Account, "a").deposit(300)
    await node.settle()

    assert told == [1, 20, 300]
    assert await ctx.view(Balances).total() == 321


async def test_a_failed_store_stops_writing(ctx: Context, journal: BrokenJournal) -> None:
    """G14: a failed sync is not tried again; its callers and all behind them hear of it."""
    journal.errors = [StoreFailed("the disk is gone", is_outcome_unknown=True)]
    journal.hold("landed")
    sent = await begun(ctx.entity(Account, "a").deposit(10))

    with pytest.raises(StoreFailed) as failed:
        await sent

    assert failed.value.is_outcome_unknown
    assert await events_of(ctx, "a") == []


async def test_an_error_that_no_journal_should_raise_leaves_nobody_waiting(
    ctx: Context, journal: BrokenJournal
) -> None:
    """A fault in an adapter is told to those whom it meets, and the next command goes through."""
    journal.errors = [ValueError("a fault in the adapter")]

    with pytest.raises(Unavailable, match="a fault in the adapter") as failed:
        await ctx.entity(Account, "a").deposit(10)

    assert failed.value.is_outcome_unknown
    assert await ctx.entity(Account, "a").deposit(5) == 5


async def test_commands_beyond_the_bound_are_refused_at_once(journal: FaultyJournal) -> None:
    """G12: when too many wait to be written the answer is Overloaded, and nothing of the command remains."""
    async with running(plain, journal, most_staged=3) as ctx:
        journal.hold("append")
        sent = await begun(ctx.entity(Account, "a").deposit(1))
        await journal.held("append")
        waiting = [await begun(ctx.entity(Account, "a").deposit(10)) for _ in range(3)]

        with pytest.raises(Overloaded):
            await ctx.entity(Account, "a").deposit(100)
        with pytest.raises(Overloaded):
            await ctx.entity(Account, "b").deposit(100)
        with pytest.raises(Overloaded):
            await ctx.atomic(lambda ctx: ctx.entity(Account, "b").deposit(100))
        journal.release("append")

        assert [await sent, *[await one for one in waiting]] == [1, 11, 21, 31]
        assert await ctx.entity(Account, "a").deposit(100) == 131


async def test_a_unit_is_never_split_between_two_batches(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G3: where a batch has to end, it ends before or after a unit, or half of one could land alone."""
    monkeypatch.setattr(committer, "MAX_A_BATCH", 3)
    async with running(plain, journal) as ctx, running(plain, journal._journal) as rival:
        await ctx.entity(Account, "a").deposit(100)
        await ctx.entity(Account, "b").deposit(1)

        async def transfer(ctx: Context) -> None:
            await ctx.entity(Account, "a").withdraw(10)
            await ctx.entity(Account, "b").deposit(10)

        journal.hold("append")
        first = await begun(ctx.entity(Account, "x").deposit(1))
        await journal.held("append")
        fill = [await begun(ctx.entity(Account, id).deposit(1)) for id in "yz"]
        unit = await begun(ctx.atomic(transfer))
        await rival.entity(Account, "b").deposit(5)
        journal.release("append")
        await asyncio.gather(first, unit, *fill)

        assert await events_of(ctx, "a") == [100, 10]
        assert await events_of(ctx, "b") == [1, 5, 10]


async def test_the_end_of_the_application_leaves_nobody_waiting(journal: FaultyJournal) -> None:
    """Who is being written is waited for; who comes later is told that it is too late."""
    async with database_in_memory() as database:
        async with node_on(plain, journal, database) as node:
            ctx = Context(node.services)
            journal.hold("load")
            late = await begun(ctx.entity(Account, "late").deposit(1))
            journal.release("load")
            journal.hold("append")
            sent = await begun(ctx.entity(Account, "a").deposit(10))
            stopping = asyncio.get_running_loop().call_later(0, journal.release)
        del stopping

        assert await sent == 10
        assert await late == 1
        with pytest.raises(Unavailable):
            await ctx.entity(Account, "a").deposit(1)


async def test_a_kill_in_the_middle_of_writing_is_told(journal: FaultyJournal) -> None:
    """When writing is cut off, the callers of the batch hear that its outcome is unknown."""
    async with database_in_memory() as database, node_on(plain, journal, database) as node:
        ctx = Context(node.services)
        journal.hold("append")
        sent: asyncio.Task[Any] = await begun(ctx.entity(Account, "a").deposit(10))
        behind: asyncio.Task[Any] = await begun(ctx.entity(Account, "a").deposit(5))
        await node.supervisor.stop("committer")

        with pytest.raises(Unavailable) as unknown:
            await sent
        with pytest.raises(Unavailable) as refused:
            await behind
        journal.release()

    assert (unknown.value.is_outcome_unknown, refused.value.is_outcome_unknown) == (True, False)


async def test_what_callers_decide_next_is_written_before_the_readers_of_the_feed_run(
    node: Node, ctx: Context, journal: BrokenJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    append = journal.append

    async def noted(writes: Sequence[Write]) -> list[Outcome]:
        order.append("append")
        return await append(writes)

    async def read() -> None:
        await node.services.feed.wait(node.services.feed.head)
        order.append("reader")

    await ctx.entity(Account, "a").deposit(1)
    monkeypatch.setattr(journal, "append", noted)
    reader = asyncio.create_task(read())
    await asyncio.sleep(0)

    await ctx.entity(Account, "a").deposit(1)
    order.append("caller")
    await ctx.entity(Account, "a").deposit(1)
    await reader

    assert order == ["append", "caller", "append", "reader"]
