"""Processes that set deadlines and fire them are killed: each that was committed fires once."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from actum import Context
from tests.faults.alarm_process import ALARMS
from tests.runtime.deadlines import Alarm, Rang, app, due
from tests.servers.stores import store_of

ROOT = Path(__file__).parents[2]
KILLS = 3
SAID = 15
"""Deadlines that a process commits before it is killed."""


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return store_of(request, tmp_path)


async def committed(store: str, name: str) -> list[str]:
    """Gives what a process set before it was killed, as far as it could say so."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.alarm_process", store, name),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = [await process.stdout.readline() for _ in range(SAID)]
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    return b"".join([*said, rest]).decode().split()


async def rings(ctx: Context) -> Counter[str]:
    """Counts the texts with which the alarms have rung, as their histories have them."""
    found: Counter[str] = Counter()
    for number in range(ALARMS):
        for recorded in await ctx.history(Alarm, f"a{number}"):
            if isinstance(recorded.event, Rang):
                found[recorded.event.text] += 1
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_deadline_that_was_committed_fires_once_whenever_its_process_is_killed(store: str) -> None:
    said: list[str] = []
    kills = 1 if store.startswith("dynamodb") else KILLS
    for number in range(kills):
        said += await committed(store, f"p{number}")

    async with app.running(store=store) as ctx:
        while await due(ctx):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while not set(said) <= set(await rings(ctx)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        rung = await rings(ctx)

    assert len(said) >= kills * SAID
    assert set(rung.values()) == {1}
    # A process that is killed may have committed one more than it could say.
    assert len(set(rung) - set(said)) <= kills
