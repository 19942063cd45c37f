"""A hundred workflows in flight when one process is replaced by another with changed code."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.workflows.deploying import ORDERS, UNFIT
from tests.workflows.machine import Machine, Running
from tests.workflows.transferring import Sink

DEPLOYING = "tests.workflows.deploying"
RESULTS = {f"o-{n}": f"parcel {n} from {1_000 + n} for {3 * n + 1}" for n in range(ORDERS)}
EFFECTS = Counter(
    what
    for n in range(ORDERS)
    for what in (
        *(f"reserve {n}", f"price {n}", f"charge {n} {3 * n}", f"send {n}", f"audit {n}"),
        *([f"check {n}"] if n % 4 == 3 else []),
    )
)


async def deploy(machine: Machine, release: str, *, beside: Running | None = None) -> Running:
    """Starts a release; the one before is killed, after that if both are there for a while."""
    running = await machine.start(DEPLOYING, release)
    await machine.ready(running)
    if beside is not None:
        await machine.kill(beside)
    return running


async def told(running: Running, command: str = "") -> Any:
    """Has a process do something, and gives what came of it."""
    running.write(command)
    return json.loads(await running.line())


async def go_through(machine: Machine, *, is_rolling: bool) -> None:
    """Deploys the second release, which one order does not fit, and then the repaired one."""
    first = await deploy(machine, "first")
    assert await told(first) == ORDERS
    if not is_rolling:
        await machine.kill(first)
    second = await deploy(machine, "second", beside=first if is_rolling else None)
    after = await told(second, "go")
    if not is_rolling:
        await machine.kill(second)
    repaired = await deploy(machine, "repaired", beside=second if is_rolling else None)
    end = await told(repaired, "resume")

    [standing] = after["standing"]
    assert standing.startswith(f"workflow Order, o-{UNFIT}: stands still")
    assert f"step 'reserve': its recorded result {1_000 + UNFIT} no longer fits" in standing
    assert after["ended"] == {id: result for id, result in RESULTS.items() if id != f"o-{UNFIT}"}
    assert end == {"ended": RESULTS, "standing": []}
    assert Counter(what for what, _ in Sink(machine.folder).effects()) == EFFECTS


@pytest.mark.slow
async def test_a_hundred_workflows_end_after_a_deploy_that_changes_them(alone: Machine) -> None:
    await go_through(alone, is_rolling=False)


@pytest.mark.slow
async def test_a_hundred_workflows_end_after_a_rolling_deploy_that_changes_them(shared: Machine) -> None:
    await go_through(shared, is_rolling=True)
