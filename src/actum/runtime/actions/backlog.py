"""The backlog of a worker: items that it has taken and not done, by key, bounded in memory."""

import asyncio
from collections import deque
from time import monotonic

from actum.runtime.actions.key_queue import KeyQueue
from actum.runtime.actions.triggers.source import Item, Source

MAX_ITEMS = 2_000
MAX_BYTES = 64 * 1024 * 1024
REREAD = 100
PATIENCE = 0.2
"""Seconds for which a full backlog waits for room before it drops what can be read again."""


class Backlog:
    """Items that were taken and are not done.

    `queues` holds the items of each key in order, `ready` the keys whose queue no task works on. When it is
    full, the longest queues are shortened, so that no key keeps the items of others out.
    """

    def __init__(self, source: Source) -> None:
        self.queues: dict[str, KeyQueue] = {}
        self.ready: deque[str] = deque()
        self._source = source
        self._open: dict[int, int] = {}
        self._bytes = 0
        self._is_sorted = True
        self._shortened: dict[str, KeyQueue] = {}
        self._room = asyncio.Event()
        self._is_waiting = False

    def __repr__(self) -> str:
        return f"<Backlog of {len(self._open)} items, {len(self.queues)} keys>"

    def __len__(self) -> int:
        return len(self._open)

    def clear(self) -> None:
        """Forgets everything."""
        self.queues.clear()
        self.ready.clear()
        self._open.clear()
        self._shortened.clear()
        self._bytes = 0
        self._is_sorted = True

    def add(self, item: Item) -> None:
        """Adds an item; a key that is new is ready."""
        key = item.key
        queue = self.queues.get(key)
        if queue is not None:
            if queue.add(item):
                self.open(item)
            return
        self._open[item.position] = item.size
        self._bytes += item.size
        self.queues[key] = KeyQueue(item)
        self.ready.append(key)

    def open(self, item: Item) -> None:
        """Counts an item as taken and not done."""
        self._open[item.position] = item.size
        self._bytes += item.size

    def close(self, item: Item) -> None:
        """Counts an item as done."""
        self._bytes -= self._open.pop(item.position)
        if self._is_waiting:
            self._room.set()

    def lowest(self) -> int | None:
        """Gives the lowest position that may not be done, or None if everything that was taken is done."""
        if not self._open:
            self._is_sorted = True
        lowest = next(iter(self._open), None) if self._is_sorted else min(self._open)
        if not self._shortened:
            return lowest
        skipped = min(queue.last.position for queue in self._shortened.values()) + 1
        return skipped if lowest is None else min(lowest, skipped)

    def has_more_of(self, key: str) -> bool:
        """Says whether items of a key were dropped, and have to be read again."""
        return key in self._shortened

    async def room(self) -> None:
        """Returns when there is room for more; makes some if items do not end soon."""
        since = monotonic()
        while self._is_full:
            self._is_waiting = True
            self._room.clear()
            try:
                async with asyncio.timeout(max(0.0, since + PATIENCE - monotonic())):
                    await self._room.wait()
            except TimeoutError:
                if not self._shorten():
                    await self._room.wait()
                since = monotonic()
        self._is_waiting = False

    async def read_again(self, key: str, queue: KeyQueue) -> None:
        """Reads again some of the items that a queue has dropped."""
        up_to = queue.skipped_to
        items, is_all = await self._source.read_again(queue.last, up_to, REREAD)
        for item in items:
            self.open(item)
        self._is_sorted = self._is_sorted and not items
        queue.refill(items, up_to=up_to, is_all=is_all)
        if not queue.skipped_to:
            self._shortened.pop(key, None)

    @property
    def _is_full(self) -> bool:
        return len(self._open) >= MAX_ITEMS or self._bytes >= MAX_BYTES

    def _shorten(self) -> bool:
        """Drops what the longest queues hold beyond their first item, half of all items at most."""
        if not self._source.can_read_again:
            return False
        before = len(self._open)
        for key, queue in sorted(self.queues.items(), key=lambda one: -len(one[1].items)):
            if len(queue.items) == 1 or (len(self._open) <= MAX_ITEMS // 2 and self._bytes <= MAX_BYTES // 2):
                break
            for item in queue.shorten():
                self._bytes -= self._open.pop(item.position)
            self._shortened[key] = queue
        return len(self._open) < before
