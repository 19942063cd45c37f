"""Actions and queues, as the command line lists them."""

import asyncio
import sys
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from tests.cli.commands import CommandLine

SOURCE = """
from datetime import timedelta
from msgspec import Struct
from actum import Actions, App, Context, Entity, Event, Retries, command
from actum.ports.message import NewMessage
from actum.stores.open import open_stores
from actum.testing import testing


class Paid(Event):
    amount: int


class Order(Entity, emits=[Paid]):
    @command
    def pay(self, amount: int) -> None:
        self.emit(Paid(amount))


class Job(Struct):
    name: str


busy = Actions()


@busy.on(Paid, retries=Retries(attempts=1))
async def notify(ctx: Context, event: Paid) -> None:
    if event.amount == 13:
        raise OSError("nobody answers")


@busy.queue("jobs", retries=Retries(attempts=5, first=timedelta(hours=1)))
async def work(ctx: Context, message: Job) -> None:
    raise LookupError(f"no {message.name}")


@busy.every(hours=1)
async def sweep(ctx: Context) -> None: ...


app = App("jobs", entities=[Order], actions=[busy])
paying = App("jobs", entities=[Order])


def message(queue: str, name: str, time: int) -> NewMessage:
    return NewMessage(queue, name, b'{"name":"b"}', time, "c-1")


async def fill(url: str) -> None:
    async with testing(app, store=url) as t:
        await t.ctx.entity(Order, "a").pay(13)
        await t.ctx.entity(Order, "a").pay(5)
        await t.ctx.queue("jobs").send(Job("a"), key="x")
        await t.settle(allows_failures=True)
    async with testing(paying, store=url) as t:
        await t.ctx.entity(Order, "b").pay(1)
    async with open_stores(url) as stores:
        times = {"b": 1_900_000_000_000_000, "c": 1_900_000_001_000_000, "d": 1_900_000_002_000_000}
        sent = [message("others" if name == "d" else "jobs", name, time) for name, time in times.items()]
        await stores.database.send(sent)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return (
        str(request.getfixturevalue("postgres_store")) if request.param == "postgres" else "sqlite:///jobs.db"
    )


@pytest.fixture
def jobs(directory: Path, url: str) -> Path:
    """The directory of an application that has failed at some of its work, and left some."""
    (directory / "jobs.py").write_text(SOURCE)
    load_app("jobs")
    asyncio.run(sys.modules["jobs"].fill(url))
    return directory


def test_actions_are_listed_with_what_is_left_and_what_stands_still(
    jobs: Path, actum: CommandLine, url: str
) -> None:
    listed = actum("actions", "list", "jobs", "--json", "--store", url).lines
    lines = {line["action"].partition("@")[0]: line for line in listed}
    table = actum("actions", "list", "jobs", "--store", url).out

    none, one = {"number": 0, "is_more": False}, {"number": 1, "is_more": False}
    assert list(lines) == ["notify", "work", "sweep", "timers"]
    assert (lines["notify"]["left"], lines["notify"]["dead"], lines["notify"]["waiting"]) == (one, one, one)
    assert (lines["notify"]["stands_still"], lines["notify"]["set_off_by"]) == (True, "Paid")
    assert "nobody answers" in lines["notify"]["error"]
    assert lines["notify"]["oldest"] is not None
    assert (lines["work"]["left"], lines["work"]["retrying"]) == ({"number": 2, "is_more": False}, one)
    assert lines["work"]["next_try"] is not None
    assert lines["work"]["stands_still"] is False
    assert (lines["sweep"]["left"], lines["sweep"]["oldest"], lines["sweep"]["dead"]) == (None, None, none)
    assert "stands still for some keys: OSError: nobody answers" in table
    assert "retries: LookupError: 'no a'" in table or "retries: LookupError: no a" in table


def test_queues_are_listed_with_their_depth_and_their_oldest(
    jobs: Path, actum: CommandLine, url: str
) -> None:
    lines = {line["queue"]: line for line in actum("queues", "list", "jobs", "--json", "--store", url).lines}
    table = actum("queues", "list", "jobs", "--store", url).out

    assert [(name, line["messages"], line["action"]) for name, line in lines.items()] == [
        ("jobs", 2, "work@queue:jobs"),
        ("others", 1, None),
    ]
    assert lines["jobs"]["retrying"] == {"number": 1, "is_more": False}
    assert [line["oldest"] for line in lines.values()] == ["2030-03-17T17:46:40Z", "2030-03-17T17:46:42Z"]
    assert "(no action of this application)" in table


def test_an_application_without_queues_has_an_empty_list(shop: Path, actum: CommandLine) -> None:
    load_app("shop")
    assert actum("migrate", "shop").code == 0

    result = actum("queues", "list", "shop")

    assert (result.code, len(result.out.splitlines())) == (0, 1)
    assert actum("queues", "list", "shop", "--json").lines == []
