"""The worker: does items side by side across keys and in order within a key, and puts aside what fails."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from actum.database.port import Database, Letter, NewLetter
from actum.model.action import Retries
from actum.runtime.clock import Clock
from actum.runtime.source import Item, Source

MOST_AT_ONCE = 64
MOST_IN_MEMORY = 2_000
BATCH = 500
POLL = 1.0
GRACE = 5.0
LONGEST_ERROR = 2_000

log = logging.getLogger("actum.worker")


class Worker:
    """Does the items of one source with one function.

    An item that fails is put aside as a letter, and so is every later item of its key, so that no key ever
    holds up another. The letter is tried again until it succeeds or its retries are used up; then it is
    dead, and waits for somebody to retry or skip it. `taken` counts the items that the source has given.
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
        self._database = database
        self._clock = clock
        self._timeout = timeout
        self._lines: dict[str, deque[Item]] = {}
        self._open: dict[int, None] = {}
        self._done: list[int] = []
        self._parked: list[NewLetter] = []
        self._blocked: dict[str, int] = {}
        self._healers: dict[str, asyncio.Task[None]] = {}
        self._busy_healers = 0
        self._pauses: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._is_saving = False
        self._is_stopping = False

    def __repr__(self) -> str:
        return f"<Worker {self.name}, {len(self._open)} open, {len(self._blocked)} keys blocked>"

    async def run(self) -> None:
        """Works until cancelled; then waits for what is being done, and writes down what is done.

        Started again after a failure, it takes again what it had taken and not written down.
        """
        self._done.clear()
        self._parked.clear()
        await self._source.rewind()
        self._blocked = await self._database.blocked(self.name)
        for key in self._blocked:
            self._start_healer(key)
        saver = asyncio.create_task(self._save_forever(), name=f"{self.name} saver")
        poller = asyncio.create_task(self._poll_requests(), name=f"{self.name} requests")
        intake = asyncio.create_task(self._take_in(), name=f"{self.name} intake")
        try:
            done, _ = await asyncio.wait({saver, poller, intake}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await asyncio.shield(asyncio.create_task(self._stop(saver, {poller, intake})))

    async def _stop(self, saver: "asyncio.Task[None]", feeders: "set[asyncio.Task[None]]") -> None:
        """Lets what is being done come to its end, within the grace, and writes down what is done."""
        self._is_stopping = True
        await _cancel(feeders)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        await _cancel({*self._tasks, *self._healers.values()})
        self._changed.set()
        await asyncio.wait({saver})
        self._lines.clear()
        self._open.clear()
        self._blocked.clear()
        self._is_stopping = False

    async def is_idle(self) -> bool:
        """Says whether nothing is left to do until the clock moves or somebody sends something."""
        if self._lines or self._parked or self._done or self._is_saving or self._busy_healers:
            return False
        return await self._source.is_empty()

    async def answer_requests(self) -> None:
        """Does what somebody asked for with this worker's letters."""
        for letter in await self._database.requested_letters(self.name):
            self._blocked.setdefault(letter.key, 1)
            self._start_healer(letter.key)
            if letter.key in self._pauses:
                self._pauses[letter.key].cancel()

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
        if item.key in self._blocked:
            self._park(item, error="")
            return
        line = self._lines.get(item.key)
        if line is not None:
            line.append(item)
            return
        line = self._lines[item.key] = deque([item])
        task = asyncio.create_task(self._work_off(item.key, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, key: str, line: deque[Item]) -> None:
        async with self._slots:
            while line and not self._is_stopping:
                error = await self._attempt(line[0])
                if error:
                    self._put_aside(key, line, error)
                    return
                self._complete(line.popleft())
            if not line:
                del self._lines[key]

    async def _attempt(self, item: Item) -> str:
        """Does one item; gives what went wrong, or nothing."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._run(item)
        except Exception as error:  # noqa: BLE001 (kept in the letter)
            log.warning("action %s failed on %s at %d: %r", self.name, item.key, item.position, error)
            return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
        return ""

    def _complete(self, item: Item) -> None:
        self._close(item.position)
        self._done.append(item.position)
        self._changed.set()

    def _put_aside(self, key: str, line: deque[Item], error: str) -> None:
        del self._lines[key]
        self._park(line.popleft(), error=error)
        while line:
            self._park(line.popleft(), error="")

    def _park(self, item: Item, *, error: str) -> None:
        now = self._clock.now()
        attempts = 1 if error else 0
        status = "waiting" if not error else "dead" if attempts >= self._retries.attempts else "retrying"
        due = now + self._pause(attempts) if error else 0
        self._parked.append(
            NewLetter(self.name, item.key, item.position, item.body, status, attempts, due, error, now)  # type: ignore[arg-type]
        )
        self._blocked[item.key] = self._blocked.get(item.key, 0) + 1
        self._close(item.position)
        self._done.append(item.position)
        self._changed.set()

    def _close(self, position: int) -> None:
        del self._open[position]
        self._room.set()

    def _pause(self, attempts: int) -> int:
        """Gives how long to wait after so many attempts, in microseconds."""
        span = min(self._retries.first * 2 ** (attempts - 1), self._retries.longest)
        return int(self._clock.jittered(span).total_seconds() * 1_000_000)

    async def _save_forever(self) -> None:
        while not self._is_stopping:
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
        if not self._is_stopping:
            for letter in parked:
                self._start_healer(letter.key)

    def _start_healer(self, key: str) -> None:
        if key in self._healers:
            return
        task = self._healers[key] = asyncio.create_task(self._heal(key), name=f"{self.name} letters of {key}")
        self._busy_healers += 1
        task.add_done_callback(lambda _: self._end_healer(key))

    def _end_healer(self, key: str) -> None:
        del self._healers[key]
        self._busy_healers -= 1

    async def _heal(self, key: str) -> None:
        """Works off the letters of a key, in order, until none is left or one is dead."""
        while key in self._blocked:
            letter = await self._database.first_letter(self.name, key)
            if letter is None:
                if not any(parked.key == key for parked in self._parked) and not self._is_saving:
                    del self._blocked[key]
                    return
                await asyncio.sleep(0)
            elif letter.request == "skip":
                await self._remove(letter)
            elif letter.status == "dead" and letter.request is None:
                return
            else:
                await self._try_again(letter)

    async def _try_again(self, letter: Letter) -> None:
        if letter.request is None and letter.due > self._clock.now():
            await self._wait_until_due(letter)
            return  # It is read again: somebody may have asked for something meanwhile.
        item = await self._source.fetch(letter)
        error = "" if item is None else await self._attempt_in_slot(item)
        if not error:
            await self._remove(letter)
            return
        attempts = 1 if letter.request == "retry" else letter.attempts + 1
        is_dead = attempts >= self._retries.attempts
        now = self._clock.now()
        await self._database.update_letter(
            letter.id,
            status="dead" if is_dead else "retrying",
            attempts=attempts,
            due=now + self._pause(attempts),
            error=error,
            failed_at=now,
        )
        if is_dead:
            log.error(
                "action %s gave up on %s at %d: %s (letter %d)",
                self.name,
                letter.key,
                letter.position,
                error,
                letter.id,
            )

    async def _wait_until_due(self, letter: Letter) -> None:
        pause = self._pauses[letter.key] = asyncio.create_task(self._clock.sleep_until(letter.due))
        self._busy_healers -= 1
        try:
            await asyncio.wait({pause})
        finally:
            self._busy_healers += 1
            del self._pauses[letter.key]
            pause.cancel()

    async def _attempt_in_slot(self, item: Item) -> str:
        async with self._slots:
            return await self._attempt(item)

    async def _remove(self, letter: Letter) -> None:
        await self._database.remove_letter(letter.id)
        left = self._blocked.get(letter.key, 1) - 1
        if left > 0:
            self._blocked[letter.key] = left
        else:
            self._blocked.pop(letter.key, None)

    async def _poll_requests(self) -> None:
        while True:
            await self.answer_requests()
            await asyncio.sleep(POLL)


async def _cancel(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
