"""Timers: commands for later, stored in the database, and by their entities if those are in a host."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from actum.model.deadlines.deadline import PREFIX, deadline_key, with_fired
from actum.model.deadlines.expiry import EXPIRE
from actum.model.event import Metadata, write_metadata
from actum.ports.database import Database, Mark, NewTimer, Timer
from actum.ports.host import Host, HostedTimer

TIMERS = "timers"
"""The name under which the progress of timers is stored and leased."""
PAGE = 1_000
MADE = "$timer/"
"""The prefix of a timer's name if its author gave it none: it stands for one call only."""


def timer_key(timer: NewTimer) -> str:
    """Returns the idempotency key of a timer's command."""
    if timer.name.startswith(PREFIX):
        return deadline_key(timer.name, version_of(timer))
    # A name given by the author may be used again; a generated one stands for one call.
    return f"timers/{timer.name}" if timer.name.startswith(MADE) else f"timers/{timer.name}/{timer.due}"


def version_of(timer: NewTimer) -> int:
    """Returns the version of the entity at which its deadline was set."""
    return int(timer.causation_id.rpartition("@")[2])


async def every_timer(database: Database) -> AsyncGenerator[Timer]:
    """Gives all timers, the first that is due first, page by page."""
    after = (0, 0)
    while page := await database.timers(limit=PAGE, after=after):
        after = (page[-1].due, page[-1].id)
        for timer in page:
            yield timer


class Timers:
    """Timers that this process fires."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, timer: NewTimer, mark: Mark | None = None) -> None:
        """Stores a timer; one of the same name is replaced, and one with a mark is added once."""
        await self._database.add_timer(timer, mark)

    async def cancel(self, name: str) -> bool:
        """Cancels a timer; False if it has fired or never was."""
        return await self._database.cancel_timer(name)

    async def recall(self, database: Database, now: int) -> None:
        """Makes timers due after their delay from now that are due later, as after a clock that was ahead."""
        await database.recall_timers(now)


class HostedTimers(Timers):
    """Commands for later, stored by the entity that runs them, and here under their names.

    When one is due its entity runs it, whether this process runs or not. The process then sends the same
    command under the same key: it takes effect once, and a refusal is seen.
    """

    def __init__(self, host: Host, database: Database) -> None:
        super().__init__(database)
        self._host = host
        self._untold: list[Timer] = []

    async def add(self, timer: NewTimer, mark: Mark | None = None) -> None:
        """Stores a timer; one of the same name is replaced, of whichever entity it was."""
        before = None if timer.name.startswith(MADE) else await self._find(timer.name)
        # Here first: if this is interrupted, the process sends the command when it is due.
        is_new = await self._database.add_timer(timer, mark)
        if is_new:
            if before is not None and (before.kind, before.entity_id) != (timer.kind, timer.entity_id):
                await self._host.cancel(before.kind, before.entity_id, timer.name)
            await self._hand_over(timer)
        elif (kept := await self._find(timer.name)) is not None:
            await self._hand_over(kept)

    async def recall(self, database: Database, now: int) -> None:
        """Makes them due earlier here first, and then at their entities, so that they run once."""
        await super().recall(database, now)
        self._untold += [
            timer
            async for timer in every_timer(database)
            if timer.span and timer.due == now + timer.span and timer.command != EXPIRE
        ]
        while self._untold:
            await self._hand_over(self._untold[-1])
            self._untold.pop()

    async def _hand_over(self, timer: NewTimer) -> None:
        metadata = write_metadata(
            Metadata(timer.command, timer.correlation_id, timer.causation_id, timer.by, timer.traceparent)
        )
        if timer.name.startswith(PREFIX):
            metadata = with_fired(metadata, timer.name, version_of(timer))
        await self._host.schedule(
            HostedTimer(
                timer.name,
                timer.due,
                timer.kind,
                timer.entity_id,
                timer.command,
                timer.arguments,
                metadata,
                timer_key(timer),
            )
        )

    async def cancel(self, name: str) -> bool:
        """Cancels a timer; False if it has fired or never was."""
        found = await self._find(name)
        if found is not None:
            await self._host.cancel(found.kind, found.entity_id, name)
        return await super().cancel(name)

    async def _find(self, name: str) -> Timer | None:
        async with aclosing(every_timer(self._database)) as timers:
            async for timer in timers:
                if timer.name == name:
                    return timer
        return None
