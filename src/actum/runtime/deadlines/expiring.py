"""Expiry: an entity whose last event is old enough is erased; otherwise its deadline is set later."""

from actum.errors import OutdatedRecord, Unavailable
from actum.model.deadlines.expiry import EXPIRED
from actum.ports.database import Timer
from actum.ports.journal import EventRange, StreamKey
from actum.runtime.context.erasure import erase_at, finish_erasure
from actum.runtime.context.timers import TIMERS
from actum.runtime.deadlines.follower import DeadlineFollower
from actum.runtime.services import Services

MAX_ATTEMPTS = 20


async def expire(services: Services, follower: DeadlineFollower, timer: Timer) -> None:
    """Erases an entity whose time is over, unless there is a later event: then looks again after that.

    The journal erases it at the version that was looked at alone, so a command that lands meanwhile keeps it.
    """
    kind = services.kinds.get(timer.kind)
    if kind is None:
        raise OutdatedRecord(f"there is no entity {timer.kind} any more, whose {timer.entity_id!r} expires")
    if not kind.expires_after:
        return
    stream: StreamKey = (timer.kind, timer.entity_id)
    for _ in range(MAX_ATTEMPTS):
        newest = await services.journal.read(EventRange(*stream, limit=1, reverse=True))
        if not newest:
            # It was erased, perhaps by this timer before it was interrupted.
            await finish_erasure(services, stream)
            return
        [last] = newest
        now = services.clock.now()
        due = last.time + kind.expires_after
        if due > now:
            # A clock that was ahead must not put it off for longer than the span.
            await follower.put_off(timer, min(due, now + kind.expires_after), last.position)
            services.signals.send(TIMERS)
            return
        if await erase_at(services, stream, last.version, EXPIRED):
            return
    raise Unavailable(f"{timer.kind}/{timer.entity_id} is written without a pause: it expires later")
