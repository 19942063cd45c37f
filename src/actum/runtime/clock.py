"""Time, ids and randomness, all from one place, so that a test can control them."""

import asyncio
import heapq
import os
import random
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from actum.model.event import to_datetime

SECOND = 1_000_000
"""Microseconds in a second; times are whole microseconds since 1970 (UTC)."""

MAX_SLEEP_TIME = 60.0
LOOK: float = 1.0
"""Seconds of real time between two looks at the clock for a turn."""

ID_BYTES = 16
IDS_AT_ONCE = 256
_ids: list[str] = []
"""Ids that were drawn and not given out: asking the system for each would cost more than the rest of it."""

# A process that was forked must not give out the same.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.clear)


class Clock(ABC):
    """The source of time, ids and randomness."""

    @abstractmethod
    def now(self) -> int:
        """Gives microseconds since 1970 (UTC)."""

    @abstractmethod
    async def sleep_until(self, moment: int) -> None:
        """Returns when `moment` has come, never before."""

    async def wait(self, event: asyncio.Event, *, until: int | None, patience: float | None = None) -> None:
        """Returns when the event is set or `until` has come, or after `patience` seconds of real time."""
        tasks: set[asyncio.Task[Any]] = {asyncio.create_task(event.wait())}
        if until is not None:
            tasks.add(asyncio.create_task(self.sleep_until(until)))
        try:
            await asyncio.wait(tasks, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def ago(self, span: timedelta) -> int:
        """Gives the moment that is so long ago."""
        return self.now() - span // timedelta(microseconds=1)

    async def sleep(self, span: timedelta) -> None:
        """Returns after a while."""
        await self.sleep_until(self.now() + span // timedelta(microseconds=1))

    async def pause(self, span: timedelta) -> None:
        """Waits for half to all of a short time, at random, so that writers do not collide again."""
        await asyncio.sleep(self.jittered(span).total_seconds())

    def today(self) -> datetime:
        """Gives the time as an aware datetime (UTC)."""
        return to_datetime(self.now())

    def new_id(self) -> str:
        """Returns a unique id: 32 hexadecimal digits."""
        while True:
            try:
                return _ids.pop()
            except IndexError:  # Another thread may have taken the last.
                drawn = secrets.token_bytes(ID_BYTES * IDS_AT_ONCE)
                _ids.extend(drawn[at : at + ID_BYTES].hex() for at in range(0, len(drawn), ID_BYTES))

    def chance(self, share: float) -> bool:
        """Returns True for this share of the calls, chosen at random."""
        return random.random() < share

    def jittered(self, span: timedelta) -> timedelta:
        """Shortens a duration at random, at most to half of it, so that not all return at once."""
        return span * random.uniform(0.5, 1.0)


async def until_turn(clock: Clock, moment: int, is_mine: Callable[[], bool]) -> None:
    """Returns when a moment has come, by the clock, and this process is the one that has to act."""
    while True:
        await asyncio.sleep(LOOK)
        if clock.now() >= moment and is_mine():
            return


class SystemClock(Clock):
    """The machine's own clock. A jump shortens no wait: the clock is read again before returning."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    async def sleep_until(self, moment: int) -> None:
        while (left := moment - self.now()) > 0:  # noqa: ASYNC110 (the wall clock may jump)
            await asyncio.sleep(min(left / SECOND, MAX_SLEEP_TIME))


class ManualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, start: int) -> None:
        self._now = start
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> int:
        return self._now

    async def sleep_until(self, moment: int) -> None:
        if moment <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (moment, self._count, woken))
        await woken

    def next_wake(self) -> int | None:
        """Gives when the next sleeper wants to be woken."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def move_to(self, moment: int) -> None:
        """Moves the time on and wakes those whose moment has come; time never goes back."""
        self._now = max(self._now, moment)
        while (wake := self.next_wake()) is not None and wake <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)
