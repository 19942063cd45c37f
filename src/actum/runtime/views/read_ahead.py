"""Reads the next page of the feed while the one before is still being folded."""

import asyncio

from actum.model.event import Stored
from actum.runtime.feed import Feed

Page = tuple[list[Stored], int]
"""Events, and the position up to which there is nothing else."""


class ReadAhead:
    """Pages of the feed for one reader that may be far behind: one that it asks for may be there already."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._after = self._limit = 0
        self._reading: asyncio.Task[Page] | None = None

    def __repr__(self) -> str:
        return f"<ReadAhead{'' if self._reading is None else f' after {self._after}'}>"

    async def next(self, after: int, limit: int, *, far: int) -> Page:
        """Returns the page after a position, and reads another ahead if more than `far` events remain."""
        reading, self._reading = self._reading, None
        if (self._after, self._limit) != (after, limit):
            _drop(reading)
            reading = None
        events, end = await (self._feed.next(after, limit) if reading is None else reading)
        if end > after and self._feed.head - end > far:
            self._after, self._limit = end, limit
            self._reading = asyncio.create_task(self._feed.next(end, limit), name="feed read ahead")
        return events, end

    def drop(self) -> None:
        """Forgets what was read ahead."""
        reading, self._reading = self._reading, None
        _drop(reading)


def _drop(reading: "asyncio.Task[Page] | None") -> None:
    if reading is not None:
        reading.cancel()
        # What went wrong with it concerns nobody: who needs that page reads it again.
        reading.add_done_callback(lambda task: task.cancelled() or task.exception())
