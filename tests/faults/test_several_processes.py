"""Three served processes on one PostgreSQL, of which one is killed and one paused again and again."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.faults.fleet import Fleet, until_settled
from tests.faults.load import Kept
from tests.faults.postgres_evidence import PostgresEvidence
from tests.faults.process import Served
from tests.faults.spread_load import SpreadLoad

PROCESSES = 3
CLIENTS = 16
PATIENCE = 60.0
MAX_MOVING = 10.0
"""Seconds within which the work of a dead or paused process is done by another one, on a quiet machine."""
FINISHED = """SELECT count(*) FROM actum_events
    WHERE kind = 'Ledger' AND convert_from(payload, 'UTF8')::json ->> 'mark' = ANY($1)"""


@pytest.fixture
def seed() -> int:
    """The seed of everything that is left to chance; ACTUM_SEED=… repeats it."""
    seed = int(os.environ.get("ACTUM_SEED") or secrets.randbits(32))
    print(f"ACTUM_SEED={seed}")
    return seed


@pytest.fixture
async def fleet(postgres_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(postgres_url, tmp_path)
    yield fleet
    await fleet.end()


async def time_until_done(fleet: Fleet, load: SpreadLoad, through: Served, number: int) -> float:
    """Sends one of everything through a process, and gives how long it took until all of it was done."""
    since = time.monotonic()
    marks = [f"probe-{number}-0", f"probe-{number}-1", f"a-probe-{number}@1"]
    async with asyncio.timeout(PATIENCE):
        for path, body in (
            ("/jobs", {"marks": marks[:1]}),
            ("/reminders", {"marks": marks[1:2], "milliseconds": 0}),
            (f"/accounts/a-probe-{number}/deposits", {"mark": f"probe-{number}", "amount": 7}),
        ):
            await load.send_until_answered(through.url + path, body)
        connection = await asyncpg.connect(fleet.store)
        try:
            while await connection.fetchval(FINISHED, marks) < len(marks):  # noqa: ASYNC110 (the processes' doing)
                await asyncio.sleep(0.05)
        finally:
            await connection.close()
        # The query that tells the position may have been answered before the deposit was known there.
        while await load.row_of(through.url, f"a-probe-{number}") != [7, 1]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.monotonic() - since


async def go_through(fleet: Fleet, seed: int, rounds: int) -> list[float]:
    """Kills one process and pauses another, round after round, under load; then checks I1 to I8.

    Gives how long the work of those two took, in each round, to be done by the third.
    """
    chance = random.Random(seed)
    kept = Kept()
    load = SpreadLoad(chance.getrandbits(32), kept, lambda: fleet.urls)
    for _ in range(PROCESSES):
        await fleet.add()
    is_over = False
    sending = asyncio.create_task(load.keep_sending(clients=CLIENTS, until=lambda: is_over))
    moved = []
    before = None
    try:
        for number in range(rounds):
            await asyncio.sleep(chance.uniform(0.5, 2))
            killed, paused, survivor = chance.sample(fleet.running, PROCESSES)
            paused.pause()
            await fleet.kill(killed)
            moved.append(await time_until_done(fleet, load, survivor, number))
            paused.resume()
            await fleet.add()
            now = await PostgresEvidence.of(fleet.store)
            now._check_history(before)
            before = now
    finally:
        is_over = True
        await sending
    await load.send_the_rest()
    await until_settled(fleet)
    assert [await served.stop() for served in fleet.running] == [0] * PROCESSES
    found = await PostgresEvidence.of(fleet.store)
    found.check(kept, fleet.lines, before)
    found.check_settled(kept, fleet.lines)
    calls, rows = load.check_linearizable(found), load.check_rows(found)
    print(
        f"{kept}, {load.refused} refused, {len(found.facts)} events; {calls} calls linearizable, "
        f"{rows} rows current; work moved in {', '.join(f'{one:.1f} s' for one in moved)}"
    )
    return moved


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_when_processes_are_killed_and_paused(
    fleet: Fleet, seed: int
) -> None:
    """I1 to I8 hold, histories are linearizable by key, and the work moves."""
    assert len(await go_through(fleet, seed, rounds=2)) == 2


@pytest.mark.on_demand
@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_doubled_in_a_minute_of_kills_and_pauses(fleet: Fleet, seed: int) -> None:
    """The same for as long as it takes to kill and pause often enough; the work moves within ten seconds."""
    assert max(await go_through(fleet, seed, rounds=8)) < MAX_MOVING
