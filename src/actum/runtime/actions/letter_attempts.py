"""Attempts at letters, each in its own task, because it may have to be abandoned."""

import asyncio
from collections.abc import Callable
from typing import Any

from actum.model.action import Failure
from actum.model.retries import FailedAttempt
from actum.runtime.actions.attempts import Attempts
from actum.runtime.actions.slots import Slots
from actum.runtime.actions.tracebacks import Tracebacks
from actum.runtime.actions.triggers.source import Item, Run
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code


class LetterAttempts:
    """Retries items, as many at once as may be under way.

    Where an item was given up, `on_failure` is called with the item and the error instead.
    """

    def __init__(
        self,
        name: str,
        run: Run,
        *,
        on_failure: Run | None,
        timeout: float,
        is_final: Callable[[BaseException], bool],
        tracebacks: Tracebacks,
    ) -> None:
        self._name = name
        self._on_failure = on_failure
        self._attempts = Attempts(
            name, run, timeout=timeout, is_final=is_final, on_room=self._on_room, tracebacks=tracebacks
        )
        self._slots = Slots(lambda: self._attempts.allowed)

    def __repr__(self) -> str:
        return f"<LetterAttempts {self._attempts}>"

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """The attempts that hang: key, position, and for how many seconds."""
        return self._attempts.hanging

    @property
    def has_hook(self) -> bool:
        """Whether there is an `on_failure` to call for items that are given up."""
        return self._on_failure is not None

    async def attempt(self, item: Item, failure: str = "") -> FailedAttempt | None:
        """Runs one item, or `on_failure` with the item's failure; gives why that failed, or None."""
        async with self._slots:
            abandoned: asyncio.Future[FailedAttempt] = asyncio.get_running_loop().create_future()
            attempt = asyncio.create_task(
                ContainedCoroutine(self._make(item, failure, abandoned)), name=f"{self._name} retry"
            )
            try:
                await asyncio.wait({attempt, abandoned}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not abandoned.done():
                    abandoned.cancel()
                    attempt.cancel()
            is_abandoned = abandoned.done() and not abandoned.cancelled()
            return abandoned.result() if is_abandoned else await attempt

    async def leave(self, slice: int) -> None:
        """Cancels the attempts of a slice, and abandons those that do not end."""
        await self._attempts.leave(slice)

    async def end(self, grace: float) -> None:
        """Cancels what is still under way, and abandons what has not ended after the grace."""
        await self._attempts.end(grace)

    async def _make(
        self, item: Item, failure: str, abandoned: "asyncio.Future[FailedAttempt]"
    ) -> FailedAttempt | None:
        def abandon(_item: Item, _task: "asyncio.Task[Any]", failure: FailedAttempt) -> None:
            if not abandoned.done():
                abandoned.set_result(failure)

        runs_author_code.set(True)
        task: Any = asyncio.current_task()
        hook = self._on_failure
        if not failure or hook is None:
            return await self._attempts.make(item, task, abandon)
        reported = Failure(self._name, item.key, failure)
        return await self._attempts.make(item, task, abandon, lambda item: hook(item, reported))

    def _on_room(self) -> None:
        self._slots.assign()
