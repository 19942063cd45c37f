"""G2: nothing is told before the events that it shows are durable; waiting for the disk holds nobody up."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from actum import Context, NotFound, Rejected, WrongVersion
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.bank import Account, Balances, Notebook, app, told
from tests.runtime.nodes import database_in_memory, node_on, running
from tests.runtime.waiting import begun, settled


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
async def node(journal: FaultyJournal) -> AsyncGenerator[Node, None]:
    told.clear()
    async with database_in_memory() as database, node_on(app, journal, database) as node:
        yield node
        journal.release()


@pytest.fixture
def ctx(node: Node) -> Context:
    return Context(node.services)


async def test_a_reply_waits_until_its_events_are_durable(ctx: Context, journal: FaultyJournal) -> None:
    """While the append is on its way the caller hears nothing."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    assert not deposit.done()

    journal.release("append")

    assert await deposit == 10


async def test_commands_go_on_while_the_disk_is_busy(ctx: Context, journal: FaultyJournal) -> None:
    """A hot entity decides its next command on a state that is not yet durable, in the order of arrival."""
    account = ctx.entity(Account, "a")
    journal.hold("append")
    calls = [
        await begun(account.deposit(10)),
        await begun(account.withdraw(4)),
        await begun(account.deposit(1)),
    ]
    assert not any(call.done() for call in calls)

    journal.release("append")

    assert [await call for call in calls] == [10, 6, 7]
    assert [recorded.version for recorded in await ctx.history(Account, "a")] == [1, 2, 3]


async def test_what_is_staged_meanwhile_lands_in_one_batch(ctx: Context, journal: FaultyJournal) -> None:
    """While one batch is being written the next one fills, across all entities."""
    journal.hold("append")
    first = await begun(ctx.entity(Account, "a").deposit(1))
    others = [await begun(ctx.entity(Account, f"b{n}").deposit(n)) for n in range(1, 30)]
    appends: list[int] = []
    append = journal.append

    async def counted(writes: Any) -> Any:
        appends.append(len(writes))
        return await append(writes)

    journal.append = counted  # type: ignore[method-assign]
    journal.release("append")
    await asyncio.gather(first, *others)

    assert appends == [29]


async def test_an_answer_waits_until_what_it_shows_is_durable(ctx: Context, journal: FaultyJournal) -> None:
    """A query sees the newest state, and its answer is held until that state is durable."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    balance = await begun(ctx.entity(Account, "a").current_balance())
    assert not balance.done()

    journal.release("append")

    assert await balance == 10
    assert deposit.done()


async def test_a_reply_without_events_waits_too(ctx: Context, journal: FaultyJournal) -> None:
    """A command that emits nothing shows the state, and is held like a query."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    peek = await begun(ctx.entity(Account, "a").peek())
    assert not peek.done()

    journal.release("append")

    assert (await peek, await deposit) == (10, 10)


@pytest.mark.parametrize("what", ["command", "query", "version of a command", "version of a query"])
async def test_a_refusal_waits_until_what_it_rests_on_is_durable(
    what: str, ctx: Context, journal: FaultyJournal
) -> None:
    """A Rejected, NotFound or WrongVersion that shows a balance not yet durable is held until it is."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    old = ctx.entity(Account, "a", expected_version=0)
    refused, kind = {
        "command": (lambda: ctx.entity(Account, "a").withdraw(11), Rejected),
        "query": (ctx.entity(Account, "a").owed, NotFound),
        "version of a command": (lambda: old.deposit(1), WrongVersion),
        "version of a query": (old.current_balance, WrongVersion),
    }[what]
    waiting = await begun(refused())
    assert not waiting.done()

    journal.release("append")

    with pytest.raises(kind):
        await waiting
    assert await deposit == 10


async def test_no_event_is_delivered_before_it_is_durable(
    node: Node, ctx: Context, journal: FaultyJournal
) -> None:
    """Views and actions see an event only when its batch has been written."""
    await node.settle()
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    assert told == []
    assert await ctx.view(Balances).total() == 0

    journal.release("append")
    await deposit
    await node.settle()

    assert told == [10]
    assert await ctx.view(Balances).total() == 10


async def test_nothing_that_failed_to_land_was_ever_shown(ctx: Context, journal: FaultyJournal) -> None:
    """What was decided on a state that did not come to be is decided again on the state that did."""
    await ctx.entity(Account, "a").deposit(1)
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    refused = await begun(ctx.entity(Account, "a").withdraw(12))
    balance = await begun(ctx.entity(Account, "a").current_balance())
    async with running(app, journal._journal) as other:
        await other.entity(Account, "a").deposit(100)
    journal.release("append")

    assert await deposit == 111
    assert await refused == 99
    assert await balance in (99, 111)


async def test_a_failed_turn_leaves_nothing_behind(ctx: Context, journal: FaultyJournal) -> None:
    """What a command emitted before it raised is neither kept nor shown, whatever the state is made of."""
    await ctx.entity(Account, "a").deposit(1)
    await ctx.entity(Notebook, "n").note("first")

    with pytest.raises(Rejected):
        await ctx.entity(Account, "a").deposit_and_fail(10)
    with pytest.raises(Rejected):
        await ctx.entity(Notebook, "n").note_and_fail("second")

    assert await ctx.entity(Account, "a").current_balance() == 1
    assert await ctx.entity(Notebook, "n").all() == ["first"]
    assert await ctx.entity(Notebook, "n").note("third") == 2


async def test_an_answer_is_given_although_the_writes_caller_went_away(
    ctx: Context, journal: FaultyJournal
) -> None:
    """A caller that is cancelled takes neither its write with it nor the answers of those who wait for it."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(10))
    balance = await begun(ctx.entity(Account, "a").current_balance())
    deposit.cancel()
    await settled()
    late = await begun(ctx.entity(Account, "a").current_balance())
    refused = await begun(ctx.entity(Account, "a").withdraw(11))
    assert not any(call.done() for call in (balance, late, refused))

    journal.release("append")

    assert (await balance, await late) == (10, 10)
    with pytest.raises(Rejected):
        await refused
    assert deposit.cancelled()


async def test_a_delayed_append_keeps_the_order(ctx: Context, journal: FaultyJournal) -> None:
    """However long a batch takes, the next one follows it and never passes it."""
    journal.plan("append", Fault.DELAY, Fault.DELAY)
    calls = [await begun(ctx.entity(Account, "a").deposit(n)) for n in range(1, 9)]

    assert [await call for call in calls] == [1, 3, 6, 10, 15, 21, 28, 36]
