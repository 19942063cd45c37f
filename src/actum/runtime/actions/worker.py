"""The worker: does items side by side across keys and in order within a key, and puts aside what fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

from actum.model.retries import FailedAttempt, Outcome, Retries
from actum.ports.database import Database, NewLetter
from actum.runtime.actions.attempts import Attempts
from actum.runtime.actions.backlog import Backlog
from actum.runtime.actions.key_queue import KeyQueue
from actum.runtime.actions.letter_attempts import LetterAttempts
from actum.runtime.actions.retrier import Retrier
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.clock import Clock
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code

BATCH = 500
MAX_UNSAVED = 2_000
MAX_PARKED_BYTES: int = 64 * 1024 * 1024
"""Bytes of letters that are still to be written, beyond which nothing more is taken in."""
POLL = 1.0
GRACE = 5.0
"""Seconds that attempts have to come to their end when the worker stops."""
LAST_GRACE = 2.0
"""Seconds that they have to end once they are cancelled."""


class Worker:
    """Does the items of one source with one function.

    An item that fails is put aside as a letter, and so is every later item of its key, so that no key ever
    holds up another. The letter is tried again until it succeeds or its retries are used up; then it is dead,
    and waits for somebody to retry or skip it. `taken` counts the items that the source has given.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        run: Run,
        *,
        on_failure: Run | None = None,
        retries: Retries,
        database: Database,
        clock: Clock,
        timeout: float,
    ) -> None:
        self.name = name
        self.taken: int = 0
        self._source = source
        self._clock = clock
        self._backlog = Backlog(source)
        self._attempts = Attempts(
            name, run, timeout=timeout, is_final=retries.is_final, look_again=self._look_again
        )
        self._retrying = LetterAttempts(
            name, run, on_failure=on_failure, timeout=timeout, is_final=retries.is_final
        )
        self._done: list[int] = []
        self._parked: list[NewLetter] = []
        self._parked_bytes = 0
        self._are_saved = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._left: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[None] | None = None
        self._is_recruiting = False
        self._changed = asyncio.Event()
        self._is_saving = False
        self._is_running = False
        self._retrier = Retrier(
            name,
            source,
            self._retrying,
            self._is_unsaved,
            retries=retries,
            database=database,
            clock=clock,
        )

    def __repr__(self) -> str:
        return f"<Worker {self.name}, {len(self._backlog)} open, {len(self._retrier.blocked)} keys blocked>"

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """What hangs: key, position and for how many seconds."""
        return self._attempts.hanging + self._retrying.hanging

    async def run(self) -> None:
        """Works until cancelled; then waits for what is being done, and writes down what is done.

        Started again after a failure, it takes again what it had taken and not written down.
        """
        await self._begin()
        self._broken = asyncio.get_running_loop().create_future()
        saver = asyncio.create_task(self._save_forever(), name=f"{self.name} saver")
        poller = asyncio.create_task(self._poll_requests(), name=f"{self.name} requests")
        intake = asyncio.create_task(self._take_in(), name=f"{self.name} intake")
        try:
            parts = {saver, poller, intake, self._broken}
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await asyncio.shield(asyncio.create_task(self._stop(saver, {poller, intake})))

    async def is_idle(self) -> bool:
        """Says whether nothing is left to do until the clock moves or somebody sends something."""
        if not (self._is_running and self._retrier.is_idle):
            return False
        if self._backlog.queues or self._tasks or self._parked or self._done or self._is_saving:
            return False
        return await self._source.is_empty()

    async def answer_requests(self) -> None:
        """Does what somebody asked for with this worker's letters."""
        await self._retrier.answer_requests()

    async def _begin(self) -> None:
        """Begins at what is written down; what a run before this one did not write down comes again."""
        self._backlog.clear()
        self._done.clear()
        self._parked.clear()
        self._parked_bytes = 0
        await self._source.rewind()
        await self._retrier.begin()
        self._is_running = True

    async def _stop(self, saver: "asyncio.Task[None]", feeders: "set[asyncio.Task[None]]") -> None:
        """Lets what is being done come to its end, within the grace, and writes down what is done."""
        self._is_running = False
        await _cancel(feeders)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        await self._attempts.end(LAST_GRACE)
        await _cancel(self._tasks - self._attempts.under_way.keys())
        await self._retrier.stop()
        await self._retrying.end(LAST_GRACE)
        self._changed.set()
        await asyncio.wait({saver})
        if not saver.cancelled() and saver.exception() is None:
            await self._save()

    async def _take_in(self) -> None:
        while True:
            await self._backlog.room()
            while self._is_much_unsaved:
                self._are_saved.clear()
                await self._are_saved.wait()
            self._accept(await self._source.next(BATCH))
            self._changed.set()

    def _accept(self, items: Sequence[Item]) -> None:
        self.taken += len(items)
        add, blocked = self._backlog.add, self._retrier.blocked
        for item in items:
            if blocked and item.key in blocked:
                self._backlog.open(item)
                self._park(item, None)
            else:
                add(item)
        self._look_again()

    def _look_again(self) -> None:
        """Has somebody work on what is ready: new lines, or others while attempts hang."""
        if self._backlog.ready and not self._is_recruiting:
            self._recruit()

    def _recruit(self) -> None:
        """Starts more tasks, twice as many at each turn of the loop, while those there are have to wait.

        A task that need not wait works off many lines in one turn, and no other is started.
        """
        # Called again by the loop, it may come after the end: whoever begins then is not waited for.
        if not self._is_running:
            self._is_recruiting = False
            return
        count, allowed, ready = len(self._tasks), self._attempts.allowed, self._backlog.ready
        for _ in range(min(max(count, 1), len(ready), allowed - count)):
            self._start(self._work())
        self._is_recruiting = bool(ready) and len(self._tasks) < allowed
        if self._is_recruiting:
            asyncio.get_running_loop().call_soon(self._recruit)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(ContainedCoroutine(work), name=f"{self.name} task")
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._left.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._broken is not None and not self._broken.done():
            # What failed was no attempt: all begins again at what is written down.
            self._broken.set_exception(error)

    async def _work(self) -> None:
        """Works off lines until none waits."""
        runs_author_code.set(True)
        task = _current_task()
        ready, queues = self._backlog.ready, self._backlog.queues
        try:
            while ready and self._is_running and task not in self._left:
                key = ready.popleft()
                await self._work_off(key, queues[key], task)
        finally:
            # At once: a line that is ready in the same turn would find every task taken, and get none.
            self._tasks.discard(task)

    async def _work_off(self, key: str, queue: KeyQueue, task: "asyncio.Task[Any]") -> None:
        items, make, leave = queue.items, self._attempts.make, self._leave
        while self._is_running:
            if not items:
                if not queue.skipped_to:
                    del self._backlog.queues[key]
                    return
                await self._backlog.read_again(key, queue)
                continue
            failure = await make(items[0], task, leave)
            if task in self._left:
                return
            if failure is not None:
                self._put_aside(key, queue, failure)
                return
            self._complete(items.pop(0))

    def _leave(self, item: Item, task: "asyncio.Task[Any]", failure: FailedAttempt) -> None:
        """Has others work on what is behind an item whose task does not end."""
        self._left.add(task)
        self._tasks.discard(task)
        self._put_aside(item.key, self._backlog.queues[item.key], failure)

    def _complete(self, item: Item) -> None:
        self._backlog.close(item)
        self._done.append(item.position)
        self._changed.set()

    def _put_aside(self, key: str, queue: KeyQueue, failure: FailedAttempt) -> None:
        del self._backlog.queues[key]
        first, *later = queue.items
        self._park(first, failure)
        for item in later:
            self._park(item, None)
        if queue.skipped_to:
            queue.items.clear()
            self._start(self._park_skipped(key, queue))

    async def _park_skipped(self, key: str, queue: KeyQueue) -> None:
        """Makes letters of what a line had let go of: it comes before whatever is a letter after it."""
        while queue.skipped_to and self._is_running:
            await self._backlog.read_again(key, queue)
            for item in queue.items:
                self._park(item, None)
            queue.items.clear()
            while self._is_much_unsaved and self._is_running:  # noqa: ASYNC110 (rare, and short)
                await asyncio.sleep(0)

    def _park(self, item: Item, failure: FailedAttempt | None) -> None:
        outcome = Outcome("waiting") if failure is None else self._retrier.outcome(failure, 1)
        letter = NewLetter(
            self.name,
            item.key,
            item.position,
            item.body,
            outcome.status,
            outcome.attempts,
            outcome.due,
            "" if failure is None else failure.text,
            self._clock.now(),
            outcome.failure,
        )
        self._parked.append(letter)
        self._parked_bytes += len(item.body)
        self._retrier.blocked[item.key] = self._retrier.blocked.get(item.key, 0) + 1
        self._complete(item)

    @property
    def _is_much_unsaved(self) -> bool:
        return len(self._parked) > MAX_UNSAVED or self._parked_bytes > MAX_PARKED_BYTES

    def _is_unsaved(self, key: str) -> bool:
        if self._is_saving or self._backlog.has_more_of(key):
            return True
        return any(parked.key == key for parked in self._parked)

    async def _save_forever(self) -> None:
        while self._is_running:
            await self._changed.wait()
            self._changed.clear()
            await self._save()

    async def _save(self) -> None:
        done, self._done = self._done, []
        parked, self._parked = self._parked, []
        self._is_saving = True
        try:
            await self._source.save(done, parked, self._backlog.lowest())
        finally:
            self._is_saving = False
        self._parked_bytes -= sum(len(letter.body) for letter in parked)
        self._are_saved.set()
        if self._is_running:
            for letter in parked:
                self._retrier.start(letter.key)

    async def _poll_requests(self) -> None:
        while True:
            await self.answer_requests()
            await asyncio.sleep(POLL)


def _current_task() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task


async def _cancel(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
