"""Recorder: the changes of many workflows go into one transaction; while one is written, the next fills."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from actum.errors import LeaseLost, StoreFailed, TryLater
from actum.model.error_text import error_text
from actum.ports.workflows import WorkflowChange
from actum.runtime.clock import Clock
from actum.runtime.workflows.slices import Leases, WorkflowSlices

MAX_A_BATCH = 500
FIRST_PAUSE = timedelta(milliseconds=50)
MAX_PAUSE = timedelta(seconds=1)

log: logging.Logger = logging.getLogger("actum.workflows")

Waiting = tuple[WorkflowChange, Leases, "asyncio.Future[int | None]"]
"""A change, the leases under which it came about, and who waits for it."""


class Recorder:
    """Writes changes of workflows, of each at most one at a time, under the leases of their slices."""

    def __init__(self, slices: WorkflowSlices, clock: Clock) -> None:
        self._slices = slices
        self._clock = clock
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Recorder, {len(self._waiting)} waiting>"

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written."""
        return self._task is None

    def record(self, change: WorkflowChange) -> "asyncio.Future[int | None]":
        """Writes a change; the future has how often the workflow was woken, None if it is gone.

        It raises LeaseLost, or what keeps the change from being stored.
        """
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        # Not those of the time of writing: between the two, another process may have had the workflow.
        self._waiting.append((change, self._slices.leases_of(change.number) or (), future))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="recorder of workflows")
        return future

    async def drained(self) -> None:
        """Returns when everything is written."""
        while self._task is not None:
            await asyncio.wait({self._task})

    def stop(self) -> None:
        """Gives up what is not written."""
        if self._task is not None:
            self._task.cancel()

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_A_BATCH], self._waiting[MAX_A_BATCH:]
                try:
                    await self._write(batch)
                except BaseException as error:
                    _fail([*batch, *self._waiting], error)
                    self._waiting = []
                    if not isinstance(error, Exception):
                        raise
        finally:
            self._task = None

    async def _write(self, batch: Sequence[Waiting]) -> None:
        pause = FIRST_PAUSE
        while batch := self._held(batch):
            changes = [change for change, _, _ in batch]
            try:
                outcomes = await self._slices.under(leases for _, leases, _ in batch).record_workflows(
                    changes
                )
            except LeaseLost as error:
                self._slices.lose(error, [change.number for change in changes])
            except StoreFailed:
                raise
            except TryLater as error:
                # It may have been written: the same change again is harmless.
                log.warning("workflows cannot be recorded, and are again: %s", error_text(error))
                await self._clock.pause(pause)
                pause = min(pause * 2, MAX_PAUSE)
            except Exception as error:  # noqa: BLE001 (handed to those whose change it is)
                await self._write_apart(batch, error)
                return
            else:
                for (_, _, future), wakes in zip(batch, outcomes, strict=True):
                    if not future.done():
                        future.set_result(wakes)
                return

    def _held(self, batch: Sequence[Waiting]) -> Sequence[Waiting]:
        """Gives those whose leases are held; the others fail."""
        held: list[Waiting] = []
        for waiting in batch:
            change, leases, _ = waiting
            if self._slices.leases_of(change.number) == leases:
                held.append(waiting)
            else:
                name = self._slices.names[self._slices.of(change.number)]
                _fail([waiting], LeaseLost(f"{name} is done by another process: nothing was written", [name]))
        return held

    async def _write_apart(self, batch: Sequence[Waiting], error: Exception) -> None:
        """Writes each change by itself: one that cannot be stored keeps no other from being stored."""
        if len(batch) == 1:
            _fail(batch, error)
            return
        for one in batch:
            await self._write([one])


def _fail(batch: Sequence[Waiting], error: BaseException) -> None:
    for _, _, future in batch:
        if not future.done():
            if isinstance(error, Exception):
                future.set_exception(error)
                future.exception()  # It is looked at, although nobody may wait for it any more.
            else:
                future.cancel()
