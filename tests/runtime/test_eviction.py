"""How long entities live in memory, and the snapshots from which they come back."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import field

from actum import App, Context, Entity, command, query, reducer
from actum.app import definition_of
from actum.errors import WrongState
from actum.ports.journal import Snapshot
from actum.runtime.clock import SECOND, ManualClock
from actum.runtime.entities.directory import Directory, EvictionPolicy
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FaultyJournal
from tests.runtime.bank import Account, Deposited, Notebook, plain
from tests.runtime.nodes import START, running
from tests.runtime.waiting import begun

STREAM = ("Account", "a")


class DoubleAccount(Entity, name="Account"):
    """An account whose reducer has changed."""

    balance: int = 0

    @query
    def current_balance(self) -> int:
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += 2 * event.amount


class Hoard(Entity, snapshot_every=2):
    """A state that JSON cannot hold."""

    balance: int = 0
    things: list[Any] = field(default_factory=list)

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount
        self.things.append(object() if event.amount == 13 else event.amount)


class OlderHoard(Entity, name="Hoard"):
    """The same before it held any things."""

    balance: int = 0

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
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
    residence = EvictionPolicy(most=10, idle=timedelta(seconds=60))
    async with running(plain, journal, clock=clock, residence=residence) as ctx:
        yield ctx
        journal.release()


def directory_of(ctx: Context) -> Directory:
    return ctx._services.directory


async def kept(journal: FaultyJournal, app: App = plain) -> Snapshot | None:
    """The snapshot that the journal keeps of the account."""
    fingerprints = {kind.name: kind.fingerprint for kind in definition_of(app).catalog.kinds.values()}
    return (await journal.load([STREAM], fingerprints))[0].snapshot


async def deposit(ctx: Context, times: int, id: str = "a") -> None:
    for _ in range(times):
        await ctx.entity(Account, id).deposit(1)


async def test_an_idle_entity_leaves_memory_and_comes_back_the_same(ctx: Context, clock: ManualClock) -> None:
    """One that had a turn within the span stays."""
    await deposit(ctx, 3)
    await ctx.entity(Notebook, "n").note("first")
    clock.move_to(START + 50 * SECOND)
    await deposit(ctx, 1, "b")
    clock.move_to(START + 70 * SECOND)
    directory_of(ctx).sweep()

    assert list(directory_of(ctx).live) == [("Account", "b")]
    assert await ctx.entity(Account, "a").deposit(1) == 4
    assert await ctx.entity(Notebook, "n").note("second") == 2


async def test_the_least_recently_used_leave_when_there_are_too_many(
    ctx: Context, clock: ManualClock
) -> None:
    """A tenth more than the bound is borne before any has to go."""
    for number in range(12):
        clock.move_to(START + number * SECOND)
        await deposit(ctx, 1, f"a{number}")

    assert [id for _, id in directory_of(ctx).live] == [f"a{number}" for number in range(2, 12)]
    assert await ctx.entity(Account, "a0").deposit(1) == 2


async def test_an_entity_whose_writes_are_on_their_way_stays(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """What is not durable is nowhere else."""
    await deposit(ctx, 1)
    journal.hold("append")
    waiting = await begun(ctx.entity(Account, "a").deposit(10))
    clock.move_to(START + 3_600 * SECOND)
    directory_of(ctx).sweep()

    assert STREAM in directory_of(ctx).live
    journal.release("append")
    assert await waiting == 11


async def test_a_snapshot_is_kept_every_so_many_events(ctx: Context, journal: FaultyJournal) -> None:
    """The account is kept every ten events, when there is time for it."""
    await deposit(ctx, 9)
    await directory_of(ctx).save_snapshots()
    assert await kept(journal) is None

    await deposit(ctx, 16)
    await directory_of(ctx).save_snapshots()
    snapshot = await kept(journal)

    assert snapshot is not None
    assert (snapshot.version, snapshot.state) == (20, b'{"owner":"","balance":20}')


async def test_an_entity_comes_back_from_its_snapshot_and_what_followed(
    ctx: Context, journal: FaultyJournal
) -> None:
    """The snapshot alone is read, with the events after it."""
    await deposit(ctx, 13)
    fingerprint = definition_of(plain).catalog.kinds["Account"].fingerprint
    snapshot = Snapshot(10, START, fingerprint, b'{"owner":"","balance":1000}')
    await journal.save_snapshot(*STREAM, snapshot)

    async with running(plain, journal) as other:
        assert await other.entity(Account, "a").current_balance() == 1_003
        assert await other.entity(Account, "a").deposit(1) == 1_004


async def test_leaving_memory_keeps_a_snapshot_if_one_is_due(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """A unit takes none by the way, so it may be due by then."""

    async def unit(inner: Context) -> None:
        for _ in range(11):
            await inner.entity(Account, "a").deposit(1)

    await ctx.atomic(unit)
    clock.move_to(START + 3_600 * SECOND)
    directory_of(ctx).sweep()
    await directory_of(ctx).save_snapshots()
    snapshot = await kept(journal)

    assert snapshot is not None
    assert snapshot.version == 11


async def test_a_state_that_is_not_durable_is_never_kept(ctx: Context, journal: FaultyJournal) -> None:
    """A snapshot waits for its events; of events that did not land there is none."""
    await deposit(ctx, 9)
    journal.hold("append")
    waiting = await begun(ctx.entity(Account, "a").deposit(500))
    async with running(plain, journal._journal) as rival:
        await rival.entity(Account, "a").withdraw(9)
        await rival.entity(Account, "a").deposit(1)
    journal.release("append")
    await waiting
    await directory_of(ctx).save_snapshots()
    snapshot = await kept(journal)

    assert snapshot is not None
    state = await ctx.state(Account, "a", version=snapshot.version)
    assert snapshot.state == msgspec.json.encode(state)


@pytest.mark.parametrize(
    "state", [b"", b"{", b"null", b'{"balance":"x"}', b'{"owner":"\xff"}', b"[" * 100_000, bytes(range(256))]
)
async def test_a_broken_snapshot_falls_back_to_the_events(state: bytes, journal: FaultyJournal) -> None:
    """It is only a cache."""
    async with running(plain, journal) as ctx:
        await deposit(ctx, 12)
    snapshot = Snapshot(12, START, definition_of(plain).catalog.kinds["Account"].fingerprint, state)
    await journal.save_snapshot(*STREAM, snapshot)

    async with running(plain, journal) as ctx:
        assert await ctx.entity(Account, "a").current_balance() == 12
        assert await ctx.entity(Account, "a").deposit(1) == 13


async def test_a_snapshot_of_another_declaration_is_not_read(journal: FaultyJournal) -> None:
    """When reducers or fields have changed, the events are folded again."""
    async with running(plain, journal) as ctx:
        await deposit(ctx, 12)
        await directory_of(ctx).save_snapshots()

    async with running(App("other", entities=[DoubleAccount]), journal) as ctx:
        assert await ctx.entity(DoubleAccount, "a").current_balance() == 24


async def test_an_event_that_leaves_what_json_cannot_hold_is_refused(clock: ManualClock) -> None:
    """Nothing of its turn is left, and later commands find the state as it was."""
    async with running(App("hoards", entities=[Hoard]), MemoryJournal(), clock=clock) as ctx:
        await ctx.entity(Hoard, "h").deposit(1)
        with pytest.raises(WrongState, match=r"after Deposited\(amount=13\), .* things: .* type object"):
            await ctx.entity(Hoard, "h").deposit(13)

        assert await ctx.entity(Hoard, "h").deposit(2) == 3
        assert (await ctx.state(Hoard, "h")).things == [1, 2]


async def test_a_state_that_json_cannot_hold_fails_no_command(clock: ManualClock) -> None:
    """What an older history makes of today's class has no snapshot; it comes back from its events."""
    journal = MemoryJournal()
    async with running(App("older", entities=[OlderHoard]), journal, clock=clock) as ctx:
        await ctx.entity(OlderHoard, "h").deposit(13)
    async with running(App("hoards", entities=[Hoard]), journal, clock=clock) as ctx:
        amounts = [await ctx.entity(Hoard, "h").deposit(1) for _ in range(5)]
        clock.move_to(START + 3_600 * SECOND)
        directory_of(ctx).sweep()

        assert amounts == [14, 15, 16, 17, 18]
        assert len(directory_of(ctx).live) == 0
        assert await ctx.entity(Hoard, "h").deposit(1) == 19
