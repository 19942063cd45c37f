"""The trigger of timers, which every application has: it sends commands whose time has come."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from actum.errors import Invalid, OutdatedRecord
from actum.model.action import Failure
from actum.model.deadlines.deadline import PREFIX, with_fired
from actum.model.deadlines.expiry import EXPIRE
from actum.model.entity import CommandType
from actum.ports.database import Database, Letter, NewLetter, Progress, Timer
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.triggers.trigger import OpenSource, Trigger
from actum.runtime.clock import Clock
from actum.runtime.context.context import Context, session_of
from actum.runtime.context.erasure import is_timer_left
from actum.runtime.context.timers import TIMERS, Timers, timer_key, version_of
from actum.runtime.deadlines.arming import Arming
from actum.runtime.deadlines.expiring import expire
from actum.runtime.deadlines.firing import fire_deadline
from actum.runtime.deadlines.follower import DeadlineFollower, follower_of
from actum.runtime.entities.dispatcher import Call
from actum.runtime.instruments.running import running
from actum.runtime.services import Services, Signals

POLL = 60.0
SHARED_POLL = 0.5
"""Seconds between two looks for timers where other processes may set them without a signal to this one."""


class TimerTrigger(Trigger):
    """Sends the commands that were scheduled."""

    name = TIMERS
    work = "timer"

    def __init__(self) -> None:
        self._follower: DeadlineFollower | None = None

    async def source(self, services: Services) -> OpenSource:
        follower = self._follower = await follower_of(services)
        patience = SHARED_POLL if services.database.is_shared or services.journal.is_shared else POLL
        return lambda database: TimerSource(
            self.name,
            database,
            services.timers,
            services.clock,
            services.signals,
            follower,
            Arming(services.journal, services.kinds),
            patience=patience,
        )

    def run(self, services: Services) -> Run:
        async def run(item: Item, failure: Failure | None = None) -> None:
            await _fire(services, item.content, self._follower)

        return run


async def _fire(services: Services, timer: Timer, follower: DeadlineFollower | None) -> None:
    if not await is_timer_left(services, TIMERS, timer):
        return
    if follower is not None and timer.command == EXPIRE:
        await expire(services, follower, timer)
        return
    kind = services.kinds.get(timer.kind)
    command = kind.commands.get(timer.command) if kind else None
    if kind is None or command is None:
        raise OutdatedRecord(f"timer {timer.name}: there is no command {timer.kind}.{timer.command} any more")
    if services.people is not None:
        await services.people.prepare(timer.arguments)
    context = Context(
        services, correlation_id=timer.correlation_id, causation_id=timer.causation_id, by=timer.by
    )
    running.note(context)
    call = Call(
        kind,
        timer.entity_id,
        command,
        _arguments(timer, command),
        {},
        session_of(context).metadata_of(command.name),
    )
    call.key = timer_key(timer)
    call.identity = ""
    if follower is not None and timer.name.startswith(PREFIX):
        call.metadata = with_fired(call.metadata, timer.name, version_of(timer))
        await fire_deadline(services, follower, timer, call)
    else:
        await services.entities.command(call)


def _arguments(timer: Timer, command: CommandType) -> tuple[Any, ...]:
    try:
        return command.signature.bind_json(timer.arguments)
    except Invalid as error:
        raise OutdatedRecord(f"timer {timer.name}: its stored arguments do not fit: {error}") from error


class TimerSource(Source):
    """The timers that are due, keyed by the entity that each commands."""

    def __init__(
        self,
        action: str,
        database: Database,
        timers: Timers,
        clock: Clock,
        signals: Signals,
        follower: DeadlineFollower,
        arming: Arming,
        *,
        patience: float,
    ) -> None:
        self._action = action
        self._timers = timers
        self._database = database
        self._follower = follower
        self._arming = arming
        self._patience = patience
        self._clock = clock
        self._given: set[int] = set()
        self._latest = 0
        self._is_waiting = False
        self._arrival = asyncio.Event()
        signals.listen("timers", self._arrival.set)

    async def rewind(self) -> None:
        self._given.clear()
        self._latest = 0
        await self._follower.begin(self._database)
        self._arming.rewind()

    async def next(self, limit: int) -> list[Item]:
        self._arrival.clear()
        # First: a deadline that is due may have been cancelled, or set again.
        await self._follower.catch_up()
        if not self._arming.is_over:
            await self._arming.go_on(self._follower, self._database)
        due = await self._due(limit)
        if due:
            self._given.update(timer.id for timer in due)
            return [self._item(timer) for timer in due]
        if self._arming.is_over:
            await self._wait()
        return []

    async def save(self, done: Sequence[int], letters: Sequence[NewLetter], open_from: int | None) -> None:
        if done or letters:
            await self._database.save(
                Progress(self._action, "timers", done=tuple(done), letters=tuple(letters))
            )
            self._given.difference_update(done)

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(msgspec.json.decode(letter.body, type=Timer))

    async def is_empty(self) -> bool:
        if not (self._follower.is_caught_up and self._arming.is_over):
            self._arrival.set()
            return False
        # Unless it waits, the clock does not know yet what is due next.
        return not await self._due(1) and self._is_waiting

    async def is_settled(self) -> bool:
        return await self._follower.is_applied(self._database) and not await self._due(1)

    async def _due(self, limit: int) -> list[Timer]:
        now = self._clock.now()
        if now < self._latest or not self._latest:
            # A clock that was ahead has set timers too late for the one that runs now.
            await self._timers.recall(self._database, now)
        self._latest = now
        found = await self._database.timers(up_to=self._clock.now(), limit=limit + len(self._given))
        return [timer for timer in found if timer.id not in self._given]

    async def _wait(self) -> None:
        """Waits until a timer is due or a new one is set."""
        later = await self._database.timers(limit=1 + len(self._given))
        due = next((timer.due for timer in later if timer.id not in self._given), None)
        self._is_waiting = True
        try:
            await self._clock.wait(self._arrival, until=due, patience=self._patience)
        finally:
            self._is_waiting = False

    def _item(self, timer: Timer) -> Item:
        return Item(
            timer.id,
            f"{timer.kind}/{timer.entity_id}",
            msgspec.json.encode(timer),
            timer,
            2 * len(timer.arguments),
        )
