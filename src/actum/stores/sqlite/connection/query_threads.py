"""The threads that run the queries of a SQLite file; each takes the next one itself when one has ended."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from queue import SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from actum.stores import query_slots
from actum.stores.query_slots import is_given_up, refuse, too_long
from actum.stores.sqlite.connection.completion_queue import CompletionQueue
from actum.stores.sqlite.connection.job import Call
from actum.stores.sqlite.connection.query_deadline import QueryDeadline

T = TypeVar("T")


class QueryThreads:
    """Runs a limited number of queries at once, so that slow ones do not hold up quick ones; others wait.

    `quick` threads take queries. A thread whose query takes longer than QUICK seconds becomes one of the
    `slow` threads, and another replaces it; if there are as many slow ones already, the query is cut off.
    `stopped` gives the error for queries once this is closed.
    """

    def __init__(self, stopped: Callable[[], Exception], *, quick: int, slow: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = stopped
        self._is_closed = False
        self._quick = quick
        self._most_slow = slow
        self._line: SimpleQueue[_Query | None] = SimpleQueue()
        # Queries without an answer. The threads themselves change only `_running`.
        self._open: dict[_Query, None] = {}
        self._running: dict[_Query, None] = {}
        self._slow: dict[_Query, None] = {}
        self._completions: CompletionQueue[_Query] = CompletionQueue(self._loop, self._deliver)
        self._is_watching = False
        self._threads: list[threading.Thread] = []
        # How many threads take queries, and how many pause after a slow one.
        self._taking = 0
        self._resting = 0
        self._rest: SimpleQueue[bool] = SimpleQueue()

    def __repr__(self) -> str:
        return f"<QueryThreads, {len(self._open)} open, {len(self._slow)} of {self._most_slow} slow>"

    async def run(self, work: Callable[[], T], cut: QueryDeadline, limit: timedelta) -> T:
        """Runs a query, which ends soon once it is cut off, as it is when it takes longer than `limit`.

        Raises Overloaded when it was cut off or waited too long, or when too many queries wait.
        """
        if self._is_closed:
            raise self._stopped()
        if self._line.qsize() >= query_slots.MAX_WAITING:
            refuse(query_slots.too_many())
        if len(self._open) - len(self._slow) >= self._taking < self._quick:
            self._add()
            self._taking += 1
        query = _Query(work, self._loop.create_future(), cut, limit)
        self._open[query] = None
        self._line.put(query)
        if not self._is_watching:
            self._watch_on()
        try:
            found: T = await query.future
        except BaseException as error:
            if query.why and not is_given_up():
                refuse(query.why, error)
            # A caller that is cancelled does not end the query at once; it has its thread until it has ended.
            cut.make()
            raise
        return found

    async def close(self) -> None:
        """Refuses the waiting queries, and waits for the running ones."""
        self._is_closed = True
        for query in self._open:
            if query.began is None and not query.future.done():
                query.future.set_exception(self._stopped())
        for _ in self._threads:
            self._line.put(None)
            self._rest.put(False)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _add(self) -> None:
        """Adds a thread that takes queries."""
        if self._resting:
            self._resting -= 1
            self._rest.put(True)
            return
        thread = threading.Thread(target=self._serve, name="actum-sqlite-query", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _serve(self) -> None:
        """Runs queries one after the other; after a slow one it pauses, since another thread replaced it."""
        while (query := self._line.get()) is not None:
            is_slow = self._answer(query)
            # The answer belongs to its caller; it must not be held until the next query comes.
            del query
            if is_slow and not self._rest.get():
                return

    def _answer(self, query: "_Query") -> bool:
        """Runs a query, unless its caller was cancelled, and says whether it became a slow one."""
        self._running[query] = None
        query.run()
        # Either this thread takes it out, or the loop did so because it became slow.
        is_slow = not _is_taken(self._running, query)
        self._completions.put(query)
        return is_slow

    def _deliver(self, query: "_Query") -> None:
        del self._open[query]
        if _is_taken(self._slow, query):
            self._resting += 1
        query.deliver()

    def _watch_on(self) -> None:
        """Checks the running queries periodically while there are any; a timer for each would cost more."""
        self._is_watching = True
        self._loop.call_later(query_slots.WATCH, self._watch)

    def _watch(self) -> None:
        self._is_watching = False
        now = monotonic()
        for query in self._open:
            if not query.why:
                self._look(query, now)
        if self._open:
            self._watch_on()

    def _look(self, query: "_Query", now: float) -> None:
        """Ends a query whose time is over, or that is slow when no more slow ones may run."""
        if query.began is None:
            if now > query.end and not query.future.done():
                query.why = query_slots.WAITED
                query.future.set_exception(TimeoutError())
            return
        took = now - query.began
        if took > query.limit.total_seconds():
            query.why = too_long(query.limit)
        elif took > query_slots.QUICK and query not in self._slow:
            query.why = self._slow_one(query)
        if query.why:
            query.cut.make()

    def _slow_one(self, query: "_Query") -> str:
        """Counts a query as slow and adds a thread in its place; or says why it may not go on."""
        if len(self._slow) >= self._most_slow:
            return query_slots.too_many_slow(self._most_slow)
        if not self._is_closed and _is_taken(self._running, query):
            self._slow[query] = None
            self._add()
        return ""


class _Query(Call):
    """A query, which waits until it `began`; `why` says why it was cut off, or is ""."""

    __slots__ = ("began", "cut", "end", "limit", "why")

    def __init__(
        self, work: Callable[[], Any], future: "asyncio.Future[Any]", cut: QueryDeadline, limit: timedelta
    ) -> None:
        super().__init__(work, future)
        self.cut: QueryDeadline = cut
        self.limit: timedelta = limit
        self.end: float = monotonic() + limit.total_seconds()
        self.began: float | None = None
        self.why: str = ""

    def run(self) -> None:
        """Runs the query, unless its caller was cancelled."""
        if not self.future.done():
            self.began = monotonic()
            super().run()


def _is_taken(queries: dict[_Query, None], query: _Query) -> bool:
    """Takes a query out and says whether it was in; of two threads that try, one succeeds."""
    return queries.pop(query, False) is None
