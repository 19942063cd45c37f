"""Firing a deadline: its command is sent, unless the deadline was cancelled or set again before."""

import asyncio
from typing import Any

from actum.errors import Unavailable, WrongVersion
from actum.ports.database import Timer
from actum.ports.journal import EventRange
from actum.runtime.context.erasure import is_timer_stored
from actum.runtime.context.timers import TIMERS
from actum.runtime.deadlines.follower import DeadlineFollower
from actum.runtime.entities.dispatcher import Call
from actum.runtime.entities.precondition import Precondition
from actum.runtime.entities.scheduled_writes import Watch
from actum.runtime.services import Services

MAX_ATTEMPTS = 20
PATIENCE = 10.0
"""Seconds in which the feed has to show what was written."""


class Unchanged(Precondition, frozen=True, kw_only=True):
    """No command has set or cancelled a deadline of the entity since the watch began."""

    watch: Any

    def allows(self, version: int) -> bool:
        return not self.watch.has_changed


async def fire_deadline(services: Services, follower: DeadlineFollower, timer: Timer, call: Call) -> None:
    """Sends the command of a deadline that is due.

    Between the look at the deadline and the command no other command of its entity may change it. So a
    deadline that was cancelled before its command is decided does not fire.
    """
    if services.journal.is_shared:
        await _fire_at_version(services, follower, timer, call)
    else:
        await _fire_while_unchanged(services, follower, timer, call)


async def _fire_while_unchanged(
    services: Services, follower: DeadlineFollower, timer: Timer, call: Call
) -> None:
    """Where this process alone writes, it knows every change."""
    scheduled = services.committer.scheduled
    while True:
        watch: Watch = scheduled.watch(call.stream)
        try:
            actor = await services.directory.activate(call.stream)
            if actor.gate is not None:
                await actor.gate.watch()
            await follower.catch_up()
            if not await is_timer_stored(services.database, TIMERS, timer):
                return
            call.expected_version = Unchanged("no deadline has changed", watch=watch)
            await services.entities.command(call)
            return
        except WrongVersion:
            continue
        finally:
            scheduled.end_watch(call.stream, watch)


async def _fire_at_version(services: Services, follower: DeadlineFollower, timer: Timer, call: Call) -> None:
    """Where others write too, the version of the entity shows whether anything has changed."""
    for _ in range(MAX_ATTEMPTS):
        version = await _version(services, call)
        last = await services.journal.last()
        try:
            async with asyncio.timeout(PATIENCE):
                await follower.reach(last)
        except TimeoutError:
            raise Unavailable(f"the feed does not show position {last:,}: the deadline waits") from None
        if not await is_timer_stored(services.database, TIMERS, timer):
            return
        call.expected_version = version
        try:
            await services.entities.command(call)
        except WrongVersion:
            continue
        return
    # An entity that is written without a pause must not keep its deadlines from firing.
    call.expected_version = None
    await services.entities.command(call)


async def _version(services: Services, call: Call) -> int:
    """Returns the version of an entity, everything up to which is durable."""
    if services.host is None:
        actor = await services.directory.activate(call.stream)
        version = actor.instance.version
        if actor.gate is not None:
            await actor.gate.watch()
        return version
    last = await services.journal.read(EventRange(*call.stream, limit=1, reverse=True))
    return last[0].version if last else 0
