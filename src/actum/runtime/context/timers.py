"""Timers: commands for later, kept in the database, and by their entities where those live elsewhere."""

from actum.model.event import Metadata, write_metadata
from actum.ports.database import Database, Mark, NewTimer, Timer
from actum.ports.host import Host, HostedTimer

TIMERS = "timers"
"""The name under which the work on timers is kept, and by which it is leased."""
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

    async def add(self, timer: NewTimer, mark: Mark | None = None) -> None:
        """Keeps a timer; one of the same name is replaced, and one with a mark is added once."""
        await self._database.add_timer(timer, mark)

    async def cancel(self, name: str) -> bool:
        """Cancels a timer; False if it has fired or never was."""
        return await self._database.cancel_timer(name)

    async def recall(self, database: Database, now: int) -> None:
        """Makes timers due their span from now that are due later, as after a clock that stood ahead."""
        await database.recall_timers(now)


class HostedTimers(Timers):
    """Commands for later, kept by the entity that carries them out, and here to be found by name.

    When one is due its entity acts, whether this process runs or not. The process then sends the same command
    under the same key: it takes effect once, and one that was refused is seen to be.
    """

    def __init__(self, host: Host, database: Database) -> None:
        super().__init__(database)
        self._host = host
        self._untold: list[Timer] = []

    async def add(self, timer: NewTimer, mark: Mark | None = None) -> None:
        """Keeps a timer; one of the same name is replaced, wherever it was."""
        before = None if timer.name.startswith(MADE) else await self._find(timer.name)
        # Here first: should this end in between, the process sends the command when it is due.
        is_new = await self._database.add_timer(timer, mark)
        if is_new:
            if before is not None and (before.kind, before.entity_id) != (timer.kind, timer.entity_id):
                await self._host.cancel(before.kind, before.entity_id, timer.name)
            await self._hand_over(timer)
        elif (kept := await self._find(timer.name)) is not None:
            await self._hand_over(kept)

    async def recall(self, database: Database, now: int) -> None:
        """Makes them due earlier here, and then where their entities are, which would act once more."""
        await super().recall(database, now)
        after = (0, 0)
        while page := await database.timers(limit=PAGE, after=after):
            self._untold += [timer for timer in page if timer.span and timer.due == now + timer.span]
            after = (page[-1].due, page[-1].id)
        while self._untold:
            await self._hand_over(self._untold[-1])
            self._untold.pop()

    async def _hand_over(self, timer: NewTimer) -> None:
        metadata = Metadata(timer.command, timer.correlation_id, timer.causation_id, timer.by)
        await self._host.schedule(
            HostedTimer(
                timer.name,
                timer.due,
                timer.kind,
                timer.entity_id,
                timer.command,
                timer.arguments,
                write_metadata(metadata),
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
