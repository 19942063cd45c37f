"""The crashes of an application under test: each ends its life, and begins the next on the same stores."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from actum.errors import Unavailable
from actum.testing.injection.injected_faults import CrashPoint, InjectedFaults, check_point
from actum.testing.injection.life import Life

NO_FAULTS = "there are no faults to inject: write testing(app, faults=InjectedFaults())"


class Crashes:
    """Starts an application again after each crash; `start_again` does that, `settled` waits for its work."""

    def __init__(
        self,
        faults: InjectedFaults,
        start_again: Callable[[], Awaitable[None]],
        settled: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self.faults = faults
        self.life = Life(faults)
        self._start_again = start_again
        self._settled = settled
        self._recovery: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Crashes, {self.life!r}>"

    def begin(self) -> Life:
        """Begins another life."""
        self.life = Life(self.faults)
        return self.life

    async def settle(self) -> None:
        """Waits until everything is done, in as many lives as it takes."""
        while True:
            life = self.life
            self.faults.is_armed = True
            try:
                await life.unless_it_ends(self._settled())
            finally:
                self.faults.is_armed = False
            if not life.has_crashed:
                return
            await self._recover(life)

    async def crash(self) -> None:
        """Crashes the application now."""
        life = self.life
        life.faults.met.append("crash")
        life.crashed.set()
        await self._recover(life)

    @asynccontextmanager
    async def crashing(self, at: CrashPoint) -> AsyncGenerator[None]:
        """Crashes the application at a point within the block, or in what follows from that."""
        check_point(at)
        life = self.life
        self.faults.planned = at
        recovery = asyncio.create_task(self._recover_after(life))
        try:
            try:
                yield
            except Unavailable:
                if not life.has_crashed:
                    raise
            if not life.has_crashed:
                await self.settle()
            if not life.has_crashed:
                raise AssertionError(f"the application did not get to a crash {at}")
        finally:
            self.faults.planned = None
            if life.has_crashed:
                await recovery
            else:
                recovery.cancel()

    async def _recover_after(self, life: Life) -> None:
        await life.crashed.wait()
        await self._recover(life)

    async def _recover(self, life: Life) -> None:
        """Starts the application again, once for all who ask."""
        if self.life is life and (self._recovery is None or self._recovery.done()):
            self._recovery = asyncio.ensure_future(self._start_again())
        if self._recovery is not None:
            await asyncio.shield(self._recovery)
