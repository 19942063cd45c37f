"""The assignment of a trigger: its worker runs in the process that has the lease."""

import logging
from collections.abc import Callable

from actum.errors import LeaseLost
from actum.model.retries import Retries
from actum.ports.database import Database
from actum.runtime.actions.triggers.source import Source
from actum.runtime.actions.worker import Worker
from actum.runtime.clock import Clock
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.supervisor import Supervisor

log: logging.Logger = logging.getLogger("actum.worker")


class ActionAssignment(Assignment):
    """Runs the worker of one trigger. `source` opens the source of its items, `make` makes a worker."""

    def __init__(
        self,
        action: str,
        source: Callable[[Database], Source],
        make: Callable[[Source, Database], Worker],
        *,
        retries: Retries,
        database: Database,
        clock: Clock,
        supervisor: Supervisor,
        lose: Callable[[str], None],
    ) -> None:
        self.name: str = f"action {action}"
        self.worker: Worker | None = None
        self._action = action
        self._source = source
        self._observer: Source | None = None
        self._make = make
        self._retries = retries
        self._database = database
        self._clock = clock
        self._supervisor = supervisor
        self._lose = lose

    def __repr__(self) -> str:
        return f"<ActionAssignment {self.worker or self._action}>"

    async def begin(self, database: Database) -> None:
        worker = self.worker = self._make(self._source(database), database)
        self._supervisor.start(self.name, lambda: self._run(worker))

    async def end(self) -> None:
        await self._supervisor.stop(self.name)
        self.worker = None

    async def is_idle(self) -> bool:
        if self.worker is not None:
            return await self.worker.is_idle()
        if self._observer is None:
            self._observer = self._source(self._database)
        return not await self._has_letters() and await self._observer.is_settled()

    async def _run(self, worker: Worker) -> None:
        try:
            await worker.run()
        except LeaseLost:
            self._lose(self.name)

    async def _has_letters(self) -> bool:
        """Says whether a letter is to be tried now, by whichever process has the lease."""
        now = self._clock.now()
        for key in await self._database.blocked(self._action):
            letter = await self._database.first_letter(self._action, key)
            if letter is None:
                continue
            if letter.request or (letter.status != "dead" and self._retries.is_due(letter.due, now)):
                return True
        return False
