"""The supervisor: owns every task of a running application, and restarts those that fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from actum.errors import TryLater
from actum.model.error_text import error_text
from actum.runtime.containment import comes_from_outside, log_failure

FIRST_PAUSE = 0.1
MAX_PAUSE = 30.0
MAX_OUTAGE_TIME = 1.0
"""The longest pause while the store does not answer, short because others wait for it too."""
WELL = 2.0
"""Seconds after which a task that was restarted counts as healthy."""
PATIENCE = 15.0
"""Seconds after which a task that was cancelled and has not ended is cancelled again."""

log: logging.Logger = logging.getLogger("actum.supervisor")


class Supervisor:
    """Owns tasks by name. One that fails is logged and restarted after a pause that grows."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.failures: dict[str, int] = {}
        self.failing: dict[str, str] = {}
        """Why a task failed, by its name, until it has been healthy for a while."""

    def __repr__(self) -> str:
        return f"<Supervisor of {', '.join(self._tasks)}>"

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Starts a task; it ends when `run` returns or it is stopped."""
        if name in self._tasks:
            raise ValueError(f"a task {name!r} is running already")
        task = self._tasks[name] = asyncio.create_task(self._keep(name, run), name=name)
        task.add_done_callback(lambda done: self._forget(name, done))

    async def stop(self, name: str) -> None:
        """Cancels a task and waits for its end."""
        task = self._tasks.get(name)
        while task is not None and not task.done():
            # What waits for a lock or with a limit may swallow a cancellation that comes at its very end.
            task.cancel()
            await asyncio.wait({task}, timeout=PATIENCE)

    async def stop_all(self) -> None:
        """Cancels every task, the last started first, and waits for their end."""
        for name in reversed(list(self._tasks)):
            await self.stop(name)

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        pause = FIRST_PAUSE
        while True:
            began = monotonic()
            try:
                return await run()
            except BaseException as error:
                if comes_from_outside(error):
                    raise
                if monotonic() - began > MAX_PAUSE:
                    pause = FIRST_PAUSE  # It had been healthy for long.
                longest = MAX_OUTAGE_TIME if isinstance(error, TryLater) else MAX_PAUSE
                pause = min(pause, longest)
                self.failures[name] = self.failures.get(name, 0) + 1
                self.failing[name] = error_text(error)
                log_failure(
                    log, logging.ERROR, "%s failed and starts again in %.1f s", name, pause, error=error
                )
            await asyncio.sleep(pause)
            asyncio.get_running_loop().call_later(WELL, self._recover, name, self.failures[name])
            pause = min(pause * 2, MAX_PAUSE)

    def _recover(self, name: str, failures: int) -> None:
        """Marks a task as healthy that has not failed again."""
        if self.failures.get(name) == failures:
            self.failing.pop(name, None)

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
            self.failing.pop(name, None)
