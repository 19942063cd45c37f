"""Processes whose workflows move money are killed and paused: no money is lost, no effect comes twice.

`ACTUM_KILLS=1000` in the environment says how often where that is done on demand.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.workflows.transferring import (
    ACCOUNTS,
    DONE,
    LAST_ORDERS,
    OPENING,
    READY,
    Account,
    Sink,
    application,
    transfer,
)

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
KILLS = int(os.environ.get("ACTUM_KILLS") or 1_000)
ROUNDS = int(os.environ.get("ACTUM_KILLS") or 200)
PROCESSES = 3


class Running:
    """A process that starts transfers of a name, and whatever it has said beside the expected."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def line(self) -> str:
        """Gives the next line that it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode()

    def signal(self, which: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(which)

    async def kill(self) -> None:
        """Ends it by SIGKILL."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self) -> int:
        """Has it stop by itself, and gives its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()


class Machine:
    """The processes on one store; the log of all of them is in the folder."""

    def __init__(self, store: str, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.running: list[Running] = []

    async def start(self, name: str) -> Running:
        """Starts a process; it is not ready yet."""
        with (self.folder / "log.txt").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.workflows.transferring", self.store, str(self.folder), name),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        running = Running(name, process)
        self.running.append(running)
        return running

    async def ready(self, running: Running) -> None:
        """Returns when a process is at work."""
        line = await running.line()
        assert line == READY, f"{line!r}, {self.log}"

    async def kill(self, running: Running) -> None:
        """Kills a process."""
        self.running.remove(running)
        await running.kill()

    async def finish(self) -> None:
        """Has the processes start nothing more, and returns when every workflow has ended and they too."""
        (self.folder / LAST_ORDERS).touch()
        for running in self.running:
            assert await running.line() == DONE, self.log
        assert [await running.end() for running in self.running] == [0] * len(self.running), self.log

    @property
    def log(self) -> str:
        """The end of what the processes have logged."""
        return (self.folder / "log.txt").read_text()[-5_000:]


@pytest.fixture
def chance() -> random.Random:
    """Everything that is left to chance; ACTUM_SEED=… repeats it."""
    seed = int(os.environ.get("ACTUM_SEED") or secrets.randbits(32))
    print(f"ACTUM_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Machine]:
    """A machine for one process, on SQLite."""
    machine = Machine(f"sqlite:///{tmp_path / 'app.db'}", tmp_path)
    yield machine
    for running in machine.running:
        await running.kill()


@pytest.fixture
async def shared(postgres_url: str, tmp_path: Path) -> AsyncIterator[Machine]:
    """A machine for several processes, on PostgreSQL."""
    machine = Machine(postgres_url, tmp_path)
    yield machine
    for running in machine.running:
        await running.kill()


async def kill_again_and_again(machine: Machine, chance: random.Random, kills: int) -> None:
    """Kills a process while it works or, one time in ten, wherever it is; then lets one finish."""
    since = time.monotonic()
    for _ in range(kills):
        running = await machine.start("t")
        if chance.random() < 0.9:
            await machine.ready(running)
            await asyncio.sleep(chance.uniform(0.01, 0.8))
        else:
            await asyncio.sleep(chance.uniform(0, 1.5))
        await machine.kill(running)
    await machine.ready(await machine.start("t"))
    await machine.finish()
    print(f"{kills} kills in {time.monotonic() - since:.0f} s: {await check(machine)}")


async def kill_and_pause(machine: Machine, chance: random.Random, rounds: int) -> None:
    """Kills one of three processes and pauses another in each round; then lets all of them finish.

    Some pauses end before the process is considered dead, and some after its work was taken over.
    """
    since = time.monotonic()
    for number in range(PROCESSES):
        await machine.ready(await machine.start(f"p{number}"))
    for _ in range(rounds):
        await asyncio.sleep(chance.uniform(0.1, 1))
        killed, paused = chance.sample(machine.running, 2)
        paused.signal(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0, 0.3))
        await machine.kill(killed)
        again = await machine.start(killed.name)
        pause = time.monotonic() + chance.choice([chance.uniform(0.05, 2), chance.uniform(4, 7)])
        await machine.ready(again)
        await asyncio.sleep(pause - time.monotonic())
        paused.signal(signal.SIGCONT)
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
