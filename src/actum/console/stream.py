"""Events sent to a browser as they happen: read as fast as it takes them, so that none pile up for it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from actum.console.event_line import EventLine, WantedEvents
from actum.console.visit import Visit

POLL = 0.1
"""Seconds between two looks for new events."""
BATCH = 200
"""Events that are read at once, which is as many as wait in memory for a client."""
MAX_BEHIND = 2_000
"""Positions that a client may be behind; beyond them it goes on with the newest, and is told so."""
QUIET = 10.0
"""Seconds after which something is sent even if nothing happens, so that a client that left is noticed."""
MAX_AGE = 300.0
"""Seconds after which a stream ends; browsers begin it again where it ended."""
RETRY = 500
"""Milliseconds after which a browser begins a stream again."""

IsStopping = Callable[[], bool]


async def event_stream(
    visit: Visit, wanted: WantedEvents, after: int, is_stopping: IsStopping
) -> AsyncIterator[bytes]:
    """Gives server-sent events: `event`, one line of the list each, and `skipped`, how many were left out."""
    feed = visit.services.feed
    loop = asyncio.get_running_loop()
    ends, quiet_until = loop.time() + MAX_AGE, loop.time() + QUIET
    yield f"retry: {RETRY}\n\n".encode()
    while loop.time() < ends and not is_stopping():
        behind = feed.readable - after
        if behind > MAX_BEHIND:
            after = feed.readable - BATCH
            yield _message("skipped", after, behind - BATCH)
        found, reached = await feed.next(after, BATCH)
        after = max(after, reached)
        lines = [
            _message("event", stored.position, EventLine.of(visit, stored))
            for stored in found
            if wanted.matches(stored)
        ]
        if lines:
            quiet_until = loop.time() + QUIET
            yield b"".join(lines)
        elif loop.time() > quiet_until:
            quiet_until = loop.time() + QUIET
            yield _message("position", after, after)
        if not found:
            await asyncio.sleep(POLL)


def _message(name: str, position: int, data: object) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), msgspec.json.encode(data))
