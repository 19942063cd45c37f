"""Runs long work on a store in steps, so that other work does not wait for all of it."""

import asyncio
from collections.abc import Awaitable, Callable

STEP: int = 200
"""Rows of one step; a row may have 250 kB."""
PAUSE: float = 0.02
"""Seconds from one step to the next, in which waiting work runs."""


async def in_steps(step: Callable[[], Awaitable[int]], *, most: int = STEP) -> int:
    """Repeats a step, which gives its number of rows, until there are fewer than `most`; gives their sum."""
    total = 0
    while True:
        count = await step()
        total += count
        if count < most:
            return total
        await asyncio.sleep(PAUSE)
