"""Timers: commands for later, kept in the database, and by their entities where those live elsewhere."""

from actum.database.port import Database, NewTimer, Timer
from actum.hosts.port import Host, HostedTimer
from actum.model.event import Metadata, write_metadata

PAGE = 1_000
MADE = "$timer/"
"""How the name of a timer begins whose author gave it none: it stands for one call, and never for another."""


def timer_key(timer: NewTimer) -> str:
    """Gives the idempotency key of a timer's command."""
    # A name that its author gave may be used again; one that was made stands for one call.
    return f"timers/{timer.name}" if timer.name.startswith(MADE) else f"timers/{timer.name}/{timer.due}"


class Timers:
    """Timers that this process fires."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, timer: NewTimer) -> None:
        """Keeps a timer; one of the same name is replaced."""
        await self._database.add_timer(timer)

    async def cancel(self, name: str) -> bool:
        """Cancels a timer; False if it has fired or never was."""
        return await self._database.cancel_timer(name)


class HostedTimers(Timers):
    """Commands for later, kept by the entity that carries them out, and here to be found by name.

    When one is due its entity acts, whether this process runs or not. The process then sends the same command
    under the same key: it takes effect once, and one that was refused is seen to be.
    """

    def __init__(self, host: Host, database: Database) -> None:
        super().__init__(database)
        self._host = host

    async def add(self, timer: NewTimer) -> None:
        """Keeps a timer; one of the same name is replaced, wherever it was."""
        if not timer.name.startswith(MADE):
            before = await self._find(timer.name)
            if before is not None and (before.kind, before.entity_id) != (timer.kind, timer.entity_id):
                await self._host.cancel(before.kind, before.entity_id, timer.name)
        # Here first: should this end in between, the process sends the command when it is due.
        await super().add(timer)
        metadata = write_metadata(Metadata(timer.command, timer.correlation_id))
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
        after = (0, 0)
        while page := await self._database.timers(limit=PAGE, after=after):
            for timer in page:
                if timer.name == name:
                    return timer
            after = (page[-1].due, page[-1].id)
        return None
