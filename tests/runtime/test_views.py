"""G6 and G10: a view is the fold of the feed up to its checkpoint, and shows a context what that wrote."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import App, Context, Recorded, Unavailable, View, query, reducer
from actum.model.view import ViewType
from actum.ports.database import Database
from actum.ports.journal import Write
from actum.runtime.clock import ManualClock
from actum.runtime.node import Node
from actum.runtime.views import reading as views
from actum.runtime.views.projector import FIRST_PAUSE, MAX_OUTAGE_TIME
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.connection import postponed
from actum.testing import testing
from actum.testing.faults import FaultyJournal
from tests.runtime.bank import Account, Balances, Deposited, Notebook, Noted, Withdrawn
from tests.runtime.nodes import START, database_in_memory, node_on
from tests.runtime.waiting import begun, done_in_time, settled
from tests.runtime.works import failing_database


class Words(View, key="word"):
    """How often each word was noted, and where last; a word noted as "-word" is forgotten."""

    word: str
    count: int = 0
    last: str = ""

    @reducer(key=lambda event: event.text.removeprefix("-").split())
    def noted(self, event: Noted, recorded: Recorded[Noted]) -> None:
        self.count += 1
        self.last = f"{recorded.id}@{recorded.version}"
        if event.text.startswith("-"):
            self.delete()

    @query("SELECT word FROM words WHERE count >= :least ORDER BY count DESC, word")
    def frequent(self, least: int) -> list[str]:
        raise NotImplementedError


class Fussy(View):
    """Cannot take an amount of 13 until it is mended."""

    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        if event.amount == 13 and not mended:
            raise ValueError("thirteen")
        self.balance += event.amount


class Doubled(View, name="balances"):
    """The balances as a later release reduces them."""

    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += 2 * event.amount

    @query("SELECT coalesce(sum(balance), 0) FROM balances")
    def total(self) -> int:
        raise NotImplementedError


mended: list[bool] = []

bank = App("bank", entities=[Account, Notebook], views=[Balances, Words, Fussy])
later = App("later", entities=[Account, Notebook], views=[Doubled])


@pytest.fixture
async def database() -> AsyncGenerator[Database, None]:
    async with database_in_memory() as database:
        yield database


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture(autouse=True)
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is to be answered is, however slow the machine."""
    mended.clear()
    monkeypatch.setattr(views, "PATIENCE", 60.0)


async def deposit(ctx: Context, *amounts: int, id: str = "a") -> None:
    for amount in amounts:
        await ctx.entity(Account, id).deposit(amount)


async def test_a_context_sees_what_it_wrote(journal: FaultyJournal, database: Database) -> None:
    """G10: a query waits until the view shows it, and so does a row."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        for amount in range(1, 30):
            await deposit(ctx, amount)
            row = await ctx.view(Balances).get("a")

            assert await ctx.view(Balances).total() == sum(range(amount + 1))
            assert row is not None
            assert row.balance == sum(range(amount + 1))


async def test_a_unit_is_seen_by_its_context(journal: FaultyJournal, database: Database) -> None:
    """G10 holds for what an atomic unit wrote."""

    async def unit(inner: Context) -> None:
        await deposit(inner, 10)
        await deposit(inner, 20, id="b")

    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await ctx.atomic(unit)

        assert await ctx.view(Balances).total() == 30


async def test_rows_follow_their_keys(journal: FaultyJournal, database: Database) -> None:
    """An event may touch several rows, make them and remove them; a removed one starts anew."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        for text in ("red fox", "red red hen", "-fox", "fox", "-hen"):
            await ctx.entity(Notebook, "n").note(text)
        red, fox = await ctx.view(Words).get("red"), await ctx.view(Words).get("fox")

        assert await ctx.view(Words).frequent(1) == ["red", "fox"]
        assert (red, fox) == (Words("red", 2, "n@2"), Words("fox", 1, "n@4"))
        assert await ctx.view(Words).get("hen") is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["project", "rows", "views"])
async def test_a_failing_database_leaves_a_view_exact(method: str, when: str, journal: FaultyJournal) -> None:
    """G6: what was folded and not written is folded again, and what was written is not."""
    clock = ManualClock(START)
    async with failing_database() as database, node_on(bank, journal, database, clock=clock) as node:
        ctx = Context(node.services)
        await deposit(ctx, 1)
        await node.settle()
        database.plan(method, when, when)
        if method == "views":
            database.plan("project", "after")
        await deposit(ctx, 20, 300)
        await deposit(ctx, 4_000, id="b")

        await done_in_time(node.services.views.projectors()[0].reached(4), node, clock)
        await node.settle()
        assert await ctx.view(Balances).total() == 4_321
        state = next(one for one in await database.views() if one.name == "balances")
        assert state.checkpoint == node.services.feed.head


async def test_a_failing_reducer_holds_up_its_own_row_alone(
    journal: FaultyJournal, database: Database
) -> None:
    """It keeps what it was right before the event it cannot take, and goes on once somebody asks."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await asyncio.gather(*(deposit(ctx, amount) for amount in (1, 20, 13, 300)))
        await deposit(ctx, 5, id="b")
        await node.settle()
        before = [await ctx.view(Fussy).get(id) for id in "ab"]
        others = await ctx.view(Balances).total()

        mended.append(True)
        await database.request_retry("fussy")
        await node.services.views.works["fussy"].retry_rows()
        after = await ctx.view(Fussy).get("a")

    assert (before, others) == ([Fussy("a", 21), Fussy("b", 5)], 339)
    assert after == Fussy("a", 334)


async def test_a_view_goes_on_where_it_was_after_a_restart() -> None:
    """Nothing is folded twice, and nothing left out."""
    async with testing(bank) as t:
        await deposit(t.ctx, 1, 20)
        await t.restart()
        await deposit(t.ctx, 300)

        assert await t.ctx.view(Balances).total() == 321


async def test_a_changed_view_serves_as_it_was_until_the_new_one_is_built(
    journal: FaultyJournal, database: Database
) -> None:
    """Who has seen nothing newer is answered from the old rows; then the new ones take their place."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, 20)
        await node.settle()

    journal.hold("feed")
    async with node_on(later, journal, database) as node:
        while_building = await Context(node.services).view(Doubled).total()
        journal.release("feed")
        await node.settle()
        built = await Context(node.services).view(Doubled).total()

    assert (while_building, built) == (21, 42)


async def test_who_wrote_waits_for_the_view_that_shows_it(
    journal: FaultyJournal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G10 while a changed view is built: the writer of a new event is not shown the old rows."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, 20)
        await node.settle()

    async with node_on(later, journal, database) as node:
        ctx = Context(node.services)
        promote = database.promote_view
        is_allowed = asyncio.Event()

        async def slow(*arguments: Any) -> None:
            await is_allowed.wait()
            await promote(*arguments)

        database.promote_view = slow  # type: ignore[method-assign]
        await deposit(ctx, 300)
        await settled()
        with monkeypatch.context() as impatient:
            impatient.setattr(views, "PATIENCE", 0.2)
            with pytest.raises(Unavailable, match="being built"):
                await ctx.view(Doubled).total()
            with pytest.raises(Unavailable, match="being built"):
                await ctx.view(Doubled).get("a")
        is_allowed.set()

        assert await ctx.view(Doubled).total() == 642
        assert await ctx.view(Doubled).get("a") == Doubled("a", 642)


async def test_a_rebuild_beside_the_live_view_ends_in_the_same_rows(
    journal: FaultyJournal, database: Database
) -> None:
    """The live one follows meanwhile, and shows its writers what they wrote."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, 20)
        await node.settle()
    # A process that has restarted remembers no events, so that the rebuild has to ask the journal for them.
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        journal.hold("feed")
        await node.services.views.rebuild("balances")
        await journal.held("feed")
        await deposit(ctx, 300)
        live = await ctx.view(Balances).total()
        generations = [one.generation for one in await database.views() if one.name == "balances"]
        journal.release("feed")
        await node.settle()

        assert (live, await ctx.view(Balances).total()) == (321, 321)
        after = [(one.generation, one.is_live) for one in await database.views() if one.name == "balances"]
        assert (generations, after) == ([1, 2], [(2, True)])


async def test_two_rebuilds_that_begin_at_once_are_one(journal: FaultyJournal, database: Database) -> None:
    """As when a person is forgotten while another process has asked for the same."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, 20)
        await node.settle()

        await asyncio.gather(*(node.services.views.rebuild("balances") for _ in range(2)))
        await asyncio.wait_for(node.settle(), 60)

        after = [(one.generation, one.is_live) for one in await database.views() if one.name == "balances"]
        assert after == [(2, True)]


@pytest.mark.parametrize("has_restarted", [False, True])
async def test_a_rebuild_ends_without_what_was_erased(
    has_restarted: bool, journal: FaultyJournal, database: Database
) -> None:
    """Although it was the newest of all, and this process remembers it."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, id="a")
        if not has_restarted:
            await erase_newest_and_rebuild(node)
    if has_restarted:
        async with node_on(bank, journal, database) as node:
            await erase_newest_and_rebuild(node)


async def erase_newest_and_rebuild(node: Node) -> None:
    ctx = Context(node.services)
    await deposit(ctx, 20, id="b")
    assert await ctx.view(Balances).total() == 21

    await ctx.delete(Account, "b", erase=True)
    await node.services.views.rebuild("balances")
    await asyncio.wait_for(node.settle(), 60)

    assert await ctx.view(Balances).total() == 1
    await deposit(ctx, 300)
    assert await ctx.view(Balances).total() == 301


async def test_a_restart_in_the_middle_of_a_rebuild_goes_on_with_both(
    journal: FaultyJournal, database: Database
) -> None:
    """The live view is followed on, and the new one built to its end."""
    async with node_on(bank, journal, database) as node:
        await deposit(Context(node.services), 1, 20)
        await node.settle()
        journal.hold("feed")
        await node.services.views.rebuild("balances")
        await settled()
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await deposit(ctx, 300)

        assert await ctx.view(Balances).total() == 321
        journal.release("feed")
        await node.settle()
        assert await ctx.view(Balances).total() == 321
        assert [one.generation for one in await database.views() if one.name == "balances"] == [2]


async def test_a_row_is_read_while_generations_change_places(
    journal: FaultyJournal, database: Database
) -> None:
    """Whoever reads at the moment when the old rows are gone gets the new ones."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await deposit(ctx, 21)
        await node.settle()
        promote = database.promote_view
        has_landed, is_allowed = asyncio.Event(), asyncio.Event()

        async def slow(*arguments: Any) -> None:
            await promote(*arguments)
            has_landed.set()
            await is_allowed.wait()

        database.promote_view = slow  # type: ignore[method-assign]
        await node.services.views.rebuild("balances")
        await has_landed.wait()
        row = asyncio.create_task(ctx.view(Balances).get("a"))
        total = await ctx.view(Balances).total()
        is_allowed.set()

        assert (await row, total) == (Balances("a", 21), 21)


async def test_a_write_that_landed_and_said_it_failed_is_shown_to_who_waits(journal: FaultyJournal) -> None:
    """A view that has it all, and did not know, tells so when it has looked."""
    clock = ManualClock(START)
    async with failing_database() as database, node_on(bank, journal, database, clock=clock) as node:
        ctx = Context(node.services)
        await deposit(ctx, 1)
        await node.settle()
        database.plan("project", "after", "after")
        await deposit(ctx, 20)
        projector = node.services.views.projectors()[0]
        await done_in_time(projector.reached(2), node, clock)

        assert await ctx.view(Balances).total() == 21
        assert projector.failure is None


async def test_who_gives_up_waiting_is_not_remembered(journal: FaultyJournal, database: Database) -> None:
    """G12: queries of a view that stands still leave nothing behind."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        projector = node.services.views.projectors()[0]
        await node.settle()
        waiting = [await begun(projector.reached(99)) for _ in range(5)]
        for task in waiting:
            task.cancel()
        await settled()

        assert projector._waiters == []
        await deposit(ctx, 1)
        assert await ctx.view(Balances).total() == 1


async def test_withdrawals_are_folded_too(journal: FaultyJournal, database: Database) -> None:
    """Events of several sorts meet in one row, in the order in which they happened."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await deposit(ctx, 100)
        await ctx.entity(Account, "a").withdraw(58)
        history = await ctx.history(Account, "a")

        assert history[-1].event == Withdrawn(58)
        assert await ctx.view(Balances).get("a") == Balances("a", 42)


async def test_a_row_that_no_column_can_take_is_set_aside_at_the_event_that_made_it_so(
    journal: FaultyJournal, database: Database
) -> None:
    """The message names that event, and others are shown, although they came in one batch."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await node.settle()
        journal.hold("append")
        calls = [
            await begun(ctx.entity(Account, id).deposit(amount))
            for id, amount in (("a", 1), ("b", 20), ("c", 2**63), ("d", 300))
        ]
        journal.release("append")
        await asyncio.gather(*calls)
        await node.settle()
        [row] = await database.set_aside("balances")

        assert "failed on Deposited of Account/c at position 3" in row.error
        assert "does not fit a 64-bit column" in row.error
        assert await Context(node.services).view(Balances).total() == 321


async def test_who_waits_for_rows_that_are_replaced_is_answered_from_the_new_ones(
    journal: FaultyJournal, database: Database
) -> None:
    """A generation that takes the other's place brings its waiters what they wait for."""
    async with node_on(bank, journal, database) as node:
        ctx = Context(node.services)
        await deposit(ctx, 1)
        await node.settle()
        project = database.project
        is_over = asyncio.Event()

        async def slow_for_the_first(view: ViewType, generation: int, **change: Any) -> None:
            if view.name == "balances" and generation == 1:
                await is_over.wait()
            await project(view, generation, **change)

        database.project = slow_for_the_first  # type: ignore[method-assign]
        await deposit(ctx, 20)
        asking = await begun(ctx.view(Balances).total())
        assert not asking.done()
        await node.services.views.rebuild("balances")

        assert await asking == 21
        is_over.set()


async def test_a_view_goes_on_soon_after_an_outage_however_many_there_were(journal: FaultyJournal) -> None:
    """Pauses grow while the store is away, up to a second, and begin anew when there has been progress."""
    clock = ManualClock(START)
    async with failing_database() as database, node_on(bank, journal, database, clock=clock) as node:
        ctx = Context(node.services)
        projector = node.services.views.projectors()[0]
        pauses = []
        sleep = clock.sleep

        async def noted(span: timedelta) -> None:
            pauses.append(span)
            await sleep(span)

        clock.sleep = noted  # type: ignore[method-assign]
        for outage in range(1, 4):
            database.plan("project", *["before"] * 5)
            await deposit(ctx, 1)
            await done_in_time(projector.reached(outage), node, clock)

    assert len(pauses) == 15
    assert max(pauses) <= MAX_OUTAGE_TIME
    assert max(pauses[::5]) <= FIRST_PAUSE


async def test_stored_events_that_no_class_declares_are_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A class that was renamed without name= must not be missed in silence."""
    journal = MemoryJournal()
    names = ("a", "b", "a")
    for version, id in enumerate(names):
        expected = names[:version].count(id)
        write = Write("Account", id, expected, [("PaidIn", 1, b'{"amount":1}')], b"{}", START)
        await journal.append([write])

    async with (
        database_in_memory() as database,
        node_on(App("bank", entities=[Account], views=[Balances]), journal, database) as node,
    ):
        await node.settle()

    warnings = [record.getMessage() for record in caplog.records if record.name == "actum.feed"]
    assert len(warnings) == 1
    assert "'PaidIn'" in warnings[0]
    assert "name='PaidIn'" in warnings[0]


@pytest.mark.parametrize("is_postponed_first", [False, True])
async def test_a_reader_has_rows_written_at_once_that_would_wait_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_postponed_first: bool
) -> None:
    monkeypatch.setattr(postponed, "PAUSE", 3_600)
    async with App("viewed", entities=[Account], views=[Balances]).running(
        store=f"sqlite:///{tmp_path / 'app.db'}"
    ) as ctx:
        await ctx.entity(Account, "a").deposit(3)
        [projector] = ctx._services.views.projectors()
        while is_postponed_first and not ctx._services.database._file._postponed._jobs:  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(0)

        row = await asyncio.wait_for(ctx.view(Balances).get("a"), 20)

        assert row is not None
        assert (row.balance, projector.position) == (3, 1)
        monkeypatch.setattr(postponed, "PAUSE", 0.001)
