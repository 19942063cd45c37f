"""Long work on a store in steps, so that nobody waits for all of it."""

import asyncio
from collections.abc import Awaitable, Callable

STEP: int = 200
"""Rows that one step takes, for each of which there may be 250 kB."""
PAUSE: float = 0.02
"""Seconds from one step to the next, for those who wait meanwhile."""


async def in_steps(step: Callable[[], Awaitable[int]], *, most: int = STEP) -> int:
    """Repeats a step, which gives how many rows it took, until that is less than the most; gives the sum."""
    total = 0
    while True:
        count = await step()
        total += count
        if count < most:
            return total
        await asyncio.sleep(PAUSE)
