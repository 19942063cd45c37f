"""The worker of an action that is split: it takes slices on and gives them up while it runs."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from actum.runtime.actions.triggers.sliced_source import Leases, Slice, SlicedSource
from actum.runtime.actions.triggers.source import Run
from actum.runtime.actions.worker import GRACE, Worker


class SlicedWorker(Worker):
    """Runs the items of the slices that this process has, and reads what they have in common once."""

    def __init__(self, name: str, source: SlicedSource, run: Run, **options: Any) -> None:
        super().__init__(name, source, run, **options)
        self._slices = source
        self._beginning = asyncio.Lock()

    async def add(self, leases: Mapping[int, Leases]) -> None:
        """Begins slices where they were left; their letters come before their other items."""
        async with self._beginning:
            slices, blocked = [Slice(number, of) for number, of in leases.items()], {}
            if self._is_running:
                slices = await self._slices.load(leases)
                blocked = await self._retrier.blocked_keys(lambda key: self._slices.slice_of(key) in leases)
            # Nothing is awaited below: a worker that has stopped meanwhile loads them when it starts again.
            self._slices.give(slices)
            if self._is_running:
                self._retrier.block(blocked)

    async def remove(self, number: int, *, is_lost: bool = False) -> None:
        """Ends a slice and saves its progress; the other slices go on meanwhile.

        What was taken in has a while to be done, so that nothing is repeated where the slice goes, unless its
        lease is lost already.
        """
        self._slices.withdraw(number)
        try:
            if self._is_running and not is_lost:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE):
                        await self._backlog.emptied(number)
            self._backlog.withdraw(number)
            if self._is_running:
                self._give_up(await self._attempts.leave(number))
                await self._retrier.stop(lambda key: self._slices.slice_of(key) == number)
                await self._letter_attempts.leave(number)
            if self._is_running:
                await self._save_or_break()
        finally:
            self._slices.forget(number)
            self._backlog.forget(number)
            self._ensure_tasks()

    async def answer_requests(self) -> None:
        # Now and then the checkpoints are saved of slices that have nothing to do.
        self._changed.set()
        await super().answer_requests()

    async def _begin(self) -> None:
        async with self._beginning:
            await super()._begin()

    def _give_up(self, tasks: "set[asyncio.Task[Any]]") -> None:
        """Continues without tasks that do not end."""
        self._abandoned |= tasks
        self._tasks -= tasks

    async def _save_or_break(self) -> None:
        try:
            await self._save()
        except Exception as error:
            # What was to be saved is no longer in memory: the worker starts again from what is saved.
            self._break(error)
            raise
