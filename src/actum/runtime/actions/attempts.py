"""Attempts at items: each is cut off after a time limit, and one that hangs holds up no other."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from msgspec import Struct

from actum.errors import OF_OTHER_CODE, Rejected
from actum.model.error_text import error_text
from actum.model.people.unsaid import class_alone
from actum.model.retries import FailedAttempt
from actum.runtime.actions.personal_items import holds_personal
from actum.runtime.actions.tracebacks import Tracebacks
from actum.runtime.actions.triggers.source import Item
from actum.runtime.containment import comes_from_outside, log_failure

MAX_AT_ONCE = 64
"""Concurrent attempts, those that hang not counted."""
MAX_UNDER_WAY = 1_000
HANGS_AFTER = 0.2
"""Seconds after which an attempt hangs: another one may run in its place."""
LOOK = 0.1
"""Seconds between two looks for attempts that hang."""
STUBBORN_AFTER = 5.0
"""Seconds that an attempt has to end once it is cut off, before it is abandoned."""

LAST_GRACE = 2.0
"""Seconds that attempts have to end once they are cancelled."""

log: logging.Logger = logging.getLogger("actum.worker")


class Attempt(Struct, eq=False):
    """An attempt that is under way. `abandon` is called if it does not end when it is cut off."""

    item: Item
    abandon: "Abandon"
    began: float
    cut_off: float = 0.0
    is_abandoned: bool = False

    def __repr__(self) -> str:
        return f"<Attempt at {self.item.key} at {self.item.position}>"


Abandon = Callable[[Item, "asyncio.Task[Any]", FailedAttempt], None]
"""Continues without an attempt: its item, the task that makes it, and why."""


class Attempts:
    """The attempts of one action that are under way, by the task that makes each.

    `on_room` is called whenever attempts are found to hang, because others may start then.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Item], Awaitable[None]],
        *,
        timeout: float,
        is_final: Callable[[BaseException], bool],
        on_room: Callable[[], None],
        tracebacks: Tracebacks,
    ) -> None:
        self.under_way: dict[asyncio.Task[Any], Attempt] = {}
        self._name = name
        self._run = run
        self._timeout = timeout
        self._is_final = is_final
        self._on_room = on_room
        self._tracebacks = tracebacks
        self._hanging = 0
        self._ended: dict[int, asyncio.Event] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Attempts of {self._name}, {len(self.under_way)} under way, {self._hanging} hang>"

    @property
    def allowed(self) -> int:
        """How many may be under way: the more hang, the more may run beside them, up to a bound."""
        hanging = self._hanging
        return MAX_AT_ONCE if not hanging else min(hanging + max(MAX_AT_ONCE, hanging), MAX_UNDER_WAY)

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """The attempts that hang: key, position, and for how many seconds."""
        now = monotonic()
        return [
            (attempt.item.key, attempt.item.position, now - attempt.began)
            for attempt in self.under_way.values()
            if now - attempt.began >= HANGS_AFTER
        ]

    async def make(
        self,
        item: Item,
        task: "asyncio.Task[Any]",
        abandon: Abandon,
        run: Callable[[Item], Awaitable[None]] | None = None,
    ) -> FailedAttempt | None:
        """Runs one item in the current task; gives why that failed, or None."""
        attempt = self.under_way[task] = Attempt(item, abandon, monotonic())
        if self._timer is None:
            self._look_later()
        try:
            await (run or self._run)(item)
        except BaseException as error:
            if attempt.cut_off:
                return self._took_too_long(item)
            if comes_from_outside(error):
                raise
            return self._failed(item, error)
        finally:
            del self.under_way[task]
            if attempt.cut_off:
                task.uncancel()
            if item.slice in self._ended:
                self._ended[item.slice].set()
        return None

    async def leave(self, slice: int) -> "set[asyncio.Task[Any]]":
        """Cancels the attempts of a slice; gives the tasks of those that do not end, which are abandoned."""
        for task in self._tasks_of(slice):
            task.cancel()
        ended = self._ended[slice] = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_GRACE):
                while self._tasks_of(slice):
                    ended.clear()
                    await ended.wait()
        del self._ended[slice]
        left = self._tasks_of(slice)
        for task in left:
            self.under_way[task].is_abandoned = True
            self._log_abandoned(self.under_way[task].item, "in another process")
        return left

    async def end(self, grace: float) -> None:
        """Cancels what is still under way, and abandons what has not ended after the grace."""
        tasks = set(self.under_way)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task, attempt in self.under_way.items():
            self._log_abandoned(attempt.item, "at the next start")
            disown(task)
        if self._timer is not None:
            self._timer.cancel()

    def _tasks_of(self, slice: int) -> "set[asyncio.Task[Any]]":
        return {task for task, attempt in self.under_way.items() if attempt.item.slice == slice}

    def _log_abandoned(self, item: Item, again: str) -> None:
        log.error(
            "action %s did not stop over %s at %s, which comes again %s: it swallows its cancellation "
            "(let asyncio.CancelledError pass)",
            self._name,
            item.key,
            item.position,
            again,
        )

    def _took_too_long(self, item: Item) -> FailedAttempt:
        log.warning("action %s took too long over %s at %s", self._name, item.key, item.position)
        return FailedAttempt(f"TimeoutError: it took longer than {self._timeout:g} s and was cut off")

    def _failed(self, item: Item, error: BaseException) -> FailedAttempt:
        text, place = error_text(error), f"{item.key} at {item.position}"
        if isinstance(error, Rejected):
            log.warning("action %s was refused on %s: %s", self._name, place, text)
        else:
            message = "action %s failed on %s: %s"
            log_failure(log, logging.WARNING, message, self._name, place, text, error=error)
        is_personal = holds_personal(item.content)
        if not is_personal:
            self._tracebacks.keep(item.key, item.position, error)
        stored = class_alone(error) if is_personal else text
        of_other_code = isinstance(error, OF_OTHER_CODE)
        return FailedAttempt(stored, is_final=self._is_final(error), of_other_code=of_other_code)

    def _look_later(self) -> None:
        pause = min(LOOK, self._timeout / 4)
        self._timer = asyncio.get_running_loop().call_later(pause, self._look)

    def _look(self) -> None:
        """Finds what hangs. A timer for each attempt would cost more than many actions do."""
        self._timer = None
        now = monotonic()
        hanging = 0
        # They are in the order in which they began: whatever follows a young one is younger.
        for task, attempt in list(self.under_way.items()):
            age = now - attempt.began
            if age < min(HANGS_AFTER, self._timeout):
                break
            hanging += 1
            if age >= self._timeout:
                self._cut_off(task, attempt, now)
        self._hanging = hanging
        if self.under_way:
            self._look_later()
        if hanging:
            self._on_room()

    def _cut_off(self, task: "asyncio.Task[Any]", attempt: Attempt, now: float) -> None:
        if not attempt.cut_off:
            attempt.cut_off = now
            task.cancel()
        elif now - attempt.cut_off >= STUBBORN_AFTER and not attempt.is_abandoned:
            attempt.is_abandoned = True
            text = (
                f"TimeoutError: it took longer than {self._timeout:g} s, was cut off, and did not stop: "
                "it may still be running; let asyncio.CancelledError pass, and retry or skip this letter"
            )
            log.error("action %s on %s at %s: %s", self._name, attempt.item.key, attempt.item.position, text)
            attempt.abandon(attempt.item, task, FailedAttempt(text, is_final=True, is_running=True))


def disown(task: "asyncio.Task[Any]") -> None:
    """Lets the event loop close without a task that does not end."""
    asyncio._unregister_task(task)
    setattr(task, "_log_destroy_pending", False)  # noqa: B010 (no part of its type)
