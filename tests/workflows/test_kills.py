"""Processes whose workflows move money are killed and paused: no money is lost, no effect comes twice.

`ACTUM_KILLS=1000` in the environment says how often where that is done on demand.
"""

import asyncio
import os
import random
import secrets
import signal
import time
from collections import Counter

import pytest
from msgspec import Struct

from tests.workflows.machine import Machine
from tests.workflows.transferring import (
    ACCOUNTS,
    OPENING,
    Account,
    Sink,
    application,
    transfer,
)

KILLS = int(os.environ.get("ACTUM_KILLS") or 1_000)
ROUNDS = int(os.environ.get("ACTUM_KILLS") or 200)
PROCESSES = 3
TRANSFERRING = "tests.workflows.transferring"


@pytest.fixture
def chance() -> random.Random:
    """Everything that is left to chance; ACTUM_SEED=… repeats it."""
    seed = int(os.environ.get("ACTUM_SEED") or secrets.randbits(32))
    print(f"ACTUM_SEED={seed}")
    return random.Random(seed)


async def kill_again_and_again(machine: Machine, chance: random.Random, kills: int) -> None:
    """Kills a process while it works or, one time in ten, wherever it is; then lets one finish."""
    since = time.monotonic()
    for _ in range(kills):
        running = await machine.start(TRANSFERRING, "t")
        if chance.random() < 0.9:
            await machine.ready(running)
            await asyncio.sleep(chance.uniform(0.01, 0.8))
        else:
            await asyncio.sleep(chance.uniform(0, 0.8))
        await machine.kill(running)
    await machine.ready(await machine.start(TRANSFERRING, "t"))
    await machine.finish()
    print(f"{kills} kills in {time.monotonic() - since:.0f} s: {await check(machine)}")


async def kill_and_pause(machine: Machine, chance: random.Random, rounds: int) -> None:
    """Kills one of three processes and pauses another in each round; then lets all of them finish.

    Some pauses end before the process is considered dead, and some after its work was taken over.
    """
    since = time.monotonic()
    for number in range(PROCESSES):
        await machine.ready(await machine.start(TRANSFERRING, f"p{number}"))
    for _ in range(rounds):
        await asyncio.sleep(chance.uniform(0.1, 1))
        killed, paused = chance.sample(machine.running, 2)
        paused.signal(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0, 0.3))
        await machine.kill(killed)
        again = await machine.start(TRANSFERRING, killed.name)
        pause = time.monotonic() + chance.choice([chance.uniform(0.05, 2), chance.uniform(4, 7)])
        await asyncio.sleep(pause - time.monotonic())
        # It may be paused while it writes to the sink, for which the others wait then.
        paused.signal(signal.SIGCONT)
        await machine.ready(again)
    await machine.finish()
    print(f"{rounds} kills and pauses in {time.monotonic() - since:.0f} s: {await check(machine)}")


class Outcome(Struct, frozen=True):
    """What was found in the end: `repeated` counts requests that the sink had been asked for before."""

    transfers: int
    undone: int
    repeated: int


async def check(machine: Machine) -> Outcome:
    """Holds the balances, the workflows and the effects against what there has to be."""
    balances, statuses = await found_in(machine)
    expected = Counter({f"a-{number}": OPENING for number in range(ACCOUNTS)})
    effects: list[str] = []
    undone = 0
    for id in statuses:
        source, target, amount, is_refused = transfer(int(id.rpartition("-")[2]))
        effects.append(f"{id} sent")
        if is_refused:
            effects.append(f"{id} undone")
            undone += 1
        else:
            expected[source] -= amount
            expected[target] += amount
    assert {id: status for id, status in statuses.items() if status != expected_status(id)} == {}
    assert sum(balances.values()) == ACCOUNTS * OPENING
    assert balances == dict(expected)
    done = Sink(machine.folder).effects()
    assert Counter(what for what, _ in done) == Counter(effects)
    return Outcome(len(statuses), undone, sum(requests - 1 for _, requests in done))


def expected_status(id: str) -> str:
    """Gives how a transfer has to end."""
    return "failed" if transfer(int(id.rpartition("-")[2]))[3] else "completed"


async def found_in(machine: Machine) -> tuple[dict[str, int], dict[str, str]]:
    """Gives the balance of each account, and the status of each workflow."""
    async with application(machine.folder).running(machine.store) as ctx:
        accounts = [f"a-{number}" for number in range(ACCOUNTS)]
        balances = {id: (await ctx.state(Account, id)).balance for id in accounts}
        statuses: dict[str, str] = {}
        after = 0
        while page := await ctx._services.database.workflows(after=after, limit=1_000):
            statuses.update((one.id, one.status) for one in page)
            after = page[-1].number
        return balances, statuses


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_kills_lose_no_money_and_repeat_no_effect(alone: Machine, chance: random.Random) -> None:
    await kill_again_and_again(alone, chance, kills=8)


@pytest.mark.on_demand
@pytest.mark.timeout(10_000)
async def test_a_thousand_kills_lose_no_money_and_repeat_no_effect(
    alone: Machine, chance: random.Random
) -> None:
    await kill_again_and_again(alone, chance, KILLS)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_kills_and_pauses_of_three_processes_lose_no_money_and_repeat_no_effect(
    shared: Machine, chance: random.Random
) -> None:
    await kill_and_pause(shared, chance, rounds=3)


@pytest.mark.on_demand
@pytest.mark.timeout(10_000)
async def test_hundreds_of_kills_and_pauses_lose_no_money_and_repeat_no_effect(
    shared: Machine, chance: random.Random
) -> None:
    await kill_and_pause(shared, chance, ROUNDS)
