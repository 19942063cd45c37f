"""Slots for queries: how many run at once, and when a slow one makes room for others."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any, NoReturn, TypeVar

from actum.errors import Overloaded

T = TypeVar("T")

QUICK = 0.5
"""Seconds after which a query counts as slow; fewer of these run at once."""
WATCH = 0.1
"""Seconds between two checks of the running queries."""
MAX_WAITING = 5_000
WAITED = "the query waited too long for others: ask again later"


class QuerySlots:
    """Limits how many queries run at once, so that slow ones do not hold up quick ones and other reads.

    A query begins in one of `quick` slots. After QUICK seconds it moves to one of `slow` slots, or is cut off
    if all of those are taken. So quick queries never wait long behind slow ones.
    """

    def __init__(self, *, quick: int, slow: int) -> None:
        self._free = quick
        self._slow = slow
        self._slow_now = 0
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._running: dict[_Slot, None] = {}
        self._is_watching = False

    def __repr__(self) -> str:
        return f"<QuerySlots, {len(self._waiting)} wait, {self._slow_now} of {self._slow} slow>"

    async def run(
        self, begin: Callable[[], "asyncio.Future[T]"], cut: Callable[[Any], Any], limit: timedelta
    ) -> T:
        """Runs the query that `begin` starts, and cuts it off when it takes longer than `limit`.

        `cut` is called with the query's future, and has to make it end soon. Raises Overloaded when the query
        was cut off or waited too long, or when too many queries wait.
        """
        if self._free:
            self._free -= 1
        else:
            await self._enter(limit)
        try:
            running = begin()
        except BaseException:
            self.release()
            raise
        slot = _Slot(self, running, cut, limit)
        self._running[slot] = None
        self._watch_on()
        try:
            # A caller that is cancelled does not end the query at once; it has its slot until it has ended.
            return await asyncio.shield(running)
        except BaseException as error:
            if slot.why and not is_given_up():
                raise Overloaded(slot.why) from error
            if not running.done():
                cut(running)
            raise

    def release(self) -> None:
        """Gives a slot for quick queries to the query that has waited longest."""
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._free += 1

    async def _enter(self, limit: timedelta) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise Overloaded(too_many())
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, monotonic() + limit.total_seconds()))
        self._watch_on()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release()
            raise

    def _watch_on(self) -> None:
        """Checks the running queries periodically while there are any; a timer for each would cost more."""
        if not self._is_watching:
            self._is_watching = True
            asyncio.get_running_loop().call_later(WATCH, self._watch)

    def _watch(self) -> None:
        self._is_watching = False
        for slot in list(self._running):
            slot.look()
        now = monotonic()
        for future, end in self._waiting:
            if now > end and not future.done():
                future.set_exception(Overloaded(WAITED))
        if self._running or self._waiting:
            self._watch_on()


class _Slot:
    """The slot of one query, released when the query has ended, even if its caller left before.

    `why` says why the query was cut off, or is "".
    """

    __slots__ = ("_began", "_cut", "_is_slow", "_limit", "_running", "_slots", "why")

    def __init__(
        self, slots: QuerySlots, running: "asyncio.Future[Any]", cut: Callable[[Any], Any], limit: timedelta
    ) -> None:
        self.why = ""
        self._slots = slots
        self._running = running
        self._cut = cut
        self._limit = limit
        self._is_slow = False
        self._began = monotonic()
        running.add_done_callback(self._leave)

    def look(self) -> None:
        """Cuts the query off when its time is over, or when it is slow and no slow slot is free."""
        if self.why:
            return
        took = monotonic() - self._began
        if took > self._limit.total_seconds():
            self.why = too_long(self._limit)
        elif took > QUICK and not self._is_slow and not self._is_moved():
            self.why = too_many_slow(self._slots._slow)
        if self.why:
            self._cut(self._running)

    def _is_moved(self) -> bool:
        """Moves the query to a slow slot, if one is free, so that another may begin."""
        slots = self._slots
        if slots._slow_now >= slots._slow:
            return False
        slots._slow_now += 1
        self._is_slow = True
        slots.release()
        return True

    def _leave(self, _: object) -> None:
        del self._slots._running[self]
        if self._is_slow:
            self._slots._slow_now -= 1
        else:
            self._slots.release()


def is_given_up() -> bool:
    """Whether the calling task itself was cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def refuse(why: str, error: BaseException | None = None) -> NoReturn:
    """Raises Overloaded for a query, with a message that HTTP clients are shown."""
    raise Overloaded(why) from error


def refuse_as_too_long(limit: timedelta, error: Exception) -> NoReturn:
    """Raises Overloaded for a query that was cut off at its limit; HTTP clients are shown the message."""
    refuse(too_long(limit), error)


def too_long(limit: timedelta) -> str:
    """Says that a query was cut off at its limit."""
    return (
        f"the query took longer than {limit.total_seconds():g} s and was cut off: ask for less, or list the "
        "columns it looks for in indexes="
    )


def too_many() -> str:
    """Says that too many queries wait."""
    return f"{MAX_WAITING:,} queries are waiting: ask again later"


def too_many_slow(slow: int) -> str:
    """Says that a query is slow, and that no more slow ones may run."""
    return (
        f"{slow} slow queries are running, and this one is slow too: ask again later, ask for less, or list "
        "the columns it looks for in indexes="
    )
