"""Slots for queries: how many run at once, and when one that takes long makes room for others."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any, NoReturn, TypeVar

from actum.errors import Overloaded

T = TypeVar("T")

QUICK = 0.5
"""Seconds after which a query is one of the slow, of which fewer run at once."""
WATCH = 0.1
"""Seconds between two looks at what runs."""
MAX_WAITING = 5_000
WAITED = "the query waited too long for others: ask again later"


class QuerySlots:
    """Lets so many queries run at once that what else is read, and quick queries, go on beside slow ones.

    A query begins in one of `quick` slots. One that takes longer than QUICK seconds moves to one of `slow`
    slots, or is cut off where all of those are taken; so quick ones never wait long behind slow ones.
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
        """Runs what `begin` begins, and has it cut off when it takes longer than `limit`.

        `cut` is called with it, and has to see to it that it ends soon. Raises Overloaded when it was cut
        off, or when too many queries wait, or this one waited for too long.
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
            # Whoever gives up does not end it at once: its slot is taken until it has ended.
            return await asyncio.shield(running)
        except BaseException as error:
            if slot.why and not is_given_up():
                raise Overloaded(slot.why) from error
            if not running.done():
                cut(running)
            raise

    def release(self) -> None:
        """Gives a slot for quick queries to whoever has waited longest."""
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
        """Looks at what runs, again and again while something does; a timer for each query costs more."""
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
    """The slot of one query, given back when it has ended, whoever still waits for it.

    `why` says why it was cut off, or nothing.
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
        """Cuts the query off when its time is over, or when it is slow and no slot for that is free."""
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
        """Moves to a slow slot, if one is free, so that another query may begin."""
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
    """Whether the caller itself was cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def refuse(why: str, error: BaseException | None = None) -> NoReturn:
    """Raises Overloaded for a query, in words that clients may hear."""
    raise Overloaded(why) from error


def refuse_as_too_long(limit: timedelta, error: Exception) -> NoReturn:
    """Raises Overloaded for a query that was cut off at its limit, in words that clients may hear."""
    refuse(too_long(limit), error)


def too_long(limit: timedelta) -> str:
    """Says that a query was cut off at its limit."""
    return (
        f"the query took longer than {limit.total_seconds():g} s and was cut off: ask for less, or list the "
        "columns it looks for in indexes="
    )


def too_many() -> str:
    """Says that no more queries may wait."""
    return f"{MAX_WAITING:,} queries are waiting: ask again later"


def too_many_slow(slow: int) -> str:
    """Says that a query takes long beside as many as may."""
    return (
        f"{slow} queries that take long are running, and this one takes long too: ask again later, ask for "
        "less, or list the columns it looks for in indexes="
    )
