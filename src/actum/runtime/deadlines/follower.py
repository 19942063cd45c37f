"""The follower: keeps the timers of deadlines as the events of the feed say."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actum.errors import LeaseLost, StaleWrite, Unavailable
from actum.model.deadlines.deadline import CHECKPOINT, IN_METADATA, Change, decode_noted, timer_name
from actum.model.event import Stored, read_metadata
from actum.ports.database import Database, DeadlineChange, DeadlineProgress, NewTimer, Timer
from actum.ports.journal import Journal
from actum.runtime.context.timers import TIMERS
from actum.runtime.entities.scheduled_writes import ScheduledWrites
from actum.runtime.feed import Feed
from actum.runtime.services import Services

BATCH = 2_000
LAZY = 10_000
"""Positions without a deadline after which the checkpoint is saved all the same."""
PATIENCE = 5.0
POLL = 0.005
"""Seconds between two looks whether a deadline is applied."""

log: logging.Logger = logging.getLogger("actum.deadlines")


class DeadlineFollower:
    """Applies what events say of deadlines to the timers of the database, in one process at a time.

    `position` is how far it has followed the feed. It reads each event once, and where no other process
    writes only those that may say something: after the first time, those since a write with deadlines.
    """

    def __init__(
        self, journal: Journal, database: Database, feed: Feed, scheduled: ScheduledWrites, *, checkpoint: int
    ) -> None:
        self.position: int = checkpoint
        self._saved = checkpoint
        self._journal = journal
        self._feed = feed
        self._scheduled = scheduled
        self._database = database
        self._has_read_all = False
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<DeadlineFollower @{self.position}>"

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that is known to have happened is applied."""
        scheduled = self._scheduled
        if self._journal.is_shared or not self._has_read_all or scheduled.has_unknown:
            return self._has_read_all and self.position >= self._feed.head
        return not scheduled.has_open and self.position >= scheduled.last

    async def is_applied(self, database: Database) -> bool:
        """Whether the process that follows the feed has applied everything that this one has written."""
        last = self._scheduled.last
        return self._scheduled.applied >= last or await database.checkpoint(CHECKPOINT, at_first=0) >= last

    async def begin(self, database: Database) -> None:
        """Begins from the stored checkpoint; `database` checks the lease at each write."""
        async with self._turn:
            self._database = database
            self._has_read_all = False
            self.position = self._saved = await database.checkpoint(CHECKPOINT, at_first=self._saved)

    async def catch_up(self) -> None:
        """Applies everything up to what can be read now."""
        async with self._turn:
            readable = self._feed.readable
            if self._has_nothing_to_read():
                self.position = max(self.position, readable)
            else:
                while self.position < readable:
                    await self._follow_once(readable)
                    await asyncio.sleep(0)
                self._has_read_all = True
            if self.position - self._saved >= LAZY:
                await self._save(self.position, ())
            self._scheduled.applied = self.position

    async def reach(self, position: int) -> None:
        """Applies everything up to a position, waiting until it can be read."""
        while self.position < position:
            await self._feed.wait(position - 1)
            await self.catch_up()

    async def put_off(self, timer: Timer, due: int, position: int) -> None:
        """Sets a deadline later, unless its entity was erased after a position."""
        values: dict[str, Any] = {name: getattr(timer, name) for name in NewTimer.__struct_fields__}
        values["due"] = due
        change = DeadlineChange(timer.name, position, NewTimer(**values))
        await self.put(lambda _: [change])

    async def put(self, changes: Callable[[int], Sequence[DeadlineChange]]) -> None:
        """Changes deadlines beside what events say; `changes` gets the position that it is at."""
        async with self._turn:
            if found := changes(self.position):
                await self._save(self.position, found)

    def _has_nothing_to_read(self) -> bool:
        """Whether no event beyond the position can say anything of deadlines."""
        scheduled = self._scheduled
        if self._journal.is_shared or not self._has_read_all or scheduled.has_unknown:
            return False
        return not scheduled.has_open and scheduled.last <= self.position

    async def _follow_once(self, readable: int) -> None:
        batch = await self._feed.read(self.position, BATCH)
        end = batch[-1].position if batch else readable
        found = [stored for stored in batch if IN_METADATA in stored.metadata]
        if found:
            await self._save(end, changes_in(found))
        self.position = end

    async def _save(self, checkpoint: int, changes: Sequence[DeadlineChange]) -> None:
        try:
            await self._database.save_deadlines(DeadlineProgress(self._saved, checkpoint, tuple(changes)))
        except LeaseLost:
            raise
        except StaleWrite as error:
            # An earlier save may have succeeded although it was reported as failed.
            self.position = self._saved = await self._database.checkpoint(CHECKPOINT, at_first=self._saved)
            raise Unavailable(f"deadlines go on from position {self.position:,}") from error
        self._saved = checkpoint


async def follower_of(services: Services) -> DeadlineFollower:
    """Returns the follower of an application, to begin where the database says.

    A database beside a longer history begins at the first event. One that others have worked on before, when
    there were no deadlines, begins at the end.
    """
    database, scheduled = services.database, services.committer.scheduled
    at_first = services.feed.head if await database.reached() else 0
    checkpoint = await database.checkpoint(CHECKPOINT, at_first=at_first)
    scheduled.listener = lambda: services.signals.send(TIMERS)
    return DeadlineFollower(services.journal, database, services.feed, scheduled, checkpoint=checkpoint)


async def until_applied(services: Services, seen: int) -> None:
    """Returns when the timers show the deadlines that this process has set, or is not answered in time."""
    scheduled = services.committer.scheduled
    target = scheduled.last if services.host is None else seen
    try:
        async with asyncio.timeout(PATIENCE):
            while scheduled.applied < target:
                services.signals.send(TIMERS)
                await asyncio.sleep(POLL)
                if services.database.is_shared:
                    found = await services.database.checkpoint(CHECKPOINT, at_first=0)
                    scheduled.applied = max(scheduled.applied, found)
    except TimeoutError:
        log.warning("the deadlines of the last commands are not listed yet")


def changes_in(events: Sequence[Stored]) -> list[DeadlineChange]:
    """Returns what events change, in the order of the feed: for each name the last change."""
    changes: dict[str, DeadlineChange] = {}
    for stored in events:
        try:
            noted = decode_noted(stored.metadata)
        except msgspec.DecodeError as error:
            log.error("%s/%s@%d: %s", stored.kind, stored.id, stored.version, error)
            continue
        if noted.deadline is not None and noted.deadline.name not in changes:
            name, cause = noted.deadline.name, f"{stored.kind}/{stored.id}@{noted.deadline.version}"
            changes[name] = DeadlineChange(name, stored.position, cause=cause)
        elif noted.deadline is not None:
            _take_fired(changes, stored, noted.deadline.name, noted.deadline.version)
        if noted.deadlines is not None and noted.deadlines.at == stored.version:
            for change in noted.deadlines.changed:
                new = _change(stored, change)
                changes.pop(new.name, None)
                changes[new.name] = new
    return list(changes.values())


def _take_fired(changes: dict[str, DeadlineChange], stored: Stored, name: str, version: int) -> None:
    """Removes the deadline that has fired, unless another one has been set since."""
    timer = changes[name].timer
    if timer is not None and timer.causation_id == f"{stored.kind}/{stored.id}@{version}":
        changes[name] = DeadlineChange(name, stored.position)


def _change(stored: Stored, change: Change) -> DeadlineChange:
    name = timer_name(stored.kind, stored.id, change.name)
    if not change.is_set:
        return DeadlineChange(name, stored.position)
    metadata = read_metadata(stored.metadata)
    timer = NewTimer(
        name,
        change.due,
        stored.kind,
        stored.id,
        change.command,
        bytes(change.arguments),
        metadata.correlation_id,
        f"{stored.kind}/{stored.id}@{stored.version}",
        metadata.by,
        change.span,
        metadata.traceparent,
    )
    return DeadlineChange(name, stored.position, timer)
