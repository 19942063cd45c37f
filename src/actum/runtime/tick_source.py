"""Ticks of the clock as a worker's items: one at a time, never early, the missed ones as one."""

import asyncio
from collections.abc import Callable, Sequence

from actum.database.port import Database, Letter, NewLetter, Progress
from actum.runtime.clock import Clock
from actum.runtime.source import Item, Source


class TickSource(Source):
    """The ticks of one clock action. `following` gives the first tick after a moment (microseconds).

    A tick that was missed while nothing ran fires at the next start, once.
    """

    def __init__(
        self, action: str, database: Database, clock: Clock, following: Callable[[int], int]
    ) -> None:
        self._action = action
        self._database = database
        self._clock = clock
        self._following = following
        self._due: int | None = None
        self._is_open = False
        self._settled = asyncio.Event()

    async def rewind(self) -> None:
        self._due = None
        self._is_open = False

    async def next(self, limit: int) -> list[Item]:
        if self._due is None:
            self._due = await self._database.tick(self._action, at_first=self._following(self._clock.now()))
        while self._is_open:
            self._settled.clear()
            await self._settled.wait()
        await self._clock.sleep_until(self._due)
        self._is_open = True
        return [self._item(self._due)]

    async def save(self, done: Sequence[int], parked: Sequence[NewLetter], open_from: int | None) -> None:
        if parked:
            await self._database.save(Progress(self._action, "timers", parked=tuple(parked)))
        if done and self._due is not None:
            following = self._following(max(self._due, self._clock.now()))
            await self._database.set_tick(self._action, following)
            self._due = following
            self._is_open = False
            self._settled.set()

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(letter.position)

    async def is_empty(self) -> bool:
        return self._due is not None and (self._is_open or self._due > self._clock.now())

    async def is_settled(self) -> bool:
        now = self._clock.now()
        return await self._database.tick(self._action, at_first=self._following(now)) > now

    def _item(self, due: int) -> Item:
        return Item(due, f"tick {due}", b"", due)
