"""The bank, unchanged, with its accounts in Durable Objects and its views and actions in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from actum import Context, KeyReused, Rejected, WrongVersion
from actum.app import definition_of
from actum.errors import DefinitionError, Invalid, NotFound, StoreError
from actum.launch import run
from actum.runtime.clock import Clock, ManualClock, SystemClock
from actum.runtime.node import Node
from examples.bank.bank import Account, Balances, Deposited, Opened, Payment, Wealth, app

pytestmark = pytest.mark.slow


@asynccontextmanager
async def bank(url: str, database: Path, clock: Clock | None = None) -> AsyncIterator[tuple[Context, Node]]:
    store = app.store_url(url, f"sqlite:///{database}")
    async with run(definition_of(app), store=store, clock=clock) as node:
        yield Context(node.services), node


@pytest.fixture
async def running(objects_url: str, tmp_path: Path) -> AsyncIterator[tuple[Context, Node]]:
    async with bank(objects_url, tmp_path / "bank.db") as both:
        yield both


async def test_the_bank_runs_in_durable_objects(
    running: tuple[Context, Node], capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, refusals, views, queues and triggers do with objects what they do on a file."""
    ctx, node = running
    await ctx.entity(Account, "a").open("Ada")
    await ctx.entity(Account, "b").open("Bob")
    balance = await ctx.entity(Account, "a").deposit(70)
    with pytest.raises(Rejected, match="insufficient funds") as refused:
        await ctx.entity(Account, "b").withdraw(5)
    await ctx.queue("payments").send(Payment("b", 30))
    await node.settle()
    left = await ctx.entity(Account, "a").withdraw(8)
    await node.settle()

    found = await ctx.view(Balances).wealthy(1)

    assert (balance, left) == (70, 62)
    assert (refused.value.code, refused.value.facts) == ("insufficient_funds", {"balance": 0})
    assert found == [Wealth("Ada", 62, 1), Wealth("Bob", 30, 0)]
    assert "a paid out 8" in capsys.readouterr().out


async def test_a_view_shows_what_its_context_wrote(running: tuple[Context, Node]) -> None:
    """A query that follows a command at once sees it, though the command ran elsewhere."""
    ctx, _ = running
    await ctx.entity(Account, "a").open("Ada")

    seen = []
    for amount in range(1, 6):
        await ctx.entity(Account, "a").deposit(amount)
        seen.append((await ctx.view(Balances).wealthy(0))[0].total)

    assert seen == [1, 3, 6, 10, 15]


async def test_the_bank_goes_on_after_a_restart(objects_url: str, tmp_path: Path) -> None:
    """What was written is there for the next process, and keys are remembered."""
    async with bank(objects_url, tmp_path / "bank.db") as (ctx, _):
        await ctx.entity(Account, "a").open("Ada")
        first = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(40)

    async with bank(objects_url, tmp_path / "other.db") as (ctx, node):
        again = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(40)
        with pytest.raises(KeyReused):
            await ctx.entity(Account, "a", idempotency_key="k-1").deposit(41)
        await node.settle()
        found = await ctx.view(Balances).wealthy(1)

    assert (first, again) == (40, 40)
    assert found == [Wealth("Ada", 40, 0)]


async def test_refusals_come_back_as_what_they_are(running: tuple[Context, Node]) -> None:
    """Wrong arguments name the one at fault, and a wrong version both versions."""
    ctx, _ = running
    await ctx.entity(Account, "a").open("Ada")

    with pytest.raises(Invalid) as invalid:
        await ctx.entity(Account, "a").deposit(-5)
    with pytest.raises(WrongVersion) as wrong:
        await ctx.entity(Account, "a", expected_version=3).deposit(5)

    assert invalid.value.field == "amount"
    assert (wrong.value.expected, wrong.value.actual) == (3, 1)
    assert await ctx.entity(Account, "a").current_balance() == 0


async def test_histories_states_and_listings_are_read_from_objects(running: tuple[Context, Node]) -> None:
    """What ctx tells of the past does not depend on where entities live."""
    ctx, _ = running
    await ctx.entity(Account, "a").open("Ada")
    await ctx.entity(Account, "b").open("Bob")
    await ctx.entity(Account, "a").deposit(7)

    history = await ctx.history(Account, "a")
    then = await ctx.state(Account, "a", version=1)
    now = await ctx.state(Account, "a")
    imagined = await ctx.what_if(Account, "a", [Deposited(5)])
    listed = await ctx.ids(Account)

    assert [(one.version, one.position, one.event) for one in history] == [
        (1, 1, Opened("Ada")),
        (2, 3, Deposited(7)),
    ]
    assert (then.balance, now.balance, imagined.balance) == (0, 7, 12)
    assert [(one.id, one.version) for one in listed.items] == [("a", 2), ("b", 1)]


async def test_deletion_reaches_the_objects(running: tuple[Context, Node]) -> None:
    """An entity that is pruned goes on, and one that is erased begins anew."""
    ctx, _ = running
    for id in ("a", "b"):
        await ctx.entity(Account, id).open("Ada")
        await ctx.entity(Account, id).deposit(7)

    pruned = await ctx.delete(Account, "a")
    erased = await ctx.delete(Account, "b", erase=True)
    left = await ctx.entity(Account, "a").deposit(1)
    with pytest.raises(NotFound):
        await ctx.state(Account, "a", version=1)
    await ctx.entity(Account, "b").open("Bob")

    assert (pruned, erased, left) == (1, 2, 8)
    assert [one.version for one in await ctx.history(Account, "b")] == [1]


async def test_a_unit_over_two_objects_is_refused(running: tuple[Context, Node]) -> None:
    """No transaction spans two objects: the refusal says so, and nothing is written."""
    ctx, _ = running
    await ctx.entity(Account, "a").open("Ada")
    await ctx.entity(Account, "a").deposit(50)

    async def move(unit: Context) -> None:
        await unit.entity(Account, "a").withdraw(20)
        await unit.entity(Account, "b").deposit(20)

    with pytest.raises(DefinitionError, match=r"Account/a and Account/b together.*no transaction spans two"):
        await ctx.atomic(move)

    assert await ctx.entity(Account, "a").current_balance() == 50


async def test_a_unit_over_one_object_is_all_or_nothing(running: tuple[Context, Node]) -> None:
    """Two commands on one entity are written together."""
    ctx, _ = running
    await ctx.entity(Account, "a").open("Ada")

    async def twice(unit: Context) -> int:
        await unit.entity(Account, "a").deposit(20)
        return await unit.entity(Account, "a").deposit(3)

    reply = await ctx.atomic(twice)

    assert reply == 23
    assert await ctx.entity(Account, "a").current_balance() == 23


async def test_a_timer_fires_by_the_objects_alarm(objects_url: str, tmp_path: Path) -> None:
    """A command for later takes effect once, though the process that asked for it has gone."""
    async with bank(objects_url, tmp_path / "bank.db") as (ctx, _):
        await ctx.entity(Account, "a").open("Ada")
        due = ctx.now + timedelta(milliseconds=700)
        await ctx.schedule(Account.deposit, "a", after=timedelta(milliseconds=700))(5)
        is_early = (await ctx.state(Account, "a")).balance != 0 and ctx.now < due

    async with bank(objects_url, tmp_path / "other.db") as (ctx, node):
        await node.services.feed.wait(1)
        [fired] = await ctx.history(Account, "a", after=1)

    async with bank(objects_url, tmp_path / "bank.db") as (ctx, node):
        await node.settle()
        history = await ctx.history(Account, "a", after=1)

    assert not is_early
    assert (fired.event, fired.metadata.command) == (Deposited(5), "deposit")
    assert fired.time >= due
    assert history == [fired]


@pytest.mark.parametrize("name", [None, "interest"])
async def test_a_timer_that_a_clock_ahead_has_set_fires_after_its_span_and_once(
    objects_url: str, tmp_path: Path, name: str | None
) -> None:
    """The process and the object send the same command, whichever is first."""
    ahead = ManualClock(SystemClock().now() + 86_400_000_000)
    span = timedelta(seconds=2)
    async with bank(objects_url, tmp_path / "bank.db", ahead) as (ctx, _):
        await ctx.entity(Account, "a").open("Ada")
        await ctx.schedule(Account.deposit, "a", after=span, name=name)(5)
    async with bank(objects_url, tmp_path / "bank.db") as (ctx, _):
        async with asyncio.timeout(60):
            while await ctx.timers():  # noqa: ASYNC110 (what it waits for tells nobody)
                await asyncio.sleep(0.01)
        history = await ctx.history(Account, "a", after=1)

    assert [one.event for one in history] == [Deposited(5)]


async def test_a_timer_that_is_cancelled_does_not_fire(running: tuple[Context, Node]) -> None:
    """An object forgets a command that was taken back, or moved to another entity by its name."""
    ctx, node = running
    await ctx.entity(Account, "a").open("Ada")
    soon = timedelta(seconds=4)  # Long enough to take it back before it fires, on a slow machine too.
    await ctx.schedule(Account.deposit, "a", after=soon, name="x")(5)
    await ctx.schedule(Account.deposit, "b", after=soon, name="x")(7)
    gone = await ctx.schedule(Account.deposit, "a", after=soon)(11)

    is_cancelled = await ctx.cancel(gone)
    await node.services.feed.wait(1)
    await ctx.schedule(Account.deposit, "c", after=timedelta(milliseconds=300))(13)
    await node.services.feed.wait(2)

    assert is_cancelled
    assert [one.event for one in await ctx.history(Account, "a")] == [Opened("Ada")]
    assert [one.event for one in await ctx.history(Account, "b")] == [Deposited(7)]


async def test_without_the_secret_nothing_is_answered(objects_url: str, tmp_path: Path) -> None:
    """A wrong secret is refused, with a fix that does not repeat it."""
    with pytest.raises(StoreError, match="refuses the secret") as refused:
        async with bank(objects_url.replace("secret=", "secret=un"), tmp_path / "bank.db"):
            pass

    assert "unthe-secret" not in str(refused.value)


async def test_a_store_of_events_alone_asks_for_a_database(objects_url: str) -> None:
    """Who names objects alone is told to say where views are kept."""
    with pytest.raises(StoreError, match=r"name a database.*--database"):
        async with app.running(objects_url):
            pass
