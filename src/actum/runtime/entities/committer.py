"""The committer: group commit. While one batch is being written, the next one fills."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from actum.errors import ActumError, Invalid, Overloaded, StoreFailed, Unavailable, outcome_unknown
from actum.ports.journal import Collided, Journal, Landed, Outcome, Refused
from actum.runtime.clock import Clock
from actum.runtime.entities.actor import Actor, Staged
from actum.runtime.entities.batch_cut import MAX_WRITE_BYTES, is_split, middle_of, why_too_large
from actum.runtime.entities.scheduled_writes import ScheduledWrites
from actum.runtime.instruments.instruments import Instruments
from actum.runtime.instruments.reported_commits import report_commit
from actum.runtime.instruments.tracing import tracing

MAX_STAGED = 20_000
MAX_A_BATCH = 2_000
MAX_STAGED_BYTES = 256 * 1024 * 1024
MAX_BATCH_BYTES = 16 * 1024 * 1024
FEW_EVENTS = 2
"""Events of a write whose bytes are not counted while they are small: the number of writes bounds them."""
STOPPING = "the application is stopping, and nothing was written: send again"
STOPPED = "the application was stopped while this was being written"
MAX_RELEASED = 512
FIRST_PAUSE = timedelta(milliseconds=50)
MAX_PAUSE = timedelta(seconds=2)
PATIENCE = timedelta(seconds=30)

log: logging.Logger = logging.getLogger("actum.committer")

Published = Callable[[Sequence[Staged], Sequence[Outcome]], None]


class Committer:
    """Writes what actors decide, many decisions in one durable transaction, and gives each its outcome.

    `scheduled` are the writes that set or cancel deadlines. `drop` is called with every actor whose state
    holds something that did not land, `publish` with every batch that was written.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        drop: Callable[[Actor], None],
        publish: Published,
        most_staged: int = MAX_STAGED,
        instruments: Instruments,
    ) -> None:
        self.scheduled: ScheduledWrites = ScheduledWrites()
        self._journal = journal
        self._instruments = instruments
        self._clock = clock
        self._drop = drop
        self._publish = publish
        self._most_staged = most_staged
        self._open: list[Staged] = []
        self._open_bytes = 0
        self._staged_bytes = 0
        self._batch_bytes = 0
        self._has_large = False
        self._idle: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._is_writing = False
        self._is_resting = False
        self._is_closed = False
        self._groups = 0
        self._answered: deque[tuple[Staged, Outcome]] = deque()

    def __repr__(self) -> str:
        return f"<Committer {len(self._open)} staged{', writing' if self._is_writing else ''}>"

    @property
    def staged(self) -> int:
        """How many writes wait for the next batch."""
        return len(self._open)

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do before the clock moves or somebody stages a write."""
        return self._is_resting or not (self._open or self._is_writing)

    def admit(self, writes: int = 1) -> None:
        """Raises Overloaded when there is no room; called before a turn, so that nothing is undone."""
        if len(self._open) + writes > self._most_staged:
            if self._is_closed:
                raise Unavailable(STOPPING)
            raise Overloaded(f"{self._most_staged:,} commands are waiting to be written: send again later")
        if self._staged_bytes > MAX_STAGED_BYTES:
            raise Overloaded(
                f"{MAX_STAGED_BYTES // 2**20} MB of events are waiting to be written: send again later"
            )

    def new_group(self) -> int:
        """Returns a number for writes that land together or not at all."""
        self._groups += 1
        return self._groups

    def stage(self, staged: Staged) -> None:
        """Adds a decision to the open batch."""
        actor = staged.actor
        actor.gate = staged
        write = staged.write
        if write.key is not None:
            actor.remember(write.key, staged)
            self._weigh(staged)
        elif actor.instance.has_large or len(write.events) > FEW_EVENTS:
            self._weigh(staged)
        self._open.append(staged)
        idle = self._idle
        if idle is not None:
            self._idle = None
            if not idle.done():
                idle.set_result(None)

    async def run(self) -> None:
        """Writes batch after batch until cancelled."""
        batch: list[Staged] = []
        try:
            while True:
                await self._some_staged()
                batch = self._next_batch()
                self._is_writing = True
                try:
                    outcomes = await self._write_reported(batch)
                except Exception as error:
                    log.exception("a batch of %d writes could not be written", len(batch))
                    self._give_up(batch, outcome_unknown(error, "the journal failed"))
                else:
                    self._resolve(batch, outcomes)
                self._is_writing = False
                self._staged_bytes = self._open_bytes - self._spared()
                batch = []
        finally:
            self._is_writing = False
            self._give_up(batch, Unavailable(STOPPED, is_outcome_unknown=True))

    async def _write_reported(self, batch: Sequence[Staged]) -> list[Outcome]:
        if not (self._instruments.has_listeners or tracing.is_on):
            return await self._write_whole(batch)
        return await report_commit(self._instruments, batch, self._write_whole)

    async def drained(self) -> None:
        """Returns when everything that was staged has been written."""
        if not self._open and not self._is_writing:
            return
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._drained)

    def close(self) -> None:
        """Refuses what comes from now on."""
        self._is_closed = True
        self._most_staged = -1

    def _weigh(self, staged: Staged) -> None:
        """Counts the bytes of a write that may be large."""
        staged.actor.instance.has_large = False
        staged.size = len(staged.write.reply) + sum(len(payload) for _, _, payload in staged.write.events)
        self._open_bytes += staged.size
        if staged.size > MAX_WRITE_BYTES and not self._has_large:
            self._has_large = True  # It will be refused alone.
        else:
            self._staged_bytes += staged.size

    def _spared(self) -> int:
        """Returns the bytes of the first waiting write that will be refused: they do not count."""
        sizes = (staged.size for staged in self._open if staged.size > MAX_WRITE_BYTES)
        spared = next(sizes, 0) if self._has_large else 0
        self._has_large = spared > 0
        return spared

    async def _some_staged(self) -> None:
        if self._open:
            return
        if self._drained is not None:
            self._drained.set_result(None)
            self._drained = None
        self._idle = asyncio.get_running_loop().create_future()
        await self._idle

    def _next_batch(self) -> list[Staged]:
        """Takes the next batch from what is staged."""
        end, size = len(self._open), self._open_bytes
        if end > MAX_A_BATCH or size > MAX_BATCH_BYTES:
            end, size = self._end_of_batch()
        batch, self._open = self._open[:end], self._open[end:]
        self._open_bytes -= size
        self._batch_bytes = size
        if self._journal.is_shared:
            for staged in batch:
                staged.write.first = staged.actor.first
        return batch

    def _end_of_batch(self) -> tuple[int, int]:
        """Returns how many writes the next batch takes, and their bytes; a single write may be larger."""
        staged = self._open
        end = size = 0
        while (
            end < len(staged)
            and end < MAX_A_BATCH
            and (not end or size + staged[end].size <= MAX_BATCH_BYTES)
        ):
            size += staged[end].size
            end += 1
        # If a group were split, half of it could land alone.
        while end < len(staged) and is_split(staged, end):
            size += staged[end].size
            end += 1
        return end, size

    async def _write_whole(self, batch: Sequence[Staged]) -> list[Outcome]:
        """Returns the outcome of each write; one that the journal refuses fails for its own writer only."""
        why = why_too_large(batch) if self._batch_bytes > MAX_WRITE_BYTES else None
        if why is None:
            try:
                return await self._write(batch)
            except Invalid as error:
                why = str(error)
        middle = middle_of(batch)
        if middle is None:
            return [Refused(why)] * len(batch)
        return [*await self._write_whole(batch[:middle]), *await self._write_whole(batch[middle:])]

    async def _write(self, batch: Sequence[Staged]) -> list[Outcome]:
        """Appends a batch; after a lost connection checks whether it landed before it retries."""
        writes = [staged.write for staged in batch]
        deadline = self._clock.now() + PATIENCE // timedelta(microseconds=1)
        pause = FIRST_PAUSE
        is_unsure = False
        while True:
            try:
                if is_unsure:
                    found = await self._journal.landed(writes)
                    if found is not None:
                        return found
                is_unsure = True
                return await self._journal.append(writes)
            except StoreFailed:
                raise
            except Unavailable as error:
                if self._clock.now() >= deadline:
                    raise Unavailable(
                        f"the journal did not answer for {PATIENCE}: {error}", is_outcome_unknown=True
                    ) from error
                self._is_resting = True
                await self._clock.sleep(self._clock.jittered(pause))
                self._is_resting = False
                pause = min(pause * 2, MAX_PAUSE)

    def _resolve(self, batch: Sequence[Staged], outcomes: Sequence[Outcome]) -> None:
        failed: list[Staged] = []
        is_shared = self._journal.is_shared
        for staged, outcome in zip(batch, outcomes, strict=True):
            actor = staged.actor
            if actor.gate is staged:
                actor.gate = None
            if actor.keys is not None:
                actor.settle(staged)
            if type(outcome) is not Landed:
                failed.append(staged)
            elif is_shared and not staged.write.expected and staged.write.events:
                actor.first = outcome.position - len(staged.write.events) + 1
        recalled = self._recall(failed) if failed else []
        is_releasing = bool(self._answered)
        self._answered.extend(zip(batch, outcomes, strict=True))
        self._answered.extend((staged, Collided(staged.write.expected)) for staged in recalled)
        if not is_releasing:
            self._release()
        # After the callers, who are only scheduled yet: what they decide next is written first.
        self._publish(batch, outcomes)

    def _release(self) -> None:
        """Gives callers the outcomes of their writes, some at a time.

        What the first of them decide next is being written while the others are still being answered.
        """
        answered = self._answered
        for _ in range(min(MAX_RELEASED, len(answered))):
            staged, outcome = answered.popleft()
            staged.resolve(outcome)
        if answered:
            asyncio.get_running_loop().call_soon(self._release)

    def _recall(self, failed: Sequence[Staged]) -> list[Staged]:
        """Withdraws what was staged on a state that did not become durable, and drops its actors."""
        lost = {staged.actor for staged in failed}
        groups = {staged.write.group for staged in failed} - {None}
        size = -1
        while size != len(lost) + len(groups):
            size = len(lost) + len(groups)
            for staged in self._open:
                if staged.actor in lost or staged.write.group in groups:
                    lost.add(staged.actor)
                    if staged.write.group is not None:
                        groups.add(staged.write.group)
        for actor in lost:
            self._drop(actor)
        recalled = [staged for staged in self._open if staged.actor in lost]
        self._open = [staged for staged in self._open if staged.actor not in lost]
        recalled_bytes = sum(staged.size for staged in recalled)
        self._open_bytes -= recalled_bytes
        self._staged_bytes -= recalled_bytes
        for staged in recalled:
            staged.actor.settle(staged)
        return recalled

    def _give_up(self, batch: Sequence[Staged], error: ActumError) -> None:
        """Fails a batch whose outcome is unknown, and everything that was staged after it and never sent."""
        behind, self._open = self._open, []
        self._open_bytes = self._staged_bytes = 0
        for staged in (*batch, *behind):
            staged.actor.settle(staged)
            self._drop(staged.actor)
        for staged in batch:
            staged.fail(error)
        for staged in behind:
            staged.fail(_as_not_written(error))


def _as_not_written(error: ActumError) -> ActumError:
    """Returns the error for a write that was never sent."""
    kind = StoreFailed if isinstance(error, StoreFailed) else Unavailable
    return kind(f"{error}; this command was behind that, and was not written")
