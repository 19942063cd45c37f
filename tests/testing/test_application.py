"""testing(app): a whole application in memory, settled in place of sleeping, its clock moved by hand."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Retries, View, command, query, reducer
from actum.errors import ImpureTurn
from actum.testing import testing
from examples.bank.bank import Account, Balances, Payment, Wealth
from examples.bank.bank import app as bank


class Rung(Event):
    at: datetime


class Bell(Entity):
    rings: int = 0

    @command
    def ring(self) -> int:
        self.emit(Rung(self.now))
        return self.rings

    @command
    def read_a_file(self) -> None:
        Path("/etc/hostname").read_text()

    @query
    def count(self) -> int:
        return self.rings

    @reducer
    def rung(self, event: Rung) -> None:
        self.rings += 1


class Rings(View):
    id: str
    rings: int = 0

    @reducer
    def rung(self, event: Rung) -> None:
        self.rings += 1


class Order(Struct):
    bell: str


class Tower:
    """What the actions below did, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.failures = 0


tower = Tower()
ringers = Actions()


@ringers.on(Rung, retries=Retries(attempts=3))
async def hear(ctx: Context, event: Rung) -> None:
    if tower.failures:
        tower.failures -= 1
        raise OSError("deaf")
    tower.heard.append(f"{ctx.event.id}@{ctx.event.version}")


@ringers.queue("orders")
async def obey(ctx: Context, order: Order) -> None:
    await ctx.entity(Bell, order.bell).ring()


@ringers.every(hours=1)
async def strike(ctx: Context) -> None:
    await ctx.entity(Bell, "hour").ring()


app = App("tower", entities=[Bell], views=[Rings], actions=[ringers])


@pytest.fixture(autouse=True)
def quiet() -> None:
    tower.heard, tower.failures = [], 0


async def test_settling_waits_for_actions_queues_and_views() -> None:
    """After `settle` every message is worked off, every event is handled, and every view shows it."""
    async with testing(app) as t:
        await t.send("orders", Order("a"), Order("a"), Order("b"))
        await t.settle()

        row = await t.new_context().view(Rings).get("a")

    assert sorted(tower.heard) == ["a@1", "a@2", "b@1"]
    assert row is not None
    assert row.rings == 2


async def test_the_clock_stands_still_until_it_is_moved() -> None:
    """Nothing that waits for the clock happens by itself, and each moment on the way is stopped at."""
    async with testing(app, start=datetime(2031, 2, 3, tzinfo=UTC)) as t:
        await t.settle()
        assert await t.ctx.entity(Bell, "hour").count() == 0

        await t.advance(hours=3, minutes=30)
        history = await t.ctx.history(Bell, "hour")

        assert t.now == datetime(2031, 2, 3, 3, 30, tzinfo=UTC)
    assert [recorded.time.hour for recorded in history] == [1, 2, 3]


async def test_a_failed_action_is_tried_again_when_the_clock_moves() -> None:
    """`settle` leaves it waiting; `advance` has it tried again."""
    tower.failures = 1

    async with testing(app) as t:
        await t.ctx.entity(Bell, "a").ring()
        await t.settle()
        waiting = list(tower.heard)
        await t.advance(seconds=1)

    assert waiting == []
    assert tower.heard == ["a@1"]


async def test_a_month_passes_in_no_time() -> None:
    """Moving the clock takes a step for each moment that something waits for, and no more."""
    async with testing(App("quiet_bank", entities=[Account])) as t:
        await t.settle()
        assert t.clock.next_wake() is None

        await t.ctx.schedule(Account.deposit, "a", after=timedelta(days=29))(5)
        await t.advance(days=28)
        early = await t.ctx.entity(Account, "a").current_balance()
        await t.advance(days=2)

        assert (early, await t.ctx.entity(Account, "a").current_balance()) == (0, 5)


@pytest.mark.parametrize("store", ["memory:", "sqlite"])
async def test_a_restart_keeps_what_was_stored(store: str, tmp_path: Path) -> None:
    """Entities, views and the work of actions go on where they were, in memory as on a file."""
    url = f"sqlite:///{tmp_path / 'tower.db'}" if store == "sqlite" else store

    async with testing(app, store=url) as t:
        await t.ctx.entity(Bell, "a").ring()
        await t.settle()
        await t.restart()
        await t.settle()
        rings = await t.ctx.entity(Bell, "a").ring()
        await t.settle()

    assert rings == 2
    assert tower.heard == ["a@1", "a@2"]


async def test_purity_is_checked() -> None:
    """A command that reads a file is refused in a test, as in development."""
    async with testing(app) as t:
        with pytest.raises(ImpureTurn, match="open"):
            await t.ctx.entity(Bell, "a").read_a_file()


async def test_the_quick_start_runs_in_memory() -> None:
    """The bank's commands, queue and joined view answer as its page says."""
    async with testing(bank) as t:
        account = t.ctx.entity(Account, "a")
        await account.open("ann")
        await account.deposit(10)
        await t.send("payments", Payment("a", 5))
        await t.settle()
        await account.withdraw(3)

        assert await t.ctx.view(Balances).wealthy(1) == [Wealth("ann", 12, 1)]


def test_the_kit_needs_no_httpx_until_http_is_spoken() -> None:
    """Whoever does not use `t.http` does not need httpx."""
    program = "import sys; sys.modules['httpx'] = None; import actum.testing"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
