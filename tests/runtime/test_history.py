"""What has happened to an entity: its history, its state at any point, listings, and deletion."""

from collections.abc import AsyncGenerator

import pytest

from actum import App, Context, Entity, Invalid, NotFound, Rejected, query, reducer
from actum.errors import UnknownEvent
from actum.model.event import to_datetime
from actum.runtime.clock import SECOND, ManualClock
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FaultyJournal
from tests.runtime.bank import Account, Deposited, Noted, Opened, Withdrawn, plain
from tests.runtime.nodes import START, running
from tests.runtime.waiting import begun


class Narrow(Entity, name="Account"):
    """An account that knows of deposits alone."""

    balance: int = 0

    @query
    def current_balance(self) -> int:
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def ctx(journal: FaultyJournal, clock: ManualClock) -> AsyncGenerator[Context, None]:
    """A context in whose bank Ann put 10 in, took 4 out a second later, and put 100 in after two more."""
    async with running(plain, journal, clock=clock) as ctx:
        account = ctx.entity(Account, "a")
        await account.open("ann")
        await account.deposit(10)
        clock.move_to(START + SECOND)
        await account.withdraw(4)
        clock.move_to(START + 3 * SECOND)
        await account.deposit(100)
        yield ctx
        journal.release()


async def test_a_history_tells_what_happened_where_and_why(ctx: Context) -> None:
    """Each event comes with its place, its time, and the command and line of work it came from."""
    third = (await ctx.history(Account, "a"))[2]

    assert (third.event, third.kind, third.id, third.version, third.position) == (
        Withdrawn(4),
        "Account",
        "a",
        3,
        3,
    )
    assert third.time == to_datetime(START + SECOND)
    assert (third.metadata.command, third.metadata.correlation_id) == ("withdraw", ctx.correlation_id)


async def test_a_history_can_be_read_in_parts_and_backwards(ctx: Context) -> None:
    """`after` is left out, `up_to` is not, and `limit` counts from the side that is read first."""
    parts = [
        await ctx.history(Account, "a", after=1, up_to=3),
        await ctx.history(Account, "a", limit=2, reverse=True),
        await ctx.history(Account, "a", after=9),
        await ctx.history(Account, "nobody"),
    ]

    assert [[recorded.version for recorded in part] for part in parts] == [[2, 3], [4, 3], [], []]


async def test_the_state_at_a_version_is_the_fold_up_to_it(ctx: Context) -> None:
    """0 is before the first event; what is not there (yet) is not found."""
    states = [await ctx.state(Account, "a", version=version) for version in range(5)]

    assert [(state.version, state.owner, state.balance) for state in states] == [
        (0, "", 0),
        (1, "ann", 0),
        (2, "ann", 10),
        (3, "ann", 6),
        (4, "ann", 106),
    ]
    with pytest.raises(NotFound, match="no version 5"):
        await ctx.state(Account, "a", version=5)
    assert (await ctx.state(Account, "a")).balance == 106


async def test_the_state_at_a_time_is_what_was_known_then(ctx: Context) -> None:
    """An event of that very moment counts."""
    times = [-1, 0, SECOND, 2 * SECOND, 3 * SECOND]
    states = [await ctx.state(Account, "a", time=to_datetime(START + time)) for time in times]

    assert [state.balance for state in states] == [0, 10, 6, 6, 106]


async def test_a_clock_that_went_back_leaves_the_past_readable(journal: FaultyJournal) -> None:
    """Time may go backwards between events; the state at a time ends before the first event after it."""
    for seconds, amount in ((0, 1), (10, 20), (5, 300)):
        async with running(plain, journal, clock=ManualClock(START + seconds * SECOND)) as ctx:
            await ctx.entity(Account, "a").deposit(amount)

    async with running(plain, journal) as ctx:
        assert (await ctx.state(Account, "a", time=to_datetime(START + 7 * SECOND))).balance == 1
        assert (await ctx.state(Account, "a", time=to_datetime(START + 10 * SECOND))).balance == 321


async def test_a_time_without_a_zone_is_refused(ctx: Context) -> None:
    """Nobody knows what moment it means."""
    naive = to_datetime(START).replace(tzinfo=None)

    with pytest.raises(Invalid, match="time zone"):
        await ctx.state(Account, "a", time=naive)
    with pytest.raises(Invalid, match="time zone"):
        await ctx.ids(Account, first_after=naive)
    with pytest.raises(Invalid, match="time zone"):
        ctx.schedule(Account.deposit, "a", at=naive)


async def test_what_would_be_is_told_and_not_done(ctx: Context) -> None:
    """Imagined events are folded like real ones, and leave nothing behind."""
    imagined = await ctx.what_if(Account, "a", [Withdrawn(6), Deposited(1)])

    assert (imagined.version, imagined.balance) == (6, 101)
    assert (await ctx.state(Account, "a")).balance == 106
    assert len(await ctx.history(Account, "a")) == 4
    with pytest.raises(Invalid, match="Noted"):
        await ctx.what_if(Account, "a", [Noted("x")])


async def test_ids_come_in_pages_by_the_time_of_their_first_event(ctx: Context, clock: ManualClock) -> None:
    """Each entity once, bounded by time where that is asked."""
    for number in range(5):
        clock.move_to(START + (10 + number) * SECOND)
        await ctx.entity(Account, f"b{number}").deposit(1)
    found: list[str] = []
    page: str | None = None
    while page is not None or not found:
        listed = await ctx.ids(Account, limit=2, page=page)
        found += [item.id for item in listed.items]
        page = listed.next
        if page is None:
            break
    late = await ctx.ids(Account, first_after=to_datetime(START + 12 * SECOND), reverse=True)

    assert found == ["a", "b0", "b1", "b2", "b3", "b4"]
    assert [item.id for item in late.items] == ["b4", "b3"]


async def test_a_deleted_entity_keeps_its_last_event_and_its_place(ctx: Context) -> None:
    """What came before is gone, and versions go on."""
    removed = await ctx.delete(Account, "a")

    assert removed == 3
    assert [recorded.version for recorded in await ctx.history(Account, "a")] == [4]
    assert await ctx.entity(Account, "a").current_balance() == 100
    assert await ctx.entity(Account, "a").deposit(1) == 101
    assert (await ctx.history(Account, "a"))[-1].version == 5


async def test_what_was_deleted_is_not_found_again_by_version_or_time(ctx: Context) -> None:
    """A state that can no longer be known is not found, and never told as if there had been nothing."""
    await ctx.delete(Account, "a")

    with pytest.raises(NotFound, match="removed"):
        await ctx.state(Account, "a", version=2)
    with pytest.raises(NotFound, match="removed"):
        await ctx.state(Account, "a", time=to_datetime(START + SECOND))
    assert (await ctx.state(Account, "a", time=to_datetime(START + 3 * SECOND))).version == 4


async def test_an_erased_entity_has_never_been(ctx: Context) -> None:
    """Its events, replies and snapshot are gone, and its id may begin anew."""
    await ctx.entity(Account, "a", idempotency_key="k-7").deposit(1)

    assert await ctx.delete(Account, "a", erase=True) == 5
    assert await ctx.history(Account, "a") == []
    assert await ctx.entity(Account, "a").current_balance() == 0
    assert await ctx.entity(Account, "a", idempotency_key="k-7").deposit(7) == 7
    assert [recorded.version for recorded in await ctx.history(Account, "a")] == [1]


@pytest.mark.parametrize("has_left_memory", [False, True])
async def test_no_snapshot_brings_back_what_was_erased(
    has_left_memory: bool, ctx: Context, clock: ManualClock
) -> None:
    """One that was due, and not kept yet, goes with the rest, although a new life has come as far."""
    directory = ctx._services.directory
    for _ in range(10):
        await ctx.entity(Account, "a").deposit(1)
    if has_left_memory:
        clock.move_to(START + 9_000 * SECOND)
        directory.sweep()
    await ctx.delete(Account, "a", erase=True)

    async def unit(inner: Context) -> None:
        for _ in range(15):
            await inner.entity(Account, "a").deposit(1_000)

    await ctx.atomic(unit)
    await directory.save_snapshots()
    clock.move_to(START + 18_000 * SECOND)
    directory.sweep()

    assert await ctx.entity(Account, "a").current_balance() == 15_000


async def test_no_snapshot_brings_back_what_was_pruned(ctx: Context) -> None:
    """The state after a deletion is that of the event that stayed."""
    for _ in range(10):
        await ctx.entity(Account, "a").deposit(1)
    await ctx.delete(Account, "a")
    await ctx._services.directory.save_snapshots()
    ctx._services.directory.live.clear()

    assert await ctx.entity(Account, "a").deposit(5) == 6


@pytest.mark.parametrize("erase", [False, True])
async def test_what_is_on_its_way_is_deleted_too(erase: bool, ctx: Context, journal: FaultyJournal) -> None:
    """Deleting waits for it; its caller hears that it was done, which it was."""
    journal.hold("append")
    deposit = await begun(ctx.entity(Account, "a").deposit(1))
    deletion = await begun(ctx.delete(Account, "a", erase=erase))
    journal.release("append")

    assert await deposit == 107
    assert await deletion == (5 if erase else 4)
    assert await ctx.entity(Account, "a").current_balance() == (0 if erase else 1)


async def test_an_entity_that_was_being_loaded_is_not_remembered(journal: FaultyJournal) -> None:
    """A load that had begun before the deletion does not bring the old state back after it."""
    async with running(plain, journal) as ctx:
        await ctx.entity(Account, "a").deposit(10)
    async with running(plain, journal) as ctx:
        journal.hold("load", answers=True)
        balance = await begun(ctx.entity(Account, "a").current_balance())
        deletion = await begun(ctx.delete(Account, "a", erase=True))
        journal.release("load")

        assert (await balance, await deletion) == (10, 1)
        assert await ctx.entity(Account, "a").current_balance() == 0


async def test_commands_that_come_during_a_deletion_are_answered(
    ctx: Context, journal: FaultyJournal
) -> None:
    """They are done before or after it, and what they reply is so."""
    journal.hold("erase")
    deletion = await begun(ctx.delete(Account, "a", erase=True))
    during = await begun(ctx.entity(Account, "a").deposit(1))
    journal.release("erase")

    assert (await during, await deletion) in ((107, 5), (1, 4))
    left = 1 if await during == 1 else 0
    assert await ctx.entity(Account, "a").current_balance() == left


async def test_an_entity_that_cannot_be_loaded_can_be_deleted(ctx: Context, journal: FaultyJournal) -> None:
    """Nobody need mend a history that is to go."""
    async with running(App("narrow", entities=[Narrow]), journal) as other:
        with pytest.raises(UnknownEvent, match="Opened"):
            await other.entity(Narrow, "a").current_balance()

        assert await other.delete(Narrow, "a", erase=True) == 4
        assert await other.entity(Narrow, "a").current_balance() == 0


async def test_deleting_what_is_not_there_removes_nothing(ctx: Context) -> None:
    """Nothing is made by it, either."""
    assert await ctx.delete(Account, "nobody") == 0
    assert await ctx.delete(Account, "nobody", erase=True) == 0
    assert [item.id for item in (await ctx.ids(Account)).items] == ["a"]


async def test_an_opened_account_cannot_be_opened_again(ctx: Context) -> None:
    """`exists` holds from the first event on, and no more once all is erased."""
    with pytest.raises(Rejected):
        await ctx.entity(Account, "a").open("bob")
    await ctx.delete(Account, "a", erase=True)
    await ctx.entity(Account, "a").open("bob")

    assert [recorded.event for recorded in await ctx.history(Account, "a")] == [Opened("bob")]
