"""G3: an atomic unit takes effect whole or not at all, and once, whoever else writes meanwhile."""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from actum import Conflict, Context, DefinitionError, KeyReused, Rejected
from actum.errors import WrongReply
from actum.runtime.clock import ManualClock
from actum.stores.memory import MemoryJournal
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.bank import Account, Notebook, plain
from tests.runtime.nodes import START, running
from tests.runtime.waiting import begun, in_time


class Receipt(Struct):
    left: int


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def ctx(journal: FaultyJournal, clock: ManualClock) -> AsyncGenerator[Context, None]:
    async with running(plain, journal, clock=clock) as ctx:
        await ctx.entity(Account, "a").deposit(100)
        await ctx.entity(Account, "b").deposit(100)
        yield ctx
        journal.release()


def transfer(amount: int, source: str = "a", target: str = "b") -> Callable[[Context], Awaitable[Receipt]]:
    async def unit(ctx: Context) -> Receipt:
        left = await ctx.entity(Account, source).withdraw(amount)
        await ctx.entity(Account, target).deposit(amount)
        return Receipt(left)

    return unit


async def elsewhere(call: Callable[[], Awaitable[Any]]) -> None:
    """Makes a call as somebody else does, and not within the unit that runs."""

    async def somebody() -> None:
        await call()

    await asyncio.create_task(somebody(), context=contextvars.Context())


async def amounts(ctx: Context, id: str) -> list[int]:
    return [recorded.event.amount for recorded in await ctx.history(Account, id)]  # type: ignore[attr-defined]


async def balances(ctx: Context) -> tuple[int, int]:
    return await ctx.entity(Account, "a").current_balance(), await ctx.entity(Account, "b").current_balance()


async def test_all_of_a_unit_is_written(ctx: Context) -> None:
    """Its events land together, one position after the other, and its reply comes back."""
    assert await ctx.atomic(transfer(30)) == Receipt(70)

    assert await balances(ctx) == (70, 130)
    last = [(await ctx.history(Account, id))[-1].position for id in "ab"]
    assert last[1] == last[0] + 1


async def test_nothing_of_a_refused_unit_is_written(ctx: Context) -> None:
    """A rule that says no in the middle takes back what came before it."""

    async def unit(ctx: Context) -> None:
        await ctx.entity(Account, "b").deposit(500)
        await ctx.entity(Account, "a").withdraw(500)

    with pytest.raises(Rejected):
        await ctx.atomic(unit)

    assert await balances(ctx) == (100, 100)


async def test_a_unit_sees_what_it_does(ctx: Context) -> None:
    """Commands and queries within it see its own events; nobody else does until it stands."""

    async def unit(inner: Context) -> tuple[int, int]:
        await inner.entity(Account, "a").deposit(1)
        inside = await inner.entity(Account, "a").current_balance()
        return inside, await ctx.entity(Account, "a").current_balance()

    assert await ctx.atomic(unit) == (101, 100)


async def test_a_units_reply_waits_until_it_is_durable(ctx: Context, journal: FaultyJournal) -> None:
    """So do the answers of those who see what it did."""
    journal.hold("append")
    unit = await begun(ctx.atomic(transfer(30)))
    balance = await begun(ctx.entity(Account, "a").current_balance())
    assert not any(call.done() for call in (unit, balance))

    journal.release("append")

    assert (await unit, await balance) == (Receipt(70), 70)


async def test_units_and_commands_at_once_lose_nothing(ctx: Context) -> None:
    """Whatever runs side by side, each takes effect once, and the sum is kept."""
    units = [ctx.atomic(transfer(1, *pair)) for pair in [("a", "b"), ("b", "a"), ("a", "c")] * 6]
    others = [ctx.entity(Account, id).deposit(10) for id in "abc"]
    await asyncio.gather(*units, *others)

    c = await ctx.entity(Account, "c").current_balance()
    assert (*await balances(ctx), c) == (100 - 6 + 10, 100 + 10, 6 + 10)


async def test_a_unit_that_was_overtaken_runs_again(ctx: Context) -> None:
    """A command that comes between its reading and its end is not lost."""
    runs = 0

    async def unit(inner: Context) -> int:
        nonlocal runs
        runs += 1
        balance = await inner.entity(Account, "a").current_balance()
        if runs == 1:
            await elsewhere(lambda: ctx.entity(Account, "a").deposit(11))
        return await inner.entity(Account, "b").deposit(balance)

    assert await ctx.atomic(unit) == 100 + 111
    assert runs == 2


async def test_a_unit_that_is_always_overtaken_gives_up(ctx: Context) -> None:
    """Its attempts are bounded, and at their end is Conflict; nothing of it was written."""

    async def unit(inner: Context) -> None:
        await inner.entity(Account, "b").deposit(1)
        await elsewhere(lambda: ctx.entity(Account, "b").deposit(1_000))

    with pytest.raises(Conflict):
        await ctx.atomic(unit)

    assert set((await amounts(ctx, "b"))[1:]) == {1_000}


async def test_a_unit_may_read_what_is_on_its_way(ctx: Context, journal: FaultyJournal) -> None:
    """It waits for what it read to become durable, also when that has happened before its end."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(11))
    reached = asyncio.Event()

    async def unit(inner: Context) -> int:
        balance = await inner.entity(Account, "a").current_balance()
        reached.set()
        await deposit
        return await inner.entity(Account, "b").deposit(balance)

    waiting = asyncio.create_task(ctx.atomic(unit))
    await reached.wait()
    journal.release("append")

    assert await asyncio.wait_for(waiting, 60) == 211


async def test_a_unit_takes_effect_once_although_what_it_read_did_not_land(
    ctx: Context, journal: FaultyJournal
) -> None:
    """What it read belongs to it: when that collides with another writer the unit as a whole runs again."""
    journal.hold("append")
    fill = await begun(ctx.entity(Account, "x").deposit(1))
    await journal.held("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(11))

    async def unit(inner: Context) -> int:
        balance = await inner.entity(Account, "a").current_balance()
        return await inner.entity(Account, "b").deposit(balance)

    waiting = await begun(ctx.atomic(unit))
    async with running(plain, journal._journal) as rival:
        await rival.entity(Account, "a").deposit(1_000)
    journal.release("append")
    await asyncio.gather(fill, deposit, waiting)

    added = (await amounts(ctx, "b"))[1:]
    assert added in ([1_100], [1_111])


async def test_what_a_unit_read_is_held_to_its_version_in_the_journal(
    ctx: Context, journal: FaultyJournal
) -> None:
    """An entity that another process has moved on makes the unit run again on what is there now."""

    async def unit(inner: Context) -> int:
        balance = await inner.entity(Account, "a").current_balance()
        return await inner.entity(Account, "b").deposit(balance)

    async with running(plain, journal._journal) as rival:
        await rival.entity(Account, "a").deposit(1_000)

    assert await ctx.atomic(unit) == 1_200


async def test_a_unit_that_only_reads_writes_nothing(ctx: Context, journal: FaultyJournal) -> None:
    """It sees one state of all it reads, and its answer waits until that is durable."""

    async def total(inner: Context) -> int:
        return sum(await balances(inner))

    journal.hold("append")
    unit = await begun(ctx.atomic(transfer(30)))
    sum_ = await begun(ctx.atomic(total))
    assert not sum_.done()
    journal.release("append")

    assert (await sum_, await unit) == (200, Receipt(70))


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.parametrize("kind", [Rejected, KeyError])
async def test_an_error_waits_until_what_it_rests_on_is_durable(
    kind: type[Exception], is_cancelled: bool, ctx: Context, journal: FaultyJournal
) -> None:
    """G2 holds for units: whatever error they end in, and although the caller of what they saw has gone."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(11))
    if is_cancelled:
        deposit.cancel()

    async def unit(inner: Context) -> None:
        raise kind(await inner.entity(Account, "a").current_balance())

    waiting = await begun(ctx.atomic(unit))
    assert not waiting.done()
    journal.release("append")

    with pytest.raises(kind, match="111"):
        await waiting


async def test_a_unit_may_go_on_after_a_refusal(ctx: Context) -> None:
    """A failed command within it leaves no trace, and what came before and after stands."""

    async def unit(inner: Context) -> int:
        notebook = inner.entity(Notebook, "n")
        await notebook.note("first")
        with pytest.raises(Rejected):
            await notebook.note_and_fail("second")
        with pytest.raises(Rejected):
            await inner.entity(Account, "a").withdraw(101)
        return await notebook.note("third")

    assert await ctx.atomic(unit) == 2
    assert await ctx.entity(Notebook, "n").all() == ["first", "third"]
    assert await ctx.entity(Notebook, "n").note("fourth") == 3


async def test_a_unit_that_landed_and_said_it_failed_takes_effect_once(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """G13 holds for units, those that also read included."""

    async def unit(inner: Context) -> int:
        balance = await inner.entity(Account, "a").current_balance()
        return await inner.entity(Account, "b").deposit(balance)

    journal.plan("append", Fault.AFTER)

    assert await in_time(ctx.atomic(unit), clock) == 200
    assert await amounts(ctx, "b") == [100, 100]
    assert await in_time(ctx.atomic(transfer(30)), clock) == Receipt(70)


async def test_a_unit_with_a_key_takes_effect_once(ctx: Context) -> None:
    """G9 holds for units: the same key gives the same reply, in the type the unit is annotated with."""
    first = await ctx.atomic(transfer(30), idempotency_key="k")
    again = await ctx.atomic(transfer(30), idempotency_key="k")

    assert first == again == Receipt(70)
    assert await balances(ctx) == (70, 130)


async def test_a_units_key_sent_twice_at_once_is_answered_alike(ctx: Context) -> None:
    """Whichever was first, all get its reply, although a second run would be refused."""
    replies = await asyncio.gather(*(ctx.atomic(transfer(60), idempotency_key="k") for _ in range(5)))

    assert replies == [Receipt(40)] * 5
    assert await balances(ctx) == (40, 160)


async def test_another_unit_under_the_same_key_is_an_error(ctx: Context) -> None:
    """A key stands for one unit."""

    async def other(inner: Context) -> int:
        return await inner.entity(Account, "a").deposit(1)

    await ctx.atomic(transfer(30), idempotency_key="k")

    with pytest.raises(KeyReused):
        await ctx.atomic(other, idempotency_key="k")


async def test_what_cannot_be_given_back_again_is_refused_before_anything_is_written(ctx: Context) -> None:
    """A reply that JSON cannot hold could not answer a second call."""

    async def unit(inner: Context) -> object:
        await inner.entity(Account, "a").deposit(1)
        return object()

    with pytest.raises(WrongReply, match="JSON"):
        await ctx.atomic(unit, idempotency_key="k")
    assert await balances(ctx) == (100, 100)


async def test_what_a_unit_cannot_do_is_said(ctx: Context) -> None:
    """Units do not nest, and have one key for all."""

    async def nested(inner: Context) -> None:
        await inner.atomic(transfer(1))

    async def keyed(inner: Context) -> None:
        await inner.entity(Account, "a", idempotency_key="k").deposit(1)

    with pytest.raises(DefinitionError, match="nest"):
        await ctx.atomic(nested)
    with pytest.raises(DefinitionError, match="idempotency_key"):
        await ctx.atomic(keyed)


async def test_a_command_past_the_unit_to_what_it_touches_is_refused_at_once(ctx: Context) -> None:
    """Whichever comes first; sent all the same it would be written each time the unit runs again."""
    runs = []

    async def unit_first(inner: Context) -> None:
        runs.append("unit first")
        await inner.entity(Account, "a").deposit(1)
        await ctx.entity(Account, "a").deposit(10)

    async def unit_last(inner: Context) -> None:
        runs.append("unit last")
        await ctx.entity(Account, "c").deposit(10)
        await inner.entity(Account, "c").deposit(1)

    async def inner_unit(inner: Context) -> None:
        await inner.entity(Account, "a").deposit(1)
        await ctx.atomic(transfer(30))

    for unit in (unit_first, unit_last, inner_unit):
        with pytest.raises(DefinitionError, match="through the context that the unit was given"):
            await ctx.atomic(unit)

    assert runs == ["unit first", "unit last"]
    assert await balances(ctx) == (100, 100)
    assert await amounts(ctx, "c") == [10]


@pytest.mark.parametrize("erase", [False, True])
async def test_a_unit_deletes_nothing_that_it_touches(ctx: Context, erase: bool) -> None:
    """Neither through its own context nor past it; it would find the entity changed, and delete it again."""
    runs = []

    async def own(inner: Context) -> None:
        runs.append("own")
        await inner.delete(Account, "a", erase=erase)

    async def past(inner: Context) -> None:
        runs.append("past")
        await inner.entity(Account, "a").deposit(1)
        await ctx.delete(Account, "a", erase=erase)

    async def another(inner: Context) -> None:
        await inner.entity(Account, "a").deposit(1)
        await ctx.delete(Account, "b", erase=erase)

    with pytest.raises(DefinitionError, match="cannot delete Account/a"):
        await ctx.atomic(own)
    with pytest.raises(DefinitionError, match="through the context that the unit was given"):
        await ctx.atomic(past)
    await ctx.atomic(another)

    assert runs == ["own", "past"]
    assert (await balances(ctx)) == (101, 0 if erase else 100)


async def test_what_a_unit_does_not_touch_may_be_commanded_past_it(ctx: Context) -> None:
    """So may all else by whoever runs at the same time, and by tasks that outlive the unit."""
    tasks: list[asyncio.Task[int]] = []
    ended = asyncio.Event()

    async def later() -> int:
        await ended.wait()
        return await ctx.entity(Account, "a").deposit(7)

    async def unit(inner: Context) -> None:
        await inner.entity(Account, "a").deposit(1)
        await ctx.entity(Account, "b").deposit(10)
        tasks.append(asyncio.create_task(later()))

    await ctx.atomic(unit)
    ended.set()

    assert await tasks[0] == 108
    assert await balances(ctx) == (108, 110)


async def test_a_unit_that_has_ended_takes_no_more_calls(ctx: Context) -> None:
    """Commands, queries, messages, timers and views through it are refused, and nothing is lost unsaid."""
    kept: list[Context] = []

    async def unit(inner: Context) -> None:
        kept.append(inner)
        await inner.entity(Account, "a").deposit(1)

    await ctx.atomic(unit)
    late = kept[0]
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: late.entity(Account, "a").deposit(5),
        lambda: late.entity(Account, "new").deposit(5),
        lambda: late.entity(Account, "a").current_balance(),
        lambda: late.schedule(Account.deposit, "a", after=timedelta(hours=1))(5),
        lambda: late.history(Account, "a"),
        lambda: late.state(Account, "a"),
        lambda: late.delete(Account, "a"),
        late.timers,
        lambda: late.cancel("n"),
        lambda: late.atomic(transfer(1)),
    ]

    for call in calls:
        with pytest.raises(DefinitionError, match="this atomic unit has ended"):
            await call()

    assert await balances(ctx) == (101, 100)
    assert await ctx.entity(Account, "new").current_balance() == 0


async def test_a_call_that_a_unit_left_behind_is_refused(ctx: Context, journal: FaultyJournal) -> None:
    """Also one that was begun within the unit, and was still waiting for its entity when the unit ended."""
    tasks: list[asyncio.Task[int]] = []

    async def unit(inner: Context) -> None:
        await inner.entity(Account, "a").deposit(1)
        journal.hold("load")
        tasks.append(await begun(inner.entity(Account, "cold").deposit(5)))

    await ctx.atomic(unit)
    journal.release("load")

    with pytest.raises(DefinitionError, match="this atomic unit has ended"):
        await tasks[0]
    assert await ctx.entity(Account, "cold").current_balance() == 0


async def test_a_unit_that_failed_has_ended_too(ctx: Context) -> None:
    """What it started and did not wait for adds nothing to what comes after it."""
    kept: list[Context] = []

    async def unit(inner: Context) -> None:
        kept.append(inner)
        await inner.entity(Account, "a").withdraw(1_000)

    with pytest.raises(Rejected):
        await ctx.atomic(unit)
    with pytest.raises(DefinitionError, match="this atomic unit has ended"):
        await kept[0].entity(Account, "a").deposit(1)
