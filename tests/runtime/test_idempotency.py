"""G9: the same key on the same entity gives the same reply and adds nothing, whenever it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from actum import App, Context, Entity, Event, Invalid, KeyReused, Rejected, WrongVersion, command, reducer
from actum.errors import AuthorError
from actum.ports.journal import Repeated, ReplyKey
from actum.runtime.clock import ManualClock
from actum.stores.memory import MemoryJournal
from actum.testing import testing
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.bank import Account, Balances, Notebook, app, plain
from tests.runtime.nodes import START, running
from tests.runtime.waiting import begun, in_time


class SlowAnswers(FaultyJournal):
    """Says that a key is not known only after the call of that key has come to its end."""

    first: asyncio.Task[Any] | None = None

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        found = await super().replies(keys)
        if self.first is not None:
            waiting, self.first = self.first, None
            await waiting
        return found


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def ctx(journal: FaultyJournal, clock: ManualClock) -> AsyncGenerator[Context, None]:
    async with running(plain, journal, clock=clock) as ctx:
        yield ctx
        journal.release()


def keyed(ctx: Context, id: str = "a", key: str = "k-7") -> Account:
    return ctx.entity(Account, id, idempotency_key=key)


async def test_the_same_call_again_answers_the_same_and_adds_nothing(ctx: Context) -> None:
    """The reply is the first one, whatever has happened since."""
    first = await keyed(ctx).deposit(10)
    await ctx.entity(Account, "a").deposit(5)

    assert (first, await keyed(ctx).deposit(10)) == (10, 10)
    assert await ctx.entity(Account, "a").current_balance() == 15


async def test_a_reply_without_events_is_kept_too(ctx: Context) -> None:
    """A command that changed nothing answers the second call like the first."""
    assert await keyed(ctx).peek() == 0
    await ctx.entity(Account, "a").deposit(10)

    assert await keyed(ctx).peek() == 0


@pytest.mark.parametrize("count", [2, 50])
async def test_calls_with_one_key_at_once_take_effect_once(ctx: Context, count: int) -> None:
    """Whichever is first, all get its reply, those included that a second run would refuse."""
    await ctx.entity(Account, "a").deposit(10)

    replies = await asyncio.gather(*(keyed(ctx).withdraw(10) for _ in range(count)))

    assert replies == [0] * count
    assert await ctx.entity(Account, "a").current_balance() == 0


@pytest.mark.parametrize("expected_version", [None, 1])
async def test_a_call_that_is_looked_up_while_its_double_lands_is_answered_alike(
    expected_version: int | None,
) -> None:
    """The key was not known yet when it was looked up, and stands for a reply when the rules are asked."""
    journal = SlowAnswers(MemoryJournal())
    async with running(plain, journal) as ctx:
        await ctx.entity(Account, "a").deposit(10)
        account = ctx.entity(Account, "a", idempotency_key="k-7", expected_version=expected_version)
        journal.hold("append")
        first = await begun(account.withdraw(10))
        await journal.held("append")
        journal.first = first
        second = await begun(account.withdraw(10))
        journal.release("append")

        assert (await first, await second) == (0, 0)


async def test_the_key_with_another_call_is_an_error(ctx: Context) -> None:
    """Another command, or other arguments, under the same key are refused, and nothing is written."""
    await keyed(ctx).deposit(10)

    with pytest.raises(KeyReused):
        await keyed(ctx).deposit(11)
    with pytest.raises(KeyReused):
        await keyed(ctx).withdraw(10)
    assert await ctx.entity(Account, "a").current_balance() == 10


async def test_the_key_with_another_call_at_once_is_an_error(ctx: Context, journal: FaultyJournal) -> None:
    """Also while the first is on its way."""
    journal.hold("append")
    first = await begun(keyed(ctx).deposit(10))
    other = await begun(keyed(ctx).deposit(11))
    journal.release("append")

    assert await first == 10
    with pytest.raises(KeyReused):
        await other


async def test_a_key_belongs_to_its_entity(ctx: Context) -> None:
    """Another entity may have a call under the same key."""
    assert (await keyed(ctx, "a").deposit(10), await keyed(ctx, "b").deposit(11)) == (10, 11)


async def test_a_refusal_uses_no_key_up(ctx: Context) -> None:
    """What was refused may be sent again, and succeed when the rule allows it."""
    with pytest.raises(Rejected):
        await keyed(ctx).withdraw(10)
    await ctx.entity(Account, "a").deposit(10)

    assert await keyed(ctx).withdraw(10) == 0


async def test_a_key_is_asked_before_the_expected_version(ctx: Context) -> None:
    """The version has moved because of the first call itself, which the second repeats."""
    account = ctx.entity(Account, "a", idempotency_key="k-7", expected_version=0)

    assert (await account.deposit(10), await account.deposit(10)) == (10, 10)
    with pytest.raises(WrongVersion) as wrong:
        await ctx.entity(Account, "a", expected_version=0).deposit(10)
    assert (wrong.value.expected, wrong.value.actual) == (0, 1)


@pytest.mark.parametrize("store", ["memory:", "sqlite"])
async def test_a_key_outlasts_a_restart(store: str, tmp_path: Path) -> None:
    """The reply is kept beside the events."""
    url = f"sqlite:///{tmp_path / 'bank.db'}" if store == "sqlite" else store
    async with testing(plain, store=url) as t:
        await keyed(t.ctx).deposit(10)
        await t.restart()

        assert await keyed(t.ctx).deposit(10) == 10
        assert await t.ctx.entity(Account, "a").current_balance() == 10


async def test_two_processes_with_one_key_take_effect_once(ctx: Context, journal: FaultyJournal) -> None:
    """The journal decides who was first."""
    async with running(plain, journal._journal) as rival:
        journal.hold("append")
        here = await begun(keyed(ctx).deposit(10))
        there = await keyed(rival).deposit(10)
        journal.release("append")

        assert (await here, there) == (10, 10)
        assert await ctx.entity(Account, "a").current_balance() == 10


async def test_a_call_that_landed_and_said_it_failed_takes_effect_once(
    ctx: Context, journal: FaultyJournal, clock: ManualClock
) -> None:
    """With and without events, the reply that was kept is the one that is told."""
    journal.plan("append", Fault.AFTER)
    assert await in_time(keyed(ctx).deposit(10), clock) == 10
    journal.plan("append", Fault.AFTER)
    assert await in_time(keyed(ctx, key="k-8").peek(), clock) == 10
    await ctx.entity(Account, "a").deposit(1)

    assert (await keyed(ctx).deposit(10), await keyed(ctx, key="k-8").peek()) == (10, 10)


async def test_a_repeated_reply_lets_views_show_what_the_first_call_wrote() -> None:
    """G10 holds for who only heard the echo."""
    async with testing(app) as t:
        await keyed(t.ctx).deposit(10)
        other = t.new_context()
        await keyed(other).deposit(10)

        assert other.token == t.ctx.token != "0"
        assert await other.view(Balances).total() == 10


async def test_a_spoiled_entity_answers_a_known_key(ctx: Context) -> None:
    """The key is asked before the entity is."""
    notebook = ctx.entity(Notebook, "n", idempotency_key="k-7")
    await notebook.note("first")
    with pytest.raises(Rejected):
        await ctx.entity(Notebook, "n").note_and_fail("second")

    assert await notebook.note("first") == 1


class Weighed(Event):
    grams: float


class Scale(Entity):
    """Replies what JSON cannot hold when 13 grams are weighed."""

    total: float = 0.0

    @command
    def weigh(self, grams: float) -> float:
        self.emit(Weighed(grams))
        return float("nan") if grams == 13 else self.total

    @reducer
    def weighed(self, event: Weighed) -> None:
        self.total += event.grams


async def test_a_reply_that_could_not_be_given_again_is_refused_before_anything_is_written() -> None:
    """A number that JSON cannot hold is no reply, with a key or without, and leaves nothing behind."""
    async with running(App("scales", entities=[Scale]), MemoryJournal()) as ctx:
        for key in ("k-7", None):
            with pytest.raises(AuthorError):
                await ctx.entity(Scale, "s", idempotency_key=key).weigh(13)

        assert await ctx.entity(Scale, "s").weigh(1) == 1
        assert len(await ctx.history(Scale, "s")) == 1


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800", "k" * 1_001])
async def test_a_key_that_no_store_could_keep_is_refused(key: str, ctx: Context) -> None:
    """It is said at once, and meets nobody else's command."""
    with pytest.raises(Invalid, match="idempotency key"):
        await keyed(ctx, key=key).deposit(10)
