"""Coalesces single look-ups into batches: while one batch is under way, the next one fills."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from actum.errors import Overloaded

A = TypeVar("A")
B = TypeVar("B")


class Coalescer(Generic[A, B]):
    """Calls `fetch` for many keys at once on behalf of callers who each want one.

    `fetch` may answer only for the first of them, if the results are large, and is called again for the rest.
    With `begins_alone` one caller alone calls it without a task, which is faster. Those who come in the same
    iteration of the event loop, as those do who were resumed together, are one batch all the same.
    With `answered` that many get their answers in one iteration of the loop: what the first do next is under
    way while the others get theirs.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[A]], Awaitable[Sequence[B]]],
        *,
        most: int,
        batch: int = 500,
        begins_alone: bool = False,
        answered: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._most = most
        self._batch = batch
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._task: asyncio.Task[None] | None = None
        self._begins_alone = begins_alone
        self._answered = answered or batch
        self._is_one_asking = False

    async def get(self, wanted: A) -> B:
        """Gives what `fetch` finds for one thing; raises Overloaded when too many are waiting."""
        if self._begins_alone and self._task is None and not self._is_one_asking:
            return await self._ask_first(wanted)
        if len(self._waiting) >= self._most:
            raise Overloaded(f"{self._most:,} look-ups are waiting: send again later")
        future = self._queued(wanted, at=len(self._waiting))
        if self._task is None and not self._is_one_asking:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _ask_first(self, wanted: A) -> B:
        self._is_one_asking = True
        try:
            # Whoever is ready to run in this iteration of the loop asks before this task is resumed.
            await asyncio.sleep(0)
            if not self._waiting:
                return (await self._fetch([wanted]))[0]
            future = self._queued(wanted, at=0)
        finally:
            self._is_one_asking = False
            if self._waiting:
                self._task = asyncio.create_task(self._drain())
        return await future

    def _queued(self, wanted: A, *, at: int) -> "asyncio.Future[B]":
        future: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.insert(at, (wanted, future))
        return future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            try:
                found = await self._fetch([wanted for wanted, _ in batch])
            except Exception as error:  # noqa: BLE001 (handed to those who asked)
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            self._waiting[:0] = batch[len(found) :]
            for place, ((_, future), value) in enumerate(zip(batch, found, strict=False), 1):
                if not future.done():
                    future.set_result(value)
                if place % self._answered == 0 and place < len(found):
                    await asyncio.sleep(0)
            # The results belong to the callers: kept here, they would stay in memory until the next batch.
            del batch, found
        self._task = None
