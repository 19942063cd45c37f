"""The worker's tasks: enough of them for every key that is ready, and no more than the bound."""

import asyncio
from typing import Any

from actum.model.retries import Retries
from actum.runtime.actions.attempts import MAX_AT_ONCE
from actum.runtime.actions.triggers.source import Item
from actum.runtime.actions.worker import Worker
from actum.runtime.clock import ManualClock
from tests.runtime.nodes import START
from tests.runtime.waiting import settled


async def test_a_key_that_gets_ready_as_every_task_ends_is_worked_on() -> None:
    """It waits for no other item before a task takes it."""
    released = asyncio.Event()
    done: list[int] = []

    async def run(item: Item) -> None:
        await released.wait()
        done.append(item.position)

    stores: Any = None
    worker = Worker(
        "act", stores, run, retries=Retries(), database=stores, clock=ManualClock(START), timeout=300.0
    )
    worker._is_running = True
    for number in range(MAX_AT_ONCE):
        worker._accept([Item(number, f"key {number}", b"", None)])
    await settled()
    released.set()
    asyncio.get_running_loop().call_soon(worker._accept, [Item(MAX_AT_ONCE, "another key", b"", None)])
    await settled()

    assert done == list(range(MAX_AT_ONCE + 1))
