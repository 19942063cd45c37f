"""The retrier: tries letters again, in order within a key, until none is left or the first is dead."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from actum.errors import LeaseLost, is_of_other_code
from actum.model.retries import FailedAttempt, Outcome, Retries
from actum.ports.database import Database, Letter
from actum.runtime.actions.letter_attempts import LetterAttempts
from actum.runtime.actions.triggers.source import Source
from actum.runtime.clock import Clock
from actum.runtime.contained_tasks import ContainedCoroutine
from actum.runtime.containment import comes_from_outside, log_failure

PATIENCE = 60.0
"""Seconds after which the due time is looked at again, because the machine's clock may have been set."""

log: logging.Logger = logging.getLogger("actum.retrier")


class Retrier:
    """Retries the letters of one action, with one task for each key.

    `blocked` counts the letters of each key, unsaved ones included: while a key is blocked, its new items
    become letters too. `attempts` makes an attempt at an item; `is_unsaved` says whether letters of a key are
    still to be saved. Dead letters that it begins with are tried once more if another version of the
    application left them because it could not read what they hold.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        attempts: LetterAttempts,
        is_unsaved: Callable[[str], bool],
        *,
        retries: Retries,
        database: Database,
        clock: Clock,
    ) -> None:
        self.blocked: dict[str, int] = {}
        self._name = name
        self._source = source
        self._attempts = attempts
        self._is_unsaved = is_unsaved
        self._retries = retries
        self._database = database
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wakeups: dict[str, asyncio.Event] = {}
        self._busy = 0
        self._inherited: set[str] = set()

    def __repr__(self) -> str:
        return f"<Retrier of {self._name}, {len(self.blocked)} keys blocked>"

    @property
    def is_idle(self) -> bool:
        """Whether every letter is dead or waits for the clock."""
        return not self._busy

    async def begin(self) -> None:
        """Starts with the letters that are in the database."""
        found = await self.blocked_keys(self._source.has)
        self.blocked.clear()
        self.block(found)

    async def blocked_keys(self, is_of: Callable[[str], bool]) -> dict[str, int]:
        """Gives those of some keys that have letters in the database, and how many each has."""
        found = await self._database.blocked(self._name)
        return {key: count for key, count in found.items() if is_of(key)}

    def block(self, found: Mapping[str, int]) -> None:
        """Begins with keys that have letters in the database."""
        self.blocked.update(found)
        self._inherited.update(found)
        for key in found:
            self.start(key)

    async def stop(self, is_of: Callable[[str], bool] = lambda _: True) -> None:
        """Cancels what it is doing, or does for some keys; the letters stay."""
        for key in [key for key in self.blocked if is_of(key)]:
            del self.blocked[key]
        tasks = [task for key, task in self._tasks.items() if is_of(key)]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def start(self, key: str) -> None:
        """Starts a task for the letters of a key, unless there is one."""
        if key in self._tasks:
            return
        self._wakeups[key] = asyncio.Event()
        self._busy += 1
        retrying = ContainedCoroutine(self._retry_key(key))
        task = self._tasks[key] = asyncio.create_task(retrying, name=f"{self._name} letters of {key}")
        task.add_done_callback(lambda _: self._end(key))

    def outcome(self, failed: FailedAttempt, attempts: int, failure: str = "") -> Outcome:
        """Gives what becomes of an item after so many attempts; see `Retries.outcome`."""
        return self._retries.outcome(
            failed,
            attempts,
            now=self._clock.now(),
            jitter=self._clock.jittered,
            has_hook=self._attempts.has_hook,
            failure=failure,
        )

    async def answer_requests(self) -> None:
        """Retries and skips letters as requested, without waiting until they are due."""
        after = 0
        while page := await self._database.requested_letters(self._name, after=after):
            for letter in page:
                if not self._source.has(letter.key):
                    continue
                self.blocked.setdefault(letter.key, 1)
                self.start(letter.key)
                self._wakeups[letter.key].set()
            after = page[-1].id

    def _end(self, key: str) -> None:
        del self._tasks[key]
        del self._wakeups[key]
        self._busy -= 1

    async def _retry_key(self, key: str) -> None:
        while key in self.blocked:
            try:
                if await self._retry_first(key):
                    return
            except LeaseLost:
                return  # Another process works on the letters now.
            except BaseException as error:
                if comes_from_outside(error):
                    raise
                log_failure(
                    log,
                    logging.ERROR,
                    "action %s could not work on the letters of %s",
                    self._name,
                    key,
                    error=error,
                )
                await self._wait(key, self._clock.now() + self._retries.pause(1, self._clock.jittered))

    async def _retry_first(self, key: str) -> bool:
        """Does what is due for the first letter of a key; gives whether that letter is dead."""
        before = self.blocked[key], self._is_unsaved(key)
        letter = await self._database.first_letter(self._name, key)
        if letter is None:
            # One that was unsaved when the look-up began may have been saved since.
            if self._is_unsaved(key) or before != (self.blocked[key], False):
                await asyncio.sleep(0)
            else:
                del self.blocked[key]
        elif letter.request == "skip":
            await self._remove(letter)
        elif letter.request == "retry" or (letter.status != "dead" and self._is_due(letter)):
            await self._retry(letter)
        elif letter.status == "dead":
            if not self._may_be_read_now(letter):
                return True
            await self._retry(letter)
        else:
            await self._wait(key, letter.due)
        return False

    def _may_be_read_now(self, letter: Letter) -> bool:
        """Says, once for each key, whether a letter died because the code of before could not read it."""
        is_inherited = letter.key in self._inherited
        self._inherited.discard(letter.key)
        return is_inherited and is_of_other_code(letter.error)

    def _is_due(self, letter: Letter) -> bool:
        return self._retries.is_due(letter.due, self._clock.now())

    async def _wait(self, key: str, until: int) -> None:
        self._busy -= 1
        try:
            await self._clock.wait(self._wakeups[key], until=until, patience=PATIENCE)
        finally:
            self._busy += 1
            self._wakeups[key].clear()

    async def _retry(self, letter: Letter) -> None:
        item = await self._source.fetch(letter)
        is_requested = letter.request == "retry"
        failure = "" if is_requested else letter.failure
        failed = None if item is None else await self._attempts.attempt(item, failure)
        if failed is None:
            await self._remove(letter)
            return
        outcome = self.outcome(failed, 1 if is_requested else letter.attempts + 1, failure)
        await self._source.under_lease(self._database, letter.key).update_letter(
            letter.id,
            status=outcome.status,
            attempts=outcome.attempts,
            due=outcome.due,
            error=failed.text,
            failed_at=self._clock.now(),
            failure=outcome.failure,
            answers=letter.request,
        )
        place = f"{letter.key} at {letter.position}"
        if outcome.status == "dead":
            log.error("action %s gave up on %s: %s (letter %d)", self._name, place, failed.text, letter.id)

    async def _remove(self, letter: Letter) -> None:
        await self._source.under_lease(self._database, letter.key).remove_letter(letter.id)
        left = self.blocked.get(letter.key, 1) - 1
        if left > 0:
            self.blocked[letter.key] = left
        else:
            self.blocked.pop(letter.key, None)
