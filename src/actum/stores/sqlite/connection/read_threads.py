"""The threads that run the reads of a SQLite file."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from actum.stores.sqlite.connection.completion_queue import CompletionQueue
from actum.stores.sqlite.connection.job import Call

T = TypeVar("T")


class ReadThreads:
    """Runs reads on `size` threads, in the order in which they arrive.

    An executor of the standard library costs twice as much for each: a lock, a second future and another
    call into the loop.
    """

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._size = size
        self._line: SimpleQueue[Call | None] = SimpleQueue()
        self._completions: CompletionQueue[Call] = CompletionQueue(self._loop, self._deliver)
        self._open = 0
        self._threads: list[threading.Thread] = []

    def __repr__(self) -> str:
        return f"<ReadThreads, {self._open} open>"

    async def run(self, work: Callable[[], T]) -> T:
        """Runs a read; it is skipped if its caller is cancelled before it begins."""
        if self._open >= len(self._threads) < self._size:
            self._start()
        call = Call(work, self._loop.create_future())
        self._open += 1
        self._line.put(call)
        found: T = await call.future
        return found

    async def close(self) -> None:
        """Runs the waiting reads, and ends the threads."""
        for _ in self._threads:
            self._line.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _start(self) -> None:
        thread = threading.Thread(target=self._serve, name="actum-sqlite-reader", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _serve(self) -> None:
        while (call := self._line.get()) is not None:
            call.run()
            self._completions.put(call)
            # The answer belongs to its caller; it must not be held until the next read comes.
            del call

    def _deliver(self, call: Call) -> None:
        self._open -= 1
        call.deliver()
