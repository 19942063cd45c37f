"""Slots for queries: how many run at once, and when one that takes long makes room for others."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from actum.errors import Overloaded

T = TypeVar("T")

QUICK = 0.5
"""Seconds after which a query is one of the slow, of which fewer run at once."""
MAX_WAITING = 5_000


class QuerySlots:
    """Lets so many queries run at once that what else is read, and quick queries, go on beside slow ones.

    A query begins in one of `quick` slots. One that takes longer than QUICK seconds moves to one of `slow`
    slots, or is cut off where all of those are taken; so quick ones never wait long behind slow ones.
    """

    def __init__(self, *, quick: int, slow: int) -> None:
        self._quick = asyncio.Semaphore(quick)
        self._slow = slow
        self._slow_now = 0
        self._waiting = 0

    def __repr__(self) -> str:
        return f"<QuerySlots, {self._waiting} wait, {self._slow_now} of {self._slow} slow>"

    async def run(
        self, begin: Callable[[], "asyncio.Future[T]"], cut: Callable[[Any], Any], limit: timedelta
    ) -> T:
        """Runs what `begin` begins, and has it cut off when it takes longer than `limit`.

        `cut` is called with it, and has to see to it that it ends soon. Raises Overloaded when it was cut
        off, or when too many queries wait, or this one waited for too long.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit.total_seconds()
        await self._enter(limit)
        try:
            running = asyncio.ensure_future(begin())
        except BaseException:
            self._quick.release()
            raise
        slot = _Slot(self)
        running.add_done_callback(slot.leave)
        try:
            await asyncio.wait({running}, timeout=min(QUICK, limit.total_seconds()))
            why = too_long(limit)
            if not running.done() and loop.time() < end:
                if slot.is_moved():
                    await asyncio.wait({running}, timeout=max(0.0, end - loop.time()))
                else:
                    why = (
                        f"{self._slow} queries that take long are running, and this one takes long too: ask "
                        "again later, ask for less, or list the columns it looks for in indexes="
                    )
            if running.done():
                return running.result()
            cut(running)
            await asyncio.wait({running})
        except asyncio.CancelledError:
            cut(running)
            raise
        if not running.cancelled() and running.exception() is None:
            return running.result()
        raise Overloaded(why)

    async def _enter(self, limit: timedelta) -> None:
        if self._waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} queries are waiting: ask again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._quick.acquire()
        except TimeoutError:
            waited = f"the query waited {limit.total_seconds():g} s for others"
            raise Overloaded(f"{waited}: ask again later") from None
        finally:
            self._waiting -= 1


class _Slot:
    """The slot of one query, given back when it has ended, whoever still waits for it."""

    def __init__(self, slots: QuerySlots) -> None:
        self._slots = slots
        self._is_slow = False

    def is_moved(self) -> bool:
        """Moves to a slow slot, if one is free, so that another query may begin."""
        slots = self._slots
        if slots._slow_now >= slots._slow:
            return False
        slots._slow_now += 1
        self._is_slow = True
        slots._quick.release()
        return True

    def leave(self, _: object) -> None:
        """Gives the slot back."""
        if self._is_slow:
            self._slots._slow_now -= 1
        else:
            self._slots._quick.release()


def too_long(limit: timedelta) -> str:
    """Says that a query was cut off at its limit."""
    return (
        f"the query took longer than {limit.total_seconds():g} s and was cut off: ask for less, or list the "
        "columns it looks for in indexes="
    )
