"""Processes that write to one table are killed in the middle of their appends: I1, I3, I4 and I7 hold."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actum.conformance.journal.bank import deposit, positions
from actum.model.event import Stored
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.journal.journal import DynamoJournal
from tests.faults.dynamodb_writer import LOST

ROOT = Path(__file__).parents[2]
WRITERS = 2
KILLS = 4


Process = subprocess.Popen[str]


@pytest.fixture
def start(dynamodb_url: str) -> Iterator[Callable[[str], Process]]:
    """Starts writers, which end with the test at the latest."""
    started: list[Process] = []

    def start_one(name: str) -> Process:
        command = [sys.executable, "-m", "tests.faults.dynamodb_writer", dynamodb_url, name]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


async def kill(process: Process, lines: int) -> list[str]:
    """Kills a process when it has said so many lines, and gives all that it said."""
    assert process.stdout is not None
    said = [await asyncio.to_thread(process.stdout.readline) for _ in range(lines)]
    process.kill()
    rest = await asyncio.to_thread(process.stdout.read)
    process.wait(10)
    return [*(line.strip() for line in said), *rest.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1])
async def test_what_was_acknowledged_is_there_once_and_in_order(
    start: Callable[[str], Process], dynamodb_table: DynamoTable, seed: int
) -> None:
    """A reader that tails meanwhile misses nothing and sees nothing twice, whoever dies holding a slot."""
    chance = random.Random(seed)
    journal = DynamoJournal(dynamodb_table)
    seen: list[Stored] = []

    async def tail() -> None:
        while True:
            events = await journal.feed(seen[-1].position if seen else 0, 500)
            seen.extend(events)
            if not events:
                await journal.wait(seen[-1].position if seen else 0)

    tailing = asyncio.create_task(tail())
    running = [start(f"w{number}") for number in range(WRITERS)]
    said: list[str] = []
    for number in range(WRITERS, KILLS):
        victim = running.pop(chance.randrange(len(running)))
        said += await kill(victim, chance.randrange(1, 40))
        running.append(start(f"w{number}"))
    for process in running:
        said += await kill(process, chance.randrange(1, 40))
    lost = start(LOST).wait
    await asyncio.to_thread(lost, 60)
    # What comes last shows when nothing is held up before it.
    await journal.append([deposit("last", 0, 1)])
    async with asyncio.timeout(60):
        while not seen or seen[-1].id != "last":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    tailing.cancel()
    await asyncio.wait({tailing})

    acknowledged = {tuple(line.split()) for line in said if len(line.split()) == 2}
    streams: dict[str, list[int]] = {}
    for event in seen:
        streams.setdefault(event.id, []).append(event.version)
    await journal.close()
    assert len(acknowledged) >= KILLS
    assert acknowledged <= {(event.id, str(event.version)) for event in seen}
    assert positions(seen) == sorted(set(positions(seen)))
    assert all(versions == list(range(1, len(versions) + 1)) for versions in streams.values())
