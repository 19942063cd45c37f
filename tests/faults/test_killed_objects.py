"""workerd, killed again and again under load: what was acknowledged is there, and once (I1 to I7).

`KILLS=20 SEED=7` in the environment say how often and in what order; `make kill-objects` runs it so.
"""

import asyncio
import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from actum import Context
from actum.app import definition_of
from actum.launch import run
from actum.model.event import Stored
from actum.ports.journal import EventRange
from actum.runtime.node import Node
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.client import Client, read_url
from actum.stores.durable_objects.journal import DurableObjectsJournal
from actum.stores.durable_objects.workerd import Workerd, prepare
from tests.faults.ledgers import Account, Balances, Notes, app

SECRET = "the-secret-of-the-tests"
ACCOUNTS = [f"a{number}" for number in range(6)]
CALLERS = 16
KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "7"))
PATIENCE = 60.0


class Done(Struct, frozen=True):
    """A deposit that was acknowledged."""

    account: str
    mark: str
    amount: int
    balance: int
    key: str | None
    is_rewarded: bool


@pytest.fixture
async def server(workerd_tools: Path, tmp_path: Path) -> AsyncIterator[Workerd]:
    """A workerd of the test's own, to be killed."""
    prepare(tmp_path / "objects", bundle(app.name, definition_of(app).catalog.kinds.values()), workerd_tools)
    server = Workerd(tmp_path / "objects", workerd_tools, SECRET)
    await server.start()
    yield server
    await server.stop()


async def deposit_on_and_on(node: Node, caller: int, until: asyncio.Event, done: list[Done]) -> None:
    """Deposits until told to stop; half of the calls have a key of their own."""
    chance = random.Random(SEED * 1_000 + caller)
    number = 0
    while not until.is_set():
        number += 1
        account, amount, mark = chance.choice(ACCOUNTS), chance.randrange(1, 100), f"{caller}-{number}"
        key = f"key-{mark}" if chance.random() < 0.5 else None
        one = Done(account, mark, amount, 0, key, chance.random() < 0.2)
        done.append(msgspec.structs.replace(one, balance=await send(node, one)))


async def send(node: Node, one: Done) -> int:
    entity = Context(node.services).entity(Account, one.account, idempotency_key=one.key)
    if one.is_rewarded:
        return await entity.deposit_rewarded(one.mark, one.amount)
    return await entity.deposit(one.mark, one.amount)


async def read_on_and_on(url: str, until: asyncio.Event) -> list[Stored]:
    """Reads the feed beside everybody else, as a subscription does."""
    journal = DurableObjectsJournal(Client(*read_url(url)))
    seen: list[Stored] = []
    while True:
        after = seen[-1].position if seen else 0
        batch = await journal.feed(after, 50)
        seen += batch
        if not batch and until.is_set():
            await journal.close()
            return seen
        if not batch:
            with suppress(TimeoutError):
                await asyncio.wait_for(journal.wait(after), 1)


async def kill_again_and_again(server: Workerd, done: list[Done]) -> None:
    """Kills workerd at moments that nobody chose, each after some work was acknowledged."""
    chance = random.Random(SEED)
    for _ in range(KILLS):
        enough = len(done) + chance.randrange(20, 120)
        async with asyncio.timeout(PATIENCE):
            while len(done) < enough:  # noqa: ASYNC110 (it is the callers' own list that grows)
                await asyncio.sleep(chance.random() * 0.01)
        await server.kill()
        await server.start()


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * KILLS)
async def test_what_objects_acknowledged_survives_kills_and_the_feed_has_it_once(
    server: Workerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No deposit is lost or doubled, with a key or without; feed, views and effects equal the histories."""
    sink = tmp_path / "sink"
    monkeypatch.setenv("SINK", str(sink))
    store = app.store_url(server.url, f"sqlite:///{tmp_path / 'ledgers.db'}")
    done: list[Done] = []
    until, settled = asyncio.Event(), asyncio.Event()

    async with run(definition_of(app), store=store) as node:
        reading = asyncio.create_task(read_on_and_on(server.url, settled))
        calling = [
            asyncio.create_task(deposit_on_and_on(node, number, until, done)) for number in range(CALLERS)
        ]
        await kill_again_and_again(server, done)
        until.set()
        await asyncio.gather(*calling)
        keyed = [one for one in done if one.key is not None]
        again = await asyncio.gather(*(send(node, one) for one in keyed))
        await node.settle()
        settled.set()
        feed = await reading
        histories = {
            account: await node.services.journal.read(EventRange("Account", account)) for account in ACCOUNTS
        }
        ctx = Context(node.services, seen=await node.services.journal.head())
        rows = {account: await ctx.view(Balances).get(account) for account in ACCOUNTS}
        notes = {
            f"{account}@{event.version}": await ctx.view(Notes).get(f"{account}@{event.version}")
            for account in ACCOUNTS
            for event in histories[account]
        }
        letters = await node.services.database.letters(limit=1)

    assert len(done) >= KILLS * 20
    assert not letters
    assert again == [one.balance for one in keyed]
    check_histories(histories, done)
    check_feed(feed, histories)
    for account, history in histories.items():
        row = rows[account]
        assert row is not None
        assert (row.balance, row.events) == (balances_of(history)[-1], len(history))
    assert all(note is not None and note.times == 1 for note in notes.values()), "an effect was not once"
    assert set(sink.read_text().split()) == notes.keys()


def check_histories(histories: dict[str, list[Stored]], done: list[Done]) -> None:
    """Checks that versions have no gap, and that every answer was true and stands in the history once."""
    marks: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for account, history in histories.items():
        assert [event.version for event in history] == list(range(1, len(history) + 1))
        for event, balance in zip(history, balances_of(history), strict=True):
            marks[payload(event)["mark"]].append((account, event.type, balance))
    assert marks.keys() == {one.mark for one in done}
    for one in done:
        expected = ["Deposited", "Rewarded"] if one.is_rewarded else ["Deposited"]
        assert [type_ for _, type_, _ in marks[one.mark]] == expected, f"{one} left {marks[one.mark]}"
        assert marks[one.mark][-1][::2] == (one.account, one.balance)


def check_feed(feed: list[Stored], histories: dict[str, list[Stored]]) -> None:
    """Checks that a reader beside it all saw each event once, without a gap, in order of versions."""
    assert [event.position for event in feed] == list(range(1, len(feed) + 1))
    versions: Counter[tuple[str, str]] = Counter()
    for event in feed:
        versions[event.kind, event.id] += 1
        assert event.version == versions[event.kind, event.id]
    for account, history in histories.items():
        assert [event for event in feed if (event.kind, event.id) == ("Account", account)] == history


def balances_of(history: list[Stored]) -> list[int]:
    """Gives the balance after each event."""
    return list(itertools.accumulate(payload(event)["amount"] for event in history))


def payload(event: Stored) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(event.payload)
    return found
