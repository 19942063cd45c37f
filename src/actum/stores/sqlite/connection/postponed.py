"""Work for the writer thread that can wait: it shares the commit and sync of work that cannot."""

import asyncio
from collections.abc import Callable

from actum.stores.sqlite.connection.job import Job

PAUSE = 0.001
"""Seconds without another write after which work that can wait begins."""
LONGEST = 0.02
"""Seconds that it waits at most: while writes keep coming, one such work serves many of them."""


class Postponed:
    """Work that begins with the first write after LONGEST, or when no other has begun for a PAUSE.

    `begin` hands a job to the writer thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: Callable[[Job], None]) -> None:
        self._loop = loop
        self._begin = begin
        self._jobs: list[Job] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._has_written = False

    def __repr__(self) -> str:
        return f"<Postponed, {len(self._jobs)} jobs>"

    def add(self, job: Job) -> None:
        """Has a job wait."""
        self._jobs.append(job)
        if self._timer is None:
            self._has_written = False
            self._due = self._loop.time() + LONGEST
            self._timer = self._loop.call_later(PAUSE, self._look)

    def written(self) -> None:
        """Notes that another write begins now, which those join that have waited long enough."""
        if self._jobs:
            self._has_written = True
            if self._loop.time() >= self._due:
                self.hurry()

    def hurry(self) -> None:
        """Has all begin."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            self._begin(job)

    def _look(self) -> None:
        if self._has_written and self._loop.time() < self._due:
            self._has_written = False
            self._timer = self._loop.call_later(PAUSE, self._look)
        else:
            self.hurry()
