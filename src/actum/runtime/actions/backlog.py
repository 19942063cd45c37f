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
        self._open: dict[int, dict[int, int]] = {}
        self._count = 0
        self._bytes = 0
        self._unsorted: set[int] = set()
        self._shortened: dict[str, KeyQueue] = {}
        self._room = asyncio.Event()
        self._is_waiting = False
        self._emptied: dict[int, asyncio.Event] = {}

    def __repr__(self) -> str:
        return f"<Backlog of {self._count} items, {len(self.queues)} keys>"

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        """Forgets everything."""
        self.queues.clear()
        self.ready.clear()
        self._open.clear()
        for emptied in self._emptied.values():
            emptied.set()
        self._shortened.clear()
        self._unsorted.clear()
        self._count = self._bytes = 0

    def add(self, item: Item) -> None:
        """Adds an item; a key that is new is ready."""
        key = item.key
        queue = self.queues.get(key)
        if queue is not None:
            if queue.add(item):
                self.open(item)
            return
        self.open(item)
        self.queues[key] = KeyQueue(item)
        self.ready.append(key)

    def open(self, item: Item) -> None:
        """Counts an item as taken and not done."""
        opened = self._open.get(item.slice)
        if opened is None:
            opened = self._open[item.slice] = {}
        opened[item.position] = item.size
        self._count += 1
        self._bytes += item.size

    def close(self, item: Item) -> None:
        """Counts an item as done."""
        opened = self._open[item.slice]
        self._bytes -= opened.pop(item.position)
        self._count -= 1
        if not opened and item.slice in self._emptied:
            self._emptied[item.slice].set()
        if self._is_waiting:
            self._room.set()

    def lowest(self, slice: int = 0) -> int | None:
        """Gives the lowest position of a slice that may not be done; None if all that was taken is done."""
        opened = self._open.get(slice)
        if not opened:
            self._unsorted.discard(slice)
            lowest = None
        else:
            lowest = min(opened) if slice in self._unsorted else next(iter(opened))
        if not self._shortened:
            return lowest
        last = [queue.last.position + 1 for queue in self._shortened.values() if queue.last.slice == slice]
        return min(last if lowest is None else [*last, lowest], default=None)

    @property
    def lowest_of_all(self) -> int | None:
        """The lowest position of all slices that may not be done; None if all that was taken is done."""
        slices = {*self._open, *(queue.last.slice for queue in self._shortened.values())}
        found = [lowest for slice in slices if (lowest := self.lowest(slice)) is not None]
        return min(found, default=None)

    async def emptied(self, slice: int) -> None:
        """Returns when nothing of a slice is open; the source gives no more of it."""
        emptied = self._emptied[slice] = asyncio.Event()
        try:
            if self._open.get(slice):
                await emptied.wait()
        finally:
            del self._emptied[slice]

    def withdraw(self, slice: int) -> None:
        """Drops what waits of a slice; it counts as not done until the slice is forgotten."""
        ready = {key for key in self.ready if self.queues[key].last.slice == slice}
        for key, queue in list(self.queues.items()):
            if queue.last.slice == slice:
                queue.withdraw(is_running=key not in ready)
        for queue in self._shortened.values():
            # One whose key has failed is in no other place.
            if queue.last.slice == slice and not queue.is_withdrawn:
                queue.withdraw(is_running=False)
        for key in ready:
            del self.queues[key]
        if ready:
            left = [key for key in self.ready if key not in ready]
            self.ready.clear()
            self.ready.extend(left)

    def forget(self, slice: int) -> None:
        """Forgets everything of a slice."""
        opened = self._open.pop(slice, {})
        self._count -= len(opened)
        self._bytes -= sum(opened.values())
        self._unsorted.discard(slice)
        for queues in (self.queues, self._shortened):
            for key in [key for key, queue in queues.items() if queue.last.slice == slice]:
                del queues[key]
        self._room.set()

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
        if queue.is_withdrawn:
            return
        for item in items:
            self.open(item)
        if items:
            self._unsorted.add(queue.last.slice)
        queue.refill(items, up_to=up_to, is_all=is_all)
        if not queue.skipped_to:
            self._shortened.pop(key, None)

    @property
    def _is_full(self) -> bool:
        return self._count >= MAX_ITEMS or self._bytes >= MAX_BYTES

    def _shorten(self) -> bool:
        """Drops what the longest queues hold beyond their first item, half of all items at most."""
        if not self._source.can_read_again:
            return False
        before = self._count
        for key, queue in sorted(self.queues.items(), key=lambda one: -len(one[1].items)):
            if len(queue.items) == 1 or (self._count <= MAX_ITEMS // 2 and self._bytes <= MAX_BYTES // 2):
                break
            for item in queue.shorten():
                self.close(item)
            self._shortened[key] = queue
        return self._count < before
