"""Waiting without time: calls that get as far as they can get for now."""

import asyncio
from collections.abc import Coroutine
from typing import Any

ENOUGH = 50
"""Turns of the event loop after which nothing moves any more that waits for no thread and no clock."""


async def begun(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A call that has got as far as it can get for now."""
    task = asyncio.create_task(work)
    await settled()
    return task


async def settled() -> None:
    """Returns when whatever can go on in this thread has gone on."""
    for _ in range(ENOUGH):
        await asyncio.sleep(0)
