"""The worker: runs items concurrently across keys, in order within a key; what fails becomes a letter."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from actum.model.retries import FailedAttempt, Outcome, Retries
from actum.ports.database import Database
from actum.runtime.actions.attempts import LAST_GRACE, Attempts
from actum.runtime.actions.backlog import Backlog
from actum.runtime.actions.key_queue import KeyQueue
from actum.runtime.actions.letter_attempts import LetterAttempts
from actum.runtime.actions.retrier import Retrier
from actum.runtime.actions.tracebacks import Tracebacks
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.unsaved_letters import UnsavedLetters
from actum.runtime.clock import Clock
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code

BATCH = 500
POLL = 1.0
"""Seconds between two looks for requests to retry or skip a letter."""
GRACE = 5.0
"""Seconds that attempts have to end by themselves when the worker stops."""


class Worker:
    """Runs one function for each item of one source.

    An item that fails becomes a letter, and so does every later item of its key, so that no key holds up
    another. The letter is retried until it succeeds or its attempts are used up. Then it is dead, and waits
    until an operator retries or skips it. `taken` counts the items that the source has given; `tracebacks`
    has those of the last failures here.
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
        self.tracebacks: Tracebacks = Tracebacks()
        self._attempts = Attempts(
            name,
            run,
            timeout=timeout,
            is_final=retries.is_final,
            on_room=self._ensure_tasks,
            tracebacks=self.tracebacks,
        )
        self._letter_attempts = LetterAttempts(
            name,
            run,
            on_failure=on_failure,
            timeout=timeout,
            is_final=retries.is_final,
            tracebacks=self.tracebacks,
        )
        self._done: dict[int, list[int]] = defaultdict(list)
        self._letters = UnsavedLetters(name)
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[None] | None = None
        self._is_adding_tasks = False
        self._changed = asyncio.Event()
        self._saving = asyncio.Lock()
        self._is_saving = False
        self._is_running = False
        self._retrier = Retrier(
            name,
            source,
            self._letter_attempts,
            self._is_unsaved,
            retries=retries,
            database=database,
            clock=clock,
        )

    def __repr__(self) -> str:
        return f"<Worker {self.name}, {len(self._backlog)} open, {len(self._retrier.blocked)} keys blocked>"

    @property
    def behind(self) -> int:
        """How many items it has taken that are not done."""
        return len(self._backlog)

    @property
    def lowest(self) -> int | None:
        """The lowest position of what it has taken and not done; None if all is done."""
        return self._backlog.lowest_of_all

    @property
    def place(self) -> int:
        """The position up to which its source has given everything."""
        return self._source.place

    @property
    def hanging(self) -> list[tuple[str, int, float]]:
        """The attempts that hang: key, position, and for how many seconds."""
        return self._attempts.hanging + self._letter_attempts.hanging

    async def run(self) -> None:
        """Works until cancelled; then lets attempts end and saves what is done.

        Started again after a failure, it takes again what it had taken and not saved.
        """
        await self._begin()
        self._broken = asyncio.get_running_loop().create_future()
        saver = asyncio.create_task(self._save_changes(), name=f"{self.name} saver")
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
        """Says whether nothing is left to do until the clock moves or something new arrives."""
        if not (self._is_running and self._retrier.is_idle):
            return False
        if self._backlog.queues or self._tasks or self._letters or self._done or self._is_saving:
            return False
        return await self._source.is_empty()

    def abort(self) -> None:
        """Cancels the attempts that are under way, as the end of the process would."""
        for task in [*self._tasks]:
            task.cancel()

    async def answer_requests(self) -> None:
        """Retries and skips letters as requested."""
        await self._retrier.answer_requests()

    async def _begin(self) -> None:
        """Starts from what is saved; the source gives again what an earlier run did not save."""
        self._backlog.clear()
        self._done.clear()
        self._letters.clear()
        await self._source.rewind()
        await self._retrier.begin()
        self._is_running = True

    async def _stop(self, saver: "asyncio.Task[None]", feeders: "set[asyncio.Task[None]]") -> None:
        """Lets attempts end within the grace, and saves what is done."""
        self._is_running = False
        await _cancel(feeders)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        await self._attempts.end(LAST_GRACE)
        await _cancel(self._tasks - self._attempts.under_way.keys())
        await self._retrier.stop()
        await self._letter_attempts.end(LAST_GRACE)
        self._changed.set()
        await asyncio.wait({saver})
        if not saver.cancelled() and saver.exception() is None:
            await self._save()

    async def _take_in(self) -> None:
        while True:
            await self._backlog.room()
            await self._letters.room()
            self._accept(await self._source.next(BATCH))
            self._changed.set()

    def _accept(self, items: Sequence[Item]) -> None:
        self.taken += len(items)
        add, blocked = self._backlog.add, self._retrier.blocked
        for item in items:
            if blocked and item.key in blocked:
                self._backlog.open(item)
                self._make_letter(item, None)
            else:
                add(item)
        self._ensure_tasks()

    def _ensure_tasks(self) -> None:
        """Has tasks work on the keys that are ready; called for new keys, and while attempts hang."""
        if self._backlog.ready and not self._is_adding_tasks:
            self._add_tasks()

    def _add_tasks(self) -> None:
        """Starts more tasks, doubling their number at each turn of the loop, while those there are await.

        A task that does not have to await works through many keys in one turn, and no other is started.
        """
        # The loop may call it after the worker has stopped, which no longer waits for new tasks.
        if not self._is_running:
            self._is_adding_tasks = False
            return
        count, allowed, ready = len(self._tasks), self._attempts.allowed, self._backlog.ready
        added = min(max(count, 1), len(ready), allowed - count)
        for _ in range(added):
            self._start(self._run_keys())
        self._is_adding_tasks = len(ready) > added and len(self._tasks) < allowed
        if self._is_adding_tasks:
            asyncio.get_running_loop().call_soon(self._add_tasks)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(ContainedCoroutine(work), name=f"{self.name} task")
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._abandoned.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # It was not an attempt that failed: the worker starts again from what is saved.
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _run_keys(self) -> None:
        """Runs the items of one key after another until no key is ready."""
        runs_author_code.set(True)
        task = asyncio.current_task()
        assert task is not None
        ready, queues = self._backlog.ready, self._backlog.queues
        try:
            while ready and self._is_running and task not in self._abandoned:
                key = ready.popleft()
                await self._run_key(key, queues[key], task)
        finally:
            # At once: a key that gets ready in the same turn would find every task taken, and get none.
            self._tasks.discard(task)

    async def _run_key(self, key: str, queue: KeyQueue, task: "asyncio.Task[Any]") -> None:
        items, make, abandon = queue.items, self._attempts.make, self._abandon
        while self._is_running:
            if not items:
                if not queue.skipped_to:
                    self._backlog.queues.pop(key, None)
                    return
                await self._backlog.read_again(key, queue)
                continue
            failure = await make(items[0], task, abandon)
            if task in self._abandoned:
                return
            if failure is not None:
                self._block(key, queue, failure)
                return
            self._complete(items.pop(0))

    def _abandon(self, item: Item, task: "asyncio.Task[Any]", failure: FailedAttempt) -> None:
        """Continues without a task that does not end, and blocks the key of its item."""
        self._abandoned.add(task)
        self._tasks.discard(task)
        self._block(item.key, self._backlog.queues[item.key], failure)

    def _complete(self, item: Item) -> None:
        self._backlog.close(item)
        self._done[item.slice].append(item.position)
        self._changed.set()

    def _block(self, key: str, queue: KeyQueue, failure: FailedAttempt) -> None:
        """Makes letters of an item that failed and of all that wait behind it."""
        del self._backlog.queues[key]
        first, *later = queue.items
        self._make_letter(first, failure)
        for item in later:
            self._make_letter(item, None)
        if queue.skipped_to:
            queue.items.clear()
            self._start(self._block_skipped(key, queue))

    async def _block_skipped(self, key: str, queue: KeyQueue) -> None:
        """Makes letters of items that were dropped from memory: they come before later letters of the key."""
        while queue.skipped_to and self._is_running:
            await self._backlog.read_again(key, queue)
            for item in queue.items:
                self._make_letter(item, None)
            queue.items.clear()
            while self._letters.is_full and self._is_running:  # noqa: ASYNC110 (rare, and short)
                await asyncio.sleep(0)

    def _make_letter(self, item: Item, failure: FailedAttempt | None) -> None:
        outcome = Outcome("waiting") if failure is None else self._retrier.outcome(failure, 1)
        error = "" if failure is None else failure.text
        self._letters.add(item, outcome, error, self._clock.now())
        self._retrier.blocked[item.key] = self._retrier.blocked.get(item.key, 0) + 1
        self._complete(item)

    def _is_unsaved(self, key: str) -> bool:
        return self._is_saving or self._backlog.has_more_of(key) or self._letters.has(key)

    async def _save_changes(self) -> None:
        while self._is_running:
            await self._changed.wait()
            self._changed.clear()
            await self._save()

    async def _save(self) -> None:
        async with self._saving:
            done, self._done = self._done, defaultdict(list)
            letters = self._letters.take()
            self._is_saving = True
            try:
                await self._source.save_slices(done, letters, self._backlog.lowest)
            finally:
                self._is_saving = False
        self._letters.saved(letters)
        if self._is_running:
            for letter in letters:
                if self._source.has(letter.key):
                    self._retrier.start(letter.key)

    async def _poll_requests(self) -> None:
        while True:
            await self.answer_requests()
            await asyncio.sleep(POLL)


async def _cancel(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
