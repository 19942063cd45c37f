"""The worker: does items side by side across keys and in order within a key, and puts aside what fails."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from actum.database.port import Database, NewLetter
from actum.model.action import Retries
from actum.model.error_text import error_text
from actum.runtime.clock import Clock
from actum.runtime.contained_tasks import ContainedCoroutine, runs_author_code
from actum.runtime.containment import comes_from_outside, log_failure
from actum.runtime.healer import Healer
from actum.runtime.source import Item, Source

MOST_AT_ONCE = 64
MOST_HEALED_AT_ONCE = 64
MOST_IN_MEMORY = 2_000
BATCH = 500
POLL = 1.0
GRACE = 5.0
WATCH = 1.0

log = logging.getLogger("actum.worker")


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
        run: Callable[[Item], Awaitable[None]],
        *,
        retries: Retries,
        database: Database,
        clock: Clock,
        timeout: float,
    ) -> None:
        self.name = name
        self.taken = 0
        self._source = source
        self._run = run
        self._retries = retries
        self._clock = clock
        self._timeout = timeout
        self._lines: dict[str, list[Item]] = {}
        self._open: dict[int, None] = {}
        self._done: list[int] = []
        self._parked: list[NewLetter] = []
        self._ready: deque[str] = deque()
        self._hands: set[asyncio.Task[None]] = set()
        self._is_recruiting = False
        self._slots = asyncio.Semaphore(MOST_HEALED_AT_ONCE)
        self._begun: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._is_saving = False
        self._is_running = False
        self._healer = Healer(
            name,
            source,
            self._attempt_again,
            self._is_unsaved,
            retries=retries,
            database=database,
            clock=clock,
        )

    def __repr__(self) -> str:
        return f"<Worker {self.name}, {len(self._open)} open, {len(self._healer.blocked)} keys blocked>"

    async def run(self) -> None:
        """Works until cancelled; then waits for what is being done, and writes down what is done.

        Started again after a failure, it takes again what it had taken and not written down.
        """
        await self._begin()
        saver = asyncio.create_task(self._save_forever(), name=f"{self.name} saver")
        poller = asyncio.create_task(self._poll_requests(), name=f"{self.name} requests")
        intake = asyncio.create_task(self._take_in(), name=f"{self.name} intake")
        watch = asyncio.create_task(self._watch(), name=f"{self.name} watch")
        try:
            done, _ = await asyncio.wait({saver, poller, intake, watch}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await asyncio.shield(asyncio.create_task(self._stop(saver, {poller, intake, watch})))

    async def is_idle(self) -> bool:
        """Says whether nothing is left to do until the clock moves or somebody sends something."""
        if not (self._is_running and self._healer.is_idle):
            return False
        if self._lines or self._parked or self._done or self._is_saving:
            return False
        return await self._source.is_empty()

    async def answer_requests(self) -> None:
        """Does what somebody asked for with this worker's letters."""
        await self._healer.answer_requests()

    async def _begin(self) -> None:
        """Begins at what is written down; what a run before this one did not write down comes again."""
        self._lines.clear()
        self._ready.clear()
        self._open.clear()
        self._done.clear()
        self._parked.clear()
        await self._source.rewind()
        await self._healer.begin()
        self._is_running = True

    async def _stop(self, saver: "asyncio.Task[None]", feeders: "set[asyncio.Task[None]]") -> None:
        """Lets what is being done come to its end, within the grace, and writes down what is done."""
        self._is_running = False
        await _cancel(feeders)
        if self._hands:
            await asyncio.wait(self._hands, timeout=GRACE)
        await _cancel(self._hands)
        await self._healer.stop()
        self._changed.set()
        await asyncio.wait({saver})
        if not saver.cancelled() and saver.exception() is None:
            await self._save()

    async def _take_in(self) -> None:
        while True:
            while len(self._open) >= MOST_IN_MEMORY:
                self._room.clear()
                await self._room.wait()
            for item in await self._source.next(BATCH):
                self._accept(item)
            self._changed.set()

    def _accept(self, item: Item) -> None:
        self.taken += 1
        self._open[item.position] = None
        if item.key in self._healer.blocked:
            self._park(item, error="")
            return
        line = self._lines.get(item.key)
        if line is not None:
            line.append(item)
            return
        self._lines[item.key] = [item]
        self._ready.append(item.key)
        if not self._is_recruiting:
            self._recruit()

    def _recruit(self) -> None:
        """Has more hands work, twice as many at each turn of the loop, while those at work have to wait.

        A hand that need not wait does many lines in one turn, and no other is called.
        """
        # Called again by the loop, it may come after the end: whoever begins then is not waited for.
        if not self._is_running:
            self._is_recruiting = False
            return
        hands = len(self._hands)
        for _ in range(min(max(hands, 1), len(self._ready), MOST_AT_ONCE - hands)):
            hand = asyncio.create_task(ContainedCoroutine(self._work()), name=f"{self.name} hand")
            self._hands.add(hand)
            hand.add_done_callback(self._hands.discard)
        self._is_recruiting = bool(self._ready) and len(self._hands) < MOST_AT_ONCE
        if self._is_recruiting:
            asyncio.get_running_loop().call_soon(self._recruit)

    async def _work(self) -> None:
        """Works off lines until none waits."""
        runs_author_code.set(True)
        hand = _current_task()
        try:
            while self._ready and self._is_running:
                key = self._ready.popleft()
                await self._work_off(key, self._lines[key], hand)
        finally:
            # At once: a line that is ready in the same turn would find every hand taken, and get none.
            self._hands.discard(hand)

    async def _work_off(self, key: str, line: list[Item], hand: "asyncio.Task[Any]") -> None:
        while line and self._is_running:
            error = await self._attempt(line[0], hand)
            if error:
                self._put_aside(key, line, error)
                return
            self._complete(line.pop(0))
        if not line:
            del self._lines[key]

    async def _attempt_again(self, item: Item) -> str:
        runs_author_code.set(True)
        async with self._slots:
            return await self._attempt(item, _current_task())

    async def _attempt(self, item: Item, task: "asyncio.Task[Any]") -> str:
        """Does one item; gives what went wrong, or nothing."""
        self._begun[task] = monotonic()
        try:
            await self._run(item)
        except BaseException as error:
            if task in self._overdue:
                log.warning("action %s took too long over %s at %s", self.name, item.key, item.position)
                return f"TimeoutError: it took longer than {self._timeout:g} s and was cut off"
            if comes_from_outside(error):
                raise
            text, place = error_text(error), f"{item.key} at {item.position}"
            log_failure(
                log, logging.WARNING, "action %s failed on %s: %s", self.name, place, text, error=error
            )
            return text
        finally:
            del self._begun[task]
            if task in self._overdue:
                self._overdue.discard(task)
                task.uncancel()
        return ""

    async def _watch(self) -> None:
        """Cuts off attempts that take too long; a timer for each would cost more than many an action."""
        while True:
            await asyncio.sleep(min(WATCH, self._timeout / 4))
            oldest = monotonic() - self._timeout
            for task, began in list(self._begun.items()):
                if began <= oldest and task not in self._overdue:
                    self._overdue.add(task)
                    task.cancel()

    def _complete(self, item: Item) -> None:
        self._close(item.position)
        self._done.append(item.position)
        self._changed.set()

    def _put_aside(self, key: str, line: list[Item], error: str) -> None:
        del self._lines[key]
        first, *later = line
        self._park(first, error=error)
        for item in later:
            self._park(item, error="")

    def _park(self, item: Item, *, error: str) -> None:
        now = self._clock.now()
        attempts = 1 if error else 0
        status = "waiting" if not error else "dead" if attempts >= self._retries.attempts else "retrying"
        due = now + self._healer.pause(attempts) if error else 0
        self._parked.append(
            NewLetter(self.name, item.key, item.position, item.body, status, attempts, due, error, now)  # type: ignore[arg-type]
        )
        self._healer.blocked[item.key] = self._healer.blocked.get(item.key, 0) + 1
        self._complete(item)

    def _close(self, position: int) -> None:
        del self._open[position]
        self._room.set()

    def _is_unsaved(self, key: str) -> bool:
        return self._is_saving or any(parked.key == key for parked in self._parked)

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
            await self._source.save(done, parked, next(iter(self._open), None))
        finally:
            self._is_saving = False
        if self._is_running:
            for letter in parked:
                self._healer.start(letter.key)

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
