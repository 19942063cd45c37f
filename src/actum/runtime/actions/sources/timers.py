"""Timers as a worker's items: commands whose moment has come."""

import asyncio
from collections.abc import Sequence

import msgspec

from actum.ports.database import Database, Letter, NewLetter, Progress, Timer
from actum.runtime.actions.sources.source import Item, Source
from actum.runtime.clock import Clock
from actum.runtime.context.timers import Timers
from actum.runtime.services import Signals

POLL = 60.0
SHARED_POLL = 0.5
"""Seconds between two looks for timers, which other processes may set without a word to this one."""


class TimerSource(Source):
    """The timers that are due, keyed by the entity they command."""

    def __init__(
        self, action: str, database: Database, timers: Timers, clock: Clock, signals: Signals
    ) -> None:
        self._action = action
        self._timers = timers
        self._database = database
        self._patience = SHARED_POLL if database.is_shared else POLL
        self._clock = clock
        self._given: set[int] = set()
        self._latest = 0
        self._arrival = asyncio.Event()
        signals.listen("timers", self._arrival.set)

    async def rewind(self) -> None:
        self._given.clear()
        self._latest = 0

    async def next(self, limit: int) -> list[Item]:
        self._arrival.clear()
        due = await self._due(limit)
        if due:
            self._given.update(timer.id for timer in due)
            return [self._item(timer) for timer in due]
        await self._wait()
        return []

    async def save(self, done: Sequence[int], parked: Sequence[NewLetter], open_from: int | None) -> None:
        if done or parked:
            await self._database.save(
                Progress(self._action, "timers", done=tuple(done), parked=tuple(parked))
            )
            self._given.difference_update(done)

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(msgspec.json.decode(letter.body, type=Timer))

    async def is_empty(self) -> bool:
        return not await self._due(1)

    async def is_settled(self) -> bool:
        return await self.is_empty()

    async def _due(self, limit: int) -> list[Timer]:
        now = self._clock.now()
        if now < self._latest or not self._latest:
            # A clock that stood ahead has left timers due in its own future.
            await self._timers.recall(self._database, now)
        self._latest = now
        found = await self._database.timers(up_to=self._clock.now(), limit=limit + len(self._given))
        return [timer for timer in found if timer.id not in self._given]

    async def _wait(self) -> None:
        """Waits until a timer comes due or word comes of a new one."""
        later = await self._database.timers(limit=1 + len(self._given))
        due = next((timer.due for timer in later if timer.id not in self._given), None)
        await self._clock.wait(self._arrival, until=due, patience=self._patience)

    def _item(self, timer: Timer) -> Item:
        return Item(
            timer.id,
            f"{timer.kind}/{timer.entity_id}",
            msgspec.json.encode(timer),
            timer,
            2 * len(timer.arguments),
        )
