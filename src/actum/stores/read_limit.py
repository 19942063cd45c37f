"""Limits how many reads of callers a store runs at once, so that background work is not starved."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from actum.errors import Overloaded

MAX_WAITING = 10_000


class ReadLimit:
    """Lets `size` reads of callers run at once; beyond MAX_WAITING that wait, one more is Overloaded."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._waiting = 0

    def __repr__(self) -> str:
        return f"<ReadLimit, {self._waiting} wait>"

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Counts the block as one read; waits until it may begin."""
        if self._waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} reads are waiting: send again later")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
