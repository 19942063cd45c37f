"""Attempts at letters, each in a task of its own, for it may have to be left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actum.runtime.attempts import Attempts, Failure
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code
from actum.runtime.slots import Slots
from actum.runtime.source import Item


class Retrying:
    """Tries items again, as many at once as may be under way."""

    def __init__(self, name: str, run: Callable[[Item], Awaitable[None]], *, timeout: float) -> None:
        self._name = name
        self._attempts = Attempts(name, run, timeout=timeout, look_again=self._look_again)
        self._slots = Slots(lambda: self._attempts.allowed)

    def __repr__(self) -> str:
        return f"<Retrying {self._attempts}>"

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """What hangs: key, position and for how many seconds."""
        return self._attempts.hanging

    async def attempt(self, item: Item) -> Failure | None:
        """Does one item; gives what went wrong, if something did."""
        async with self._slots:
            left: asyncio.Future[Failure] = asyncio.get_running_loop().create_future()
            attempt = asyncio.create_task(
                ContainedCoroutine(self._make(item, left)), name=f"{self._name} retry"
            )
            try:
                await asyncio.wait({attempt, left}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not left.done():
                    left.cancel()
                    attempt.cancel()
            return left.result() if left.done() and not left.cancelled() else await attempt

    async def end(self, grace: float) -> None:
        """Cancels what is still under way, and leaves behind what has not ended after the grace."""
        await self._attempts.end(grace)

    async def _make(self, item: Item, left: "asyncio.Future[Failure]") -> Failure | None:
        def leave(failure: Failure) -> None:
            if not left.done():
                left.set_result(failure)

        runs_author_code.set(True)
        task: Any = asyncio.current_task()
        return await self._attempts.make(item, task, leave)

    def _look_again(self) -> None:
        self._slots.look_again()
