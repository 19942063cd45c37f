"""The feed as this process sees it: new events from memory, older ones from the journal, and wake-ups."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.ports.journal import Journal, Landed, Outcome, StreamKey
from actum.runtime.coalescer import Coalescer
from actum.runtime.entities.actor import Staged
from actum.runtime.recent_erasures import RecentErasures

MAX_REMEMBERED = 20_000
MAX_REMEMBERED_BYTES = 64 * 1024 * 1024
LEFT_WHEN_FULL = 0.75
MAX_ASKING = 20_000

log: logging.Logger = logging.getLogger("actum.feed")


class Prepare(Protocol):
    """Has the keys open under which values within some texts are sealed."""

    def __call__(self, *texts: bytes) -> Awaitable[None]: ...


class Feed:
    """All events in the order of their positions.

    The committer publishes what it has written; of a journal that no other process writes to, the newest
    events are kept here, so that readers that keep up never read the journal. `declared` are the stored names
    of the events that readers know; any other is logged once, because readers skip it.
    `erasures` knows which entities were erased, as far as the feed was read; `on_erasure` gets each.
    `prepare` is called with what is given from memory, where events have personal data.
    """

    def __init__(self, journal: Journal, head: int, declared: Collection[str]) -> None:
        self._journal = journal
        # Not DELETED, which is always looked at.
        self._declared = {*declared} - {DELETED}
        self.erasures: RecentErasures = RecentErasures()
        self.on_erasure: Callable[[StreamKey], object] | None = None
        self._head = self._readable = head
        self._recent: list[Stored] = []
        self._bytes = 0
        self._after = head
        self._newest = head
        self._waiters: list[asyncio.Future[None]] = []
        self._is_waking = False
        self._readers = 0
        self.prepare: Prepare | None = None
        self._last: Coalescer[int, int] = Coalescer(self._ask_last, most=MAX_ASKING)

    def __repr__(self) -> str:
        return f"<Feed @{self._head}>"

    @property
    def head(self) -> int:
        """The position of the newest event known here."""
        return self._head

    async def bounded(self, position: int) -> int:
        """Returns a position that a caller named, or that of the last event if the named one is beyond it.

        So nobody waits for a position that was made up, or whose event was erased. Concurrent callers share
        one read of the journal.
        """
        if position <= self._head:
            return position
        if not self._journal.is_shared:
            return self._head
        return min(position, max(self._head, await self._last.get(position)))

    @property
    def readable(self) -> int:
        """The position up to which readers can read."""
        return self._readable

    def join(self) -> None:
        """Registers a reader that follows the feed, so that events are kept in memory."""
        if not self._readers:
            self._after = self._newest = self._head
        self._readers += 1

    def publish(self, batch: Sequence[Staged], outcomes: Sequence[Outcome]) -> None:
        """Adds what was just written and is durable."""
        head = self._head
        for outcome in outcomes:
            if type(outcome) is Landed and outcome.position > head:
                head = outcome.position
        if head == self._head:
            return
        if self._journal.is_shared:
            # What another process began before may still come before it: `follow` learns when it can be read.
            self._head = head
            return
        if self._readers:
            self._remember(batch, outcomes)
        self.advance(head)

    def advance(self, head: int) -> None:
        """Notes that the journal has reached `head`, and wakes those who wait."""
        if head <= self._readable:
            return
        self._readable = head
        self._head = max(head, self._head)
        if self._waiters and not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        """Wakes those who wait, after the callers whose answers were scheduled before."""
        self._is_waking = False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def read(self, after: int, limit: int) -> list[Stored]:
        """Gives up to `limit` events beyond `after`; never one that is not durable."""
        if after >= self._readable:
            return []
        if after >= self._after and self._recent:
            first = self._recent[0].position
            skipped = max(0, after + 1 - first)
            found = self._recent[skipped : skipped + limit]
            if self.prepare is not None:
                await self.prepare(*(stored.payload for stored in found))
            return found
        return await self._journal.feed(after, limit)

    async def next(self, after: int, limit: int) -> tuple[list[Stored], int]:
        """Gives what `read` gives, and the position up to which there is nothing else.

        That lies beyond the last event where those that followed it were erased.
        """
        readable = self._readable
        found = await self.read(after, limit)
        declared = self._declared
        for stored in found:
            if stored.type not in declared:
                self._look_at(stored)
        # A page may be short because its events are large, so that only an empty one is the end.
        return found, found[-1].position if found else max(after, readable)

    def hear_of(self, position: int) -> None:
        """Notes what this process has written to the journal without the committer."""
        if self._journal.is_shared:
            self._head = max(position, self._head)
        else:
            self.advance(position)

    def forget(self) -> None:
        """Forgets the events in memory, because some have been removed from the journal."""
        self._clear()
        self._after = self._newest = self._head

    async def wait(self, after: int) -> None:
        """Returns when there is an event beyond `after`."""
        while self._readable <= after:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    async def follow(self) -> None:
        """Follows what other processes write, until cancelled."""
        while True:
            await self._journal.wait(self._readable)
            self.advance(await self._journal.head())

    async def _ask_last(self, positions: Sequence[int]) -> list[int]:
        return [await self._journal.last()] * len(positions)

    def _look_at(self, stored: Stored) -> None:
        """Handles an event that no class declares, or that an entity was erased."""
        if stored.type == DELETED:
            stream = (stored.kind, stored.id)
            self.erasures.note(stream, stored.position, stored.time)
            if self.on_erasure is not None:
                self.on_erasure(stream)
        else:
            self._warn_of(stored)

    def _warn_of(self, stored: Stored) -> None:
        self._declared.add(stored.type)
        log.warning(
            "%s/%s has an event %r at version %d, and no class declares it: views and actions pass over all "
            "events of that name. If a class was renamed, give it name=%r",
            stored.kind,
            stored.id,
            stored.type,
            stored.version,
            stored.type,
        )

    def _remember(self, batch: Sequence[Staged], outcomes: Sequence[Outcome]) -> None:
        recent = self._recent
        size = 0
        for staged, outcome in zip(batch, outcomes, strict=True):
            write = staged.write
            if type(outcome) is not Landed or not write.events:
                continue
            position = outcome.position - len(write.events)
            if position != self._newest:
                # Something landed that was not published here: only the journal knows what came before.
                self._clear()
                size = 0
                self._after = position
            self._newest = outcome.position
            version = write.expected
            for type_, type_version, payload in write.events:
                position += 1
                version += 1
                size += len(payload)
                recent.append(
                    Stored(
                        position,
                        write.kind,
                        write.id,
                        version,
                        type_,
                        type_version,
                        payload,
                        write.metadata,
                        write.time,
                    )
                )
        self._bytes += size
        if len(recent) > MAX_REMEMBERED or self._bytes > MAX_REMEMBERED_BYTES:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forgets a quarter of what may be remembered, so that it is not done for each event."""
        recent = self._recent
        surplus = max(0, len(recent) - int(MAX_REMEMBERED * LEFT_WHEN_FULL))
        forgotten = 0
        while forgotten < surplus or self._bytes > MAX_REMEMBERED_BYTES * LEFT_WHEN_FULL:
            self._bytes -= len(recent[forgotten].payload)
            forgotten += 1
        self._after = recent[forgotten - 1].position
        del recent[:forgotten]

    def _clear(self) -> None:
        self._recent.clear()
        self._bytes = 0
