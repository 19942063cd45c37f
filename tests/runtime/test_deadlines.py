"""Deadlines of entities: committed with events, fired once, and never after they were cancelled."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Raw

from actum import App, Context, Entity, Invalid, Rejected, command
from actum.errors import Unavailable
from actum.model.deadlines.deadline import CHECKPOINT, PREFIX, Change, timer_name, with_changes
from actum.model.event import Stored
from actum.ports.database import DeadlineProgress
from actum.ports.journal import Write
from actum.runtime.clock import ManualClock
from actum.runtime.context.erasure import is_timer_stored
from actum.runtime.deadlines import follower as following
from actum.runtime.deadlines.firing import Unchanged
from actum.runtime.entities.actor import Staged
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.stores.open import open_stores
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase
from actum.testing import testing
from tests.runtime.deadlines import Alarm, Rang, Set, app, due, rung
from tests.runtime.nodes import START, database_in_memory, node_on
from tests.servers.stores import store_of

SECOND = 1_000_000


@pytest.fixture(params=["memory", "sqlite", "postgres", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory:" if request.param == "memory" else store_of(request, tmp_path)


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def lasting(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return store_of(request, tmp_path)


@asynccontextmanager
async def started(
    store: str, clock: ManualClock | None = None, application: App = app, database: str | None = None
) -> AsyncGenerator[Node]:
    async with (
        open_stores(store) as stores,
        asyncio.timeout(120),
        node_on(application, stores.journal, stores.database, clock=clock) as node,
    ):
        yield node


class Breaking(SqliteDatabase):
    """A database that fails to save deadlines, before it has or after, as often as `failing` says."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self.failing: list[str] = []

    async def save_deadlines(self, progress: DeadlineProgress) -> None:
        fault = self.failing.pop(0) if progress.changes and self.failing else ""
        if fault == "before":
            raise Unavailable("it is away")
        await super().save_deadlines(progress)
        if fault == "after":
            raise Unavailable("it is away")


@asynccontextmanager
async def breaking() -> AsyncGenerator[Breaking]:
    database = Breaking(await SqliteFile.open(":memory:", (SCHEMA,)))
    try:
        yield database
    finally:
        await database.close()


async def test_a_deadline_sends_its_command_when_it_is_due_and_never_before(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await t.advance(seconds=59)
        before = await rung(t.ctx)

        await t.advance(seconds=1)

        assert (before, await rung(t.ctx)) == ([], ["ready"])
        assert await t.ctx.timers() == []


async def test_who_sets_a_deadline_and_lists_timers_sees_it(store: str) -> None:
    async with testing(app, store=store) as t:
        for number in range(10):
            await t.new_context().entity(Alarm, "a").set(f"n{number}", number + 1, "x")
            assert len(await t.new_context().timers()) == number + 1

        await t.new_context().entity(Alarm, "a").unset("n4")
        assert len(await t.new_context().timers()) == 9


async def test_the_command_follows_from_the_event_that_set_the_deadline(store: str) -> None:
    """Who acted is passed on, as timers do."""
    async with testing(app, store=store) as t:
        ctx = Context(t.node.services, correlation_id="c-7", by="ann")
        await ctx.entity(Alarm, "a").touch()
        await ctx.entity(Alarm, "a").set("tea", 60, "ready")

        await t.advance(seconds=60)

        last = (await t.ctx.history(Alarm, "a"))[-1]
        assert last.event == Rang("ready")
        metadata = last.metadata
        assert (metadata.causation_id, metadata.correlation_id, metadata.by) == ("Alarm/a@2", "c-7", "ann")


async def test_a_cancelled_deadline_does_not_fire(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await t.ctx.entity(Alarm, "a").set("egg", 61, "soft")
        await t.ctx.entity(Alarm, "b").set("tea", 62, "another's")
        await t.ctx.entity(Alarm, "a").unset("tea")

        await t.advance(seconds=100)

        assert (await rung(t.ctx), await rung(t.ctx, "b")) == (["soft"], ["another's"])


async def test_a_deadline_that_is_set_again_fires_once_at_the_new_time(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "old")
        await t.ctx.entity(Alarm, "a").set("tea", 90, "new")
        await t.advance(seconds=60)
        early = await rung(t.ctx)

        await t.advance(seconds=60)

        assert (early, await rung(t.ctx)) == ([], ["new"])


async def test_a_deadline_set_again_for_the_same_moment_fires_again(store: str) -> None:
    """Each setting has an idempotency key of its own, though name and time are the same."""
    async with testing(app, store=store) as t:
        for _ in range(2):
            await t.ctx.entity(Alarm, "a").set("tea", -5, "ready")
            await t.settle()

        assert await rung(t.ctx) == ["ready", "ready"]


async def test_a_command_that_a_deadline_sends_may_set_it_again(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("again", 5, "again")

        await t.advance(seconds=30)

        assert await rung(t.ctx) == ["again", "last"]
        assert await t.ctx.timers() == []


async def test_a_refused_command_sets_no_deadline(store: str) -> None:
    async with testing(app, store=store) as t:
        with pytest.raises(Rejected):
            await t.ctx.entity(Alarm, "a").set_and_refuse("tea")

        await t.advance(seconds=30)

        assert (await t.ctx.timers(), await rung(t.ctx)) == ([], [])


async def test_a_command_of_several_events_sets_each_deadline_once(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set_many(["one", "two", "three"])
        listed = await due(t.ctx)

        await t.advance(seconds=30)

        assert listed == ["a one", "a two", "a three"]
        assert await rung(t.ctx) == ["one", "two", "three"]


async def test_a_unit_sets_the_deadlines_of_all_its_entities_or_none(store: str) -> None:
    async def change(ctx: Context, fails: bool) -> None:
        await ctx.entity(Alarm, "a").set("tea", 10, "a")
        await ctx.entity(Alarm, "b").set("tea", 20, "b")
        await ctx.entity(Alarm, "b").set("egg", 30, "egg")
        await ctx.entity(Alarm, "a").unset("tea")
        if fails:
            raise Rejected("no")

    async with testing(app, store=store) as t:
        with pytest.raises(Rejected):
            await t.ctx.atomic(change, True)
        after_refusal = await t.ctx.timers()
        await t.ctx.atomic(change, False)
        listed = await due(t.ctx)

        await t.advance(seconds=60)

        assert after_refusal == []
        assert listed == ["b tea", "b egg"]
        assert (await rung(t.ctx), await rung(t.ctx, "b")) == ([], ["b", "egg"])


async def test_a_call_that_comes_again_sets_nothing_again(store: str) -> None:
    async with testing(app, store=store) as t:
        for _ in range(2):
            await t.ctx.entity(Alarm, "a", idempotency_key="k").set("tea", 60, "ready")
            await t.advance(seconds=61)

        assert await rung(t.ctx) == ["ready"]


async def test_deadlines_survive_a_restart(lasting: str) -> None:
    async with testing(app, store=lasting) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await t.ctx.entity(Alarm, "a").set("egg", 60, "soft")
        await t.restart()
        await t.ctx.entity(Alarm, "a").unset("egg")
        await t.restart()

        await t.advance(seconds=60)

        assert await rung(t.ctx) == ["ready"]


async def test_what_was_committed_before_a_crash_is_applied_after_it(
    lasting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the commit and the follower."""

    async def never(self: object) -> None:
        return

    clock = ManualClock(START)
    with monkeypatch.context() as crashed:
        crashed.setattr(following.DeadlineFollower, "catch_up", never)
        async with started(lasting, clock) as node:
            await Context(node.services).entity(Alarm, "a").set("tea", 60, "ready")
            await Context(node.services).entity(Alarm, "a").set("egg", 60, "soft")
            await Context(node.services).entity(Alarm, "a").unset("egg")
            assert await node.services.database.timers() == []

    async with started(lasting, clock) as node:
        await node.settle()
        clock.move_to(START + 60 * SECOND)
        await node.settle()

        assert await rung(Context(node.services)) == ["ready"]


async def test_a_deadline_that_fired_before_a_crash_fires_no_second_time(
    lasting: str,
) -> None:
    """The process ends between the command and the removal of its timer."""
    clock = ManualClock(START)
    async with started(lasting, clock) as node:
        await Context(node.services).entity(Alarm, "a").set("tea", 60, "ready")
        [timer] = await Context(node.services).timers()
        clock.move_to(START + 60 * SECOND)
        await node.settle()
        await node.services.database.add_timer(timer)
        node.services.signals.send("timers")

        await node.settle()

        assert await rung(Context(node.services)) == ["ready"]
        assert await node.services.database.timers() == []


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_database_that_failed_is_asked_where_to_go_on(fault: str) -> None:
    """What it has applied is not applied again, although it said that it failed."""
    clock = ManualClock(START)
    async with breaking() as database, node_on(app, MemoryJournal(), database, clock=clock) as node:
        await node.settle()
        database.failing = [fault]
        ctx = Context(node.services)
        await ctx.entity(Alarm, "a").set("tea", 60, "ready")
        async with asyncio.timeout(60):
            while not await database.timers() or database.failing:  # noqa: ASYNC110 (the supervisor's pause)
                await asyncio.sleep(0.01)
        await ctx.entity(Alarm, "a").unset("tea")
        await ctx.entity(Alarm, "a").set("egg", 60, "soft")
        async with asyncio.timeout(60):
            await node.settle()

        clock.move_to(START + 60 * SECOND)
        await node.settle()

        assert await rung(ctx) == ["soft"]


async def test_a_write_with_an_unknown_outcome_is_found_in_the_feed() -> None:
    """It landed, though the journal failed and its caller was told that nobody knows."""
    journal = MemoryJournal()
    async with database_in_memory() as database, node_on(app, journal, database) as node:
        await node.settle()
        actor = await node.services.directory.activate(("Alarm", "a"))
        change = Change("tea", "ring", START + 5 * SECOND, 0, Raw(b'["ready"]'))
        metadata = with_changes(b"{}", [change], 1)
        write = Write("Alarm", "a", 0, [("Set", 1, b'{"name":"tea"}')], metadata, START)
        staged = Staged(write, actor, asyncio.get_running_loop().create_future())
        node.services.committer.scheduled.note(staged)
        staged.fail(Unavailable("the journal is away"))
        node.services.directory.drop(actor)
        await journal.append([write])
        node.services.feed.hear_of(1)

        await node.settle()

        assert [timer.command for timer in await database.timers()] == ["ring"]


def test_of_several_events_the_last_sets_the_deadlines() -> None:
    """Else a deadline that has fired between two pages of the feed would come back."""
    metadata = with_changes(b"{}", [Change("tea", "ring", 5)], 2)
    first, last = (
        Stored(version, "Alarm", "a", version, "Set", 1, b"{}", metadata, START) for version in (1, 2)
    )

    assert following.changes_in([first]) == []
    assert [change.position for change in following.changes_in([last])] == [2]


async def test_a_deadline_is_not_fired_after_a_cancel_that_was_decided_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cancel comes between the look at the deadline and the command."""
    clock = ManualClock(START)
    async with database_in_memory() as database, node_on(app, MemoryJournal(), database, clock=clock) as node:
        ctx = Context(node.services)
        await ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await ctx.timers()
        looked = _Once(node, "tea")
        monkeypatch.setattr("actum.runtime.deadlines.firing.is_timer_stored", looked.look)

        clock.move_to(START + 60 * SECOND)
        await node.settle()

        assert looked.count == 2
        assert await rung(ctx) == []


async def test_other_commands_of_a_busy_entity_do_not_hold_a_deadline_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock(START)
    async with database_in_memory() as database, node_on(app, MemoryJournal(), database, clock=clock) as node:
        ctx = Context(node.services)
        await ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await ctx.timers()
        looked = _Once(node, None)
        monkeypatch.setattr("actum.runtime.deadlines.firing.is_timer_stored", looked.look)

        clock.move_to(START + 60 * SECOND)
        await node.settle()

        assert (looked.count, await rung(ctx)) == (1, ["ready"])


class _Once:
    """Sends another command, once, after the deadline was looked at: one that cancels `name`, or any."""

    def __init__(self, node: Node, name: str | None) -> None:
        self._is_stored = is_timer_stored
        self._node = node
        self._name = name
        self.count = 0

    async def look(self, database: object, action: str, timer: object) -> bool:
        self.count += 1
        found = await self._is_stored(database, action, timer)  # type: ignore[arg-type]
        if self.count == 1:
            alarm = Context(self._node.services).entity(Alarm, "a")
            await (alarm.touch() if self._name is None else alarm.unset(self._name))
        return found


async def test_a_deadline_of_an_erased_entity_is_gone(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "ready")
        await t.ctx.entity(Alarm, "b").set("tea", 60, "kept")
        await t.ctx.timers()

        await t.ctx.delete(Alarm, "a", erase=True)

        assert await due(t.ctx) == ["b tea"]
        await t.advance(seconds=100)
        assert (await rung(t.ctx), await rung(t.ctx, "b")) == ([], ["kept"])


async def test_the_follower_adds_no_deadline_of_an_entity_erased_meanwhile(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the event when the entity is erased, and writes afterwards."""
    async with testing(app, store=store) as t:
        await t.settle()
        found = following.changes_in
        held = asyncio.Event()
        reading = asyncio.Event()
        save = following.DeadlineFollower._save

        async def save_late(self: following.DeadlineFollower, checkpoint: int, changes: list[object]) -> None:
            reading.set()
            await held.wait()
            await save(self, checkpoint, changes)  # type: ignore[arg-type]

        monkeypatch.setattr(following.DeadlineFollower, "_save", save_late)
        await t.ctx.entity(Alarm, "a").set("tea", 60, "ready")
        async with asyncio.timeout(30):
            await reading.wait()
        await t.ctx.delete(Alarm, "a", erase=True)
        held.set()
        monkeypatch.undo()

        await t.settle()

        assert found is following.changes_in
        assert await t.node.services.database.timers() == []


async def test_an_entity_that_was_erased_sets_deadlines_anew(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "old")
        await t.ctx.delete(Alarm, "a", erase=True)

        await t.ctx.entity(Alarm, "a").set("tea", 70, "new")

        await t.advance(seconds=100)
        assert await rung(t.ctx) == ["new"]


async def test_a_refused_deadline_becomes_a_letter(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Alarm, "a").set("tea", 60, "refused")

        await t.advance(seconds=60)

        [letter] = await t.node.services.database.letters()
        assert (letter.action, letter.key, "not now" in letter.error) == ("timers", "Alarm/a", True)


async def test_a_deadline_whose_command_is_gone_becomes_a_letter(lasting: str) -> None:
    """A deploy has removed it; brought back, the letter can be retried."""

    class Later(Entity, name="Alarm", emits=[Set, Rang]):
        @command
        def touch(self) -> None:
            self.emit(Set("x"))

    clock = ManualClock(START)
    async with started(lasting, clock) as node:
        await Context(node.services).entity(Alarm, "a").set("tea", 60, "ready")
        await Context(node.services).timers()
    clock.move_to(START + 60 * SECOND)

    async with started(lasting, clock, App("alarms", entities=[Later])) as node:
        async with asyncio.timeout(60):
            while not (letters := await node.services.database.letters()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert "there is no command Alarm.ring any more" in letters[0].error


async def test_an_authors_timer_cannot_have_the_name_of_a_deadline(store: str) -> None:
    async with testing(app, store=store) as t:
        name = timer_name("Alarm", "a", "tea")
        with pytest.raises(Invalid, match="Actum's own"):
            t.ctx.schedule(Alarm.touch, "a", after=timedelta(1), name=name)
        with pytest.raises(Invalid, match="its entity cancels it"):
            await t.ctx.cancel(name)


async def test_a_new_database_gets_the_deadlines_that_wait_and_fires_no_other() -> None:
    """Those that were cancelled, set again or have fired since are not fired, though all are long due."""
    journal, clock = MemoryJournal(), ManualClock(START)
    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        alarm = Context(node.services).entity(Alarm, "a")
        await alarm.set("cancelled", 10, "cancelled")
        await alarm.set("fired", 10, "fired")
        await alarm.set("again", 10, "first")
        await alarm.set("waiting", 90, "waiting")
        await alarm.unset("cancelled")
        await alarm.set("again", 95, "second")
        await node.settle()
        clock.move_to(START + 20 * SECOND)
        await node.settle()
    clock.move_to(START + 100 * SECOND)
    # As after the retention of keys.
    await journal.forget_replies(START + 1_000 * SECOND)

    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        await node.settle()

        assert await rung(Context(node.services)) == ["fired", "waiting", "second"]


async def test_a_database_that_worked_before_there_were_deadlines_follows_from_the_end() -> None:
    journal, clock = MemoryJournal(), ManualClock(START)
    async with database_in_memory() as database:
        async with node_on(app, journal, database, clock=clock) as node:
            await Context(node.services).entity(Alarm, "a").touch()
        await database._file.write(  # type: ignore[attr-defined]
            lambda connection: connection.execute("DELETE FROM actum_checkpoints")
        )
        await database.checkpoint("another", at_first=1)

        async with node_on(app, journal, database, clock=clock) as node:
            await node.settle()

        assert await database.checkpoint(CHECKPOINT, at_first=0) == 1


async def test_commands_without_deadlines_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one process writes, nothing follows them: neither a read nor a write."""
    journal = MemoryJournal()
    async with database_in_memory() as database, node_on(app, journal, database) as node:
        await node.settle()
        read: list[int] = []
        of_feed = node.services.feed.read

        async def count(after: int, limit: int) -> object:
            read.append(after)
            return await of_feed(after, limit)

        monkeypatch.setattr(node.services.feed, "read", count)
        for _ in range(50):
            await Context(node.services).entity(Alarm, "a").touch()
        await node.settle()
        before = list(read)

        await Context(node.services).entity(Alarm, "a").set("tea", 5, "x")
        await node.settle()

        assert (before, len(read)) == ([], 1)


async def test_the_checkpoint_moves_now_and_then_though_nothing_is_scheduled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So a start does not read the whole history."""
    monkeypatch.setattr(following, "LAZY", 20)
    async with database_in_memory() as database, node_on(app, MemoryJournal(), database) as node:
        for _ in range(30):
            await Context(node.services).entity(Alarm, "a").touch()
        node.services.signals.send("timers")
        async with asyncio.timeout(30):
            while await database.checkpoint(CHECKPOINT, at_first=0) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


def test_the_condition_of_a_firing_is_any_version_while_nothing_has_changed() -> None:
    class Seen:
        has_changed = False

    watch = Seen()
    condition = Unchanged("x", watch=watch)
    assert condition.allows(7)
    watch.has_changed = True
    assert not condition.allows(7)


def test_deadlines_have_a_prefix_that_no_author_can_use() -> None:
    assert timer_name("Alarm", "a", "x").startswith(PREFIX)
