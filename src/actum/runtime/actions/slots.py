"""Slots: a limit on concurrent attempts that changes while they run."""

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """Slots, assigned in the order in which they were asked for. `allowed` gives how many there are now."""

    def __init__(self, allowed: Callable[[], int]) -> None:
        self._allowed = allowed
        self._taken = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __repr__(self) -> str:
        return f"<Slots, {self._taken} taken, {len(self._waiters)} waiters>"

    async def __aenter__(self) -> None:
        if self._taken < self._allowed() and not self._waiters:
            self._taken += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._taken -= 1
                self.assign()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._taken -= 1
        self.assign()

    def assign(self) -> None:
        """Assigns free slots to waiters; called when there may be more of them."""
        while self._waiters and self._taken < self._allowed():
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._taken += 1
                waiter.set_result(None)
