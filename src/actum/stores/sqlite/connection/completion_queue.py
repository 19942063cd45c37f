"""A queue in which threads hand their results to an event loop."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class CompletionQueue(Generic[T]):
    """Has the loop `take` what threads put in; one wake-up of the loop takes all that is there."""

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[T], None]) -> None:
        self._loop = loop
        self._take = take
        self._done: deque[T] = deque()
        self._is_told = False

    def __repr__(self) -> str:
        return f"<CompletionQueue, {len(self._done)} to take>"

    def put(self, done: T) -> None:
        """Hands one result over; any thread may call this."""
        self._done.append(done)
        if not self._is_told:
            self._is_told = True
            # If the loop is closed, nobody waits for the result.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        # What is put in from here on is either taken below, or wakes the loop again.
        self._is_told = False
        while self._done:
            self._take(self._done.popleft())
