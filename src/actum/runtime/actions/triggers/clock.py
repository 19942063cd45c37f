"""The triggers of the clock: one tick at a time, never early, and those that were missed as one."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from actum.model.action import Failure, OnCron, OnInterval
from actum.ports.database import Database, Letter, NewLetter, Progress
from actum.runtime.actions.action_names import CLOCK
from actum.runtime.actions.triggers.cron import following_tick
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.triggers.trigger import ActionTrigger, Callee, OpenSource
from actum.runtime.clock import Clock
from actum.runtime.context.context import Context
from actum.runtime.services import Services

ScheduleT = TypeVar("ScheduleT", OnInterval, OnCron)
PATIENCE = 60.0
"""Seconds after which the due time is looked at again, because the machine's clock may have been set."""


class ClockTrigger(ActionTrigger[ScheduleT], Generic[ScheduleT]):
    """Runs an action at the times of a schedule."""

    work = "clock"

    @property
    def suffix(self) -> str:
        return CLOCK

    @property
    @abstractmethod
    def schedule(self) -> str:
        """The schedule as text, which is stored to tell it from a later one."""

    @abstractmethod
    def following(self) -> Callable[[int], int]:
        """Gives what finds the first tick after a moment, both in microseconds since 1970 (UTC).

        Raises DefinitionError for a schedule that cannot work.
        """

    def check_callee(self, callee: Callee) -> None:
        callee.function.check_required("the clock")
        self.following()

    async def source(self, services: Services) -> OpenSource:
        following = self.following()
        return lambda database: TickSource(self.name, self.schedule, database, services.clock, following)

    def call(self, services: Services, callee: Callee) -> Run:
        function = callee.function

        async def run(item: Item, failure: Failure | None = None) -> None:
            context = Context(services, cause=f"{callee.cause}@{item.position}")
            await function.function(**function.arguments(context, services.resources, failure))

        return run


class IntervalTrigger(ClockTrigger[OnInterval]):
    """Runs an action again and again, counted from its first start."""

    @property
    def schedule(self) -> str:
        return f"every {self._microseconds} µs"

    def following(self) -> Callable[[int], int]:
        span = self._microseconds
        return lambda moment: moment + span

    @property
    def _microseconds(self) -> int:
        return self.declared.interval // timedelta(microseconds=1)


class CronTrigger(ClockTrigger[OnCron]):
    """Runs an action at the times of a cron expression."""

    @property
    def schedule(self) -> str:
        return f"cron {self.declared.expression} in {self.declared.timezone}"

    def following(self) -> Callable[[int], int]:
        declared = self.declared
        return following_tick(declared.expression, declared.timezone, self.action.function.name)


class TickSource(Source):
    """The ticks of one clock action. `following` gives the first tick after a moment (microseconds).

    Ticks that were missed while nothing ran fire once, at the next start. A due time that another `schedule`
    gave, or a clock that has been set back since, is computed again.
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
            self._due = await self._next_due()
        while self._is_open:
            self._settled.clear()
            await self._settled.wait()
        while (due := self._due) > (now := self._clock.now()):
            if due > self._following(now):
                await self._set_due(self._following(now))
            else:
                await self._clock.wait(self._never, until=due, patience=PATIENCE)
        self._is_open = True
        return [self._item(due)]

    async def save(self, done: Sequence[int], letters: Sequence[NewLetter], open_from: int | None) -> None:
        if letters:
            await self._database.save(Progress(self._action, "timers", letters=tuple(letters)))
        if done and self._due is not None:
            await self._set_due(self._following(max(self._due, self._clock.now())))
            self._is_open = False
            self._settled.set()

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(letter.position)

    async def is_empty(self) -> bool:
        return self._due is not None and (self._is_open or self._due > self._clock.now())

    async def is_settled(self) -> bool:
        now = self._clock.now()
        return await self._database.tick(self._action, at_first=self._following(now)) > now

    async def _next_due(self) -> int:
        """Gives when the next tick is due, by the current schedule."""
        following = self._following(self._clock.now())
        due = await self._database.tick(self._action, at_first=following)
        kept = await self._database.triggers(self._action)
        if kept.keys() != {self._schedule}:
            if kept:
                due = following
                await self._set_due(due)
            # Last: a process that ends in between must not leave the old due time to the new schedule.
            await self._database.set_triggers(self._action, {self._schedule: 0})
        return due

    async def _set_due(self, due: int) -> None:
        await self._database.set_tick(self._action, due)
        self._due = due

    def _item(self, due: int) -> Item:
        return Item(due, f"tick {due}", b"", due)
