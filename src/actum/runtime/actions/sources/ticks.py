"""Ticks of the clock as a worker's items: one at a time, never early, the missed ones as one."""

import asyncio
from collections.abc import Callable, Sequence

from actum.ports.database import Database, Letter, NewLetter, Progress
from actum.runtime.actions.sources.source import Item, Source
from actum.runtime.clock import Clock

PATIENCE = 60.0
"""Seconds after which a plan is looked at again, for the machine's clock may have been set."""


class TickSource(Source):
    """The ticks of one clock action. `following` gives the first tick after a moment (microseconds).

    A tick that was missed while nothing ran fires at the next start, once. What was planned by another
    `schedule`, or by a clock that has gone back since, is planned anew.
    """

    def __init__(
        self,
        action: str,
        schedule: str,
        database: Database,
        clock: Clock,
        following: Callable[[int], int],
    ) -> None:
        self._action = action
        self._schedule = schedule
        self._database = database
        self._clock = clock
        self._following = following
        self._due: int | None = None
        self._is_open = False
        self._settled = asyncio.Event()
        self._never = asyncio.Event()

    async def rewind(self) -> None:
        self._due = None
        self._is_open = False

    async def next(self, limit: int) -> list[Item]:
        if self._due is None:
            self._due = await self._planned()
        while self._is_open:
            self._settled.clear()
            await self._settled.wait()
        while (due := self._due) > (now := self._clock.now()):
            if due > self._following(now):
                await self._plan(self._following(now))
            else:
                await self._clock.wait(self._never, until=due, patience=PATIENCE)
        self._is_open = True
        return [self._item(due)]

    async def save(self, done: Sequence[int], parked: Sequence[NewLetter], open_from: int | None) -> None:
        if parked:
            await self._database.save(Progress(self._action, "timers", parked=tuple(parked)))
        if done and self._due is not None:
            await self._plan(self._following(max(self._due, self._clock.now())))
            self._is_open = False
            self._settled.set()

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(letter.position)

    async def is_empty(self) -> bool:
        return self._due is not None and (self._is_open or self._due > self._clock.now())

    async def is_settled(self) -> bool:
        now = self._clock.now()
        return await self._database.tick(self._action, at_first=self._following(now)) > now

    async def _planned(self) -> int:
        """Gives when the next tick is due, by the schedule of now."""
        following = self._following(self._clock.now())
        due = await self._database.tick(self._action, at_first=following)
        kept = await self._database.triggers(self._action)
        if kept.keys() != {self._schedule}:
            if kept:
                due = following
                await self._plan(due)
            # Only then, or a process that ends in between would leave the old plan to the new schedule.
            await self._database.set_triggers(self._action, {self._schedule: 0})
        return due

    async def _plan(self, due: int) -> None:
        await self._database.set_tick(self._action, due)
        self._due = due

    def _item(self, due: int) -> Item:
        return Item(due, f"tick {due}", b"", due)
