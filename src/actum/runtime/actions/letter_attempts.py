"""Attempts at letters, each in a task of its own, for it may have to be left behind."""

import asyncio
from collections.abc import Callable
from typing import Any

from actum.model.action import Failure
from actum.model.retries import FailedAttempt
from actum.runtime.actions.attempts import Attempts
from actum.runtime.actions.slots import Slots
from actum.runtime.actions.triggers.source import Item, Run
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code


class LetterAttempts:
    """Tries items again, as many at once as may be under way.

    Of an item that was given up, and for what error, `on_failure` is told instead.
    """

    def __init__(
        self,
        name: str,
        run: Run,
        *,
        on_failure: Run | None,
        timeout: float,
        is_final: Callable[[BaseException], bool],
    ) -> None:
        self._name = name
        self._on_failure = on_failure
        self._attempts = Attempts(name, run, timeout=timeout, is_final=is_final, look_again=self._look_again)
        self._slots = Slots(lambda: self._attempts.allowed)

    def __repr__(self) -> str:
        return f"<LetterAttempts {self._attempts}>"

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """What hangs: key, position and for how many seconds."""
        return self._attempts.hanging

    @property
    def has_hook(self) -> bool:
        """Whether anybody is told of what was given up."""
        return self._on_failure is not None

    async def attempt(self, item: Item, failure: str = "") -> FailedAttempt | None:
        """Does one item, or tells of its failure; gives what went wrong, if something did."""
        async with self._slots:
            left: asyncio.Future[FailedAttempt] = asyncio.get_running_loop().create_future()
            attempt = asyncio.create_task(
                ContainedCoroutine(self._make(item, failure, left)), name=f"{self._name} retry"
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

    async def _make(
        self, item: Item, failure: str, left: "asyncio.Future[FailedAttempt]"
    ) -> FailedAttempt | None:
        def leave(_item: Item, _task: "asyncio.Task[Any]", failure: FailedAttempt) -> None:
            if not left.done():
                left.set_result(failure)

        runs_author_code.set(True)
        task: Any = asyncio.current_task()
        hook = self._on_failure
        if not failure or hook is None:
            return await self._attempts.make(item, task, leave)
        told = Failure(self._name, item.key, failure)
        return await self._attempts.make(item, task, leave, lambda item: hook(item, told))

    def _look_again(self) -> None:
        self._slots.look_again()
