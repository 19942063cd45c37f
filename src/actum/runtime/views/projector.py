"""The projector: folds the feed into one generation of a view, rows and checkpoint together."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

from actum.errors import ActumError, AuthorError, CallerError, LeaseLost, StaleWrite, TryLater
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.model.rows.projection import Changes, Folding, Step, add_steps
from actum.model.view import View, ViewType
from actum.ports.database import NOTHING_ASIDE, AsideChanges, Database, SetAside, ViewState
from actum.runtime.clock import Clock
from actum.runtime.containment import comes_from_outside
from actum.runtime.feed import Feed
from actum.runtime.instruments.instruments import SILENT, Instruments, Work
from actum.runtime.instruments.tracing import tracing
from actum.runtime.views.isolation import Apart, Isolation
from actum.runtime.views.pace import LONG_BATCH, Pace
from actum.runtime.views.read_ahead import ReadAhead

BATCH = 500
APART = 50
"""How many events are folded row by row at a time, after one of a batch has failed."""
MAX_ROWS = 5_000
MAX_ROWS_BYTES: int = 64 * 1024 * 1024
"""Bytes of rows written since the cache of rows was last empty: a row that was written twice counts twice."""
STEPS_A_TURN = 1_000
EVENTS_A_TURN = 500
MAX_STEPS = 10_000
"""Changes of rows after which a transaction ends, however few events caused them."""
LAZY = 10_000
RETRIED_AT_ONCE = 100
FIRST_PAUSE = timedelta(milliseconds=200)
MAX_PAUSE = timedelta(seconds=30)
MAX_OUTAGE_TIME = timedelta(seconds=1)
"""The longest pause while the store does not answer, short because readers wait for it too."""

T = TypeVar("T")

log: logging.Logger = logging.getLogger("actum.projector")


class Projector:
    """Keeps one generation of a view up with the feed.

    `position` is how far the view has got: it equals the fold of the feed up to there, except for rows that
    are set aside because one of their events cannot be folded. `failure` says why the whole view has
    stopped, or is None; `is_stuck` says that somebody has to fix something.
    """

    def __init__(
        self,
        view: ViewType,
        state: ViewState,
        database: Database,
        feed: Feed,
        clock: Clock,
        instruments: Instruments = SILENT,
    ) -> None:
        self.view = view
        self.state = state
        self.position: int = state.checkpoint
        self.failure: str | None = None
        self.is_stuck: bool = False
        self._is_resting = False
        self._saved = state.checkpoint
        self._pace = Pace(feed)
        self._database = database
        # Other processes only see how far this one is from what is written.
        self._lazy = 0 if database.is_shared else LAZY
        self._feed = feed
        self._ahead = ReadAhead(feed)
        self._clock = clock
        self._instruments = instruments
        self._work = Work("view", view.name)
        self._scrubbed = feed.erasures.count
        self._rows: dict[Any, View] = {}
        self._rows_bytes = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._isolation = Isolation(view, state.generation, database, feed, clock)
        # Waiting events of rows that were set aside are never folded while new events are.
        self._turn = asyncio.Lock()
        self._is_begun = False
        self._is_retry_due = False
        self._is_retrying = False
        feed.join()

    def __repr__(self) -> str:
        return f"<Projector {self.view.name}@{self.position}>"

    @property
    def is_caught_up(self) -> bool:
        """Whether it has folded every event there is."""
        return self.position >= self._feed.head

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do before the clock moves or somebody writes."""
        return self._is_resting or (
            self.is_caught_up and self._is_begun and not (self._is_retry_due or self._is_retrying)
        )

    @property
    def has_rows_aside(self) -> bool:
        """Whether rows of this generation are set aside."""
        return self._isolation.has_rows

    async def run(self) -> None:
        """Follows the feed until cancelled; a failure stops this view only, and is retried."""
        pause = FIRST_PAUSE
        while True:
            before = self.position
            try:
                await self.follow()
            except LeaseLost:
                raise
            except Exception as error:  # noqa: BLE001 (shown as `failure`, and tried again)
                self.failure = str(error)
                self.is_stuck = not isinstance(error, TryLater | StaleWrite)
                log.error("view %s stands at position %d: %s", self.view.name, self.position, error)
                if self.position > before:
                    pause = FIRST_PAUSE
                await self._rest(pause)
                pause = min(pause * 2, MAX_OUTAGE_TIME if isinstance(error, TryLater) else MAX_PAUSE)
                if not await self.recover():
                    return

    async def recover(self) -> bool:
        """Reads the checkpoint again: the last write may have landed. False if the generation is gone."""
        self._rows.clear()
        # Before the checkpoint: with an old one nothing can be written, so this is repeated if it fails.
        await self._isolation.look()
        for state in await self._database.views():
            if state.name == self.view.name and state.generation == self.state.generation:
                self.position = self._saved = state.checkpoint
                if self.is_caught_up:
                    self.failure, self.is_stuck = None, False
                self._tell()
                return True
        return False

    async def follow(self) -> None:
        """Follows the feed until cancelled or something fails."""
        if not self._is_begun:
            await self._begin()
        try:
            while True:
                await self._follow_once()
        finally:
            self._ahead.drop()

    async def _follow_once(self) -> None:
        batch, end = await self._next_batch()
        if batch:
            span = tracing.batch("view", self.view.name, lambda: [stored.metadata for stored in batch])
            with self._instruments.measuring(self._work, len(batch)), span:
                await self.fold(batch)
            self.failure, self.is_stuck = None, False
        if end > self.position:
            async with self._turn:
                if end - self._saved > self._lazy:
                    await self._save(end, [], [])
                self._move_to(end)
        elif not batch:
            await self._feed.wait(self.position)

    async def fold(self, batch: list[Stored]) -> None:
        """Folds one batch; rows with an event that fails are set aside, and others go on."""
        async with self._turn:
            if await self._is_folded_whole(batch):
                return
            for start in range(0, len(batch), APART):
                piece = [stored for stored in batch[start : start + APART] if stored.position > self.position]
                if not piece:
                    continue
                # What failed in a long batch is in one of its pieces; the others can still be folded whole.
                if len(batch) <= APART or not await self._is_folded_whole(piece):
                    await self._fold_apart(piece)

    async def retry_asked(self) -> None:
        """Folds the waiting events again of rows for which a retry was requested."""
        # A request from now on is handled by the next call.
        self._is_retrying, self._is_retry_due = self._is_retry_due, False
        if not self.has_rows_aside:
            self._is_retrying = False
            return
        try:
            await self._retry_all()
        finally:
            self._is_retrying = False

    async def _retry_all(self) -> None:
        while asked := await self._database.set_aside(
            self.view.name, self.state.generation, is_asked=True, limit=RETRIED_AT_ONCE
        ):
            # Only a retry itself counts as work that `settle` waits for, not the look for one.
            self._is_retrying = True
            for row in asked:
                while await self._has_more_to_retry(row):
                    pass
        await self._isolation.look()

    async def _begin(self) -> None:
        """Requests a retry of what was set aside: the code may have been fixed meanwhile."""
        await self._isolation.look()
        if self.has_rows_aside:
            await self._database.request_retry(self.view.name)
            self._is_retry_due = True
        self._is_begun = True

    async def _is_folded_whole(self, batch: list[Stored]) -> bool:
        try:
            await self._fold_whole(batch)
        except BaseException as error:
            if not _is_of_a_row(error):
                raise
            self._rows.clear()
            return False
        return True

    async def _fold_whole(self, batch: list[Stored]) -> None:
        """Folds a batch; in several transactions if its events touch very many rows."""
        steps: list[Step] = []
        place = 0
        while place < len(batch):
            if place:
                await asyncio.sleep(0)  # Yield to other tasks while a long history is folded.
            place = add_steps(self.view, batch, steps, start=place, most=EVENTS_A_TURN)
            if len(steps) > MAX_STEPS:
                await self._fold_steps(steps, batch[place - 1].position)
                steps = []
        if batch[-1].position > self.position:
            await self._fold_steps(steps, batch[-1].position)

    async def _fold_steps(self, steps: list[Step], last: int) -> None:
        if steps:
            steps, aside = await self._those_not_held(steps)
            await self._load({step.key for step in steps})
            rows, self._rows = self._rows, {}
            folding = Folding(self.view, rows)
            for turn in _turns(steps):
                folding.apply(turn)
                if len(turn) == STEPS_A_TURN:
                    await asyncio.sleep(0)
            changes = folding.changes()
            written = await self._columns(changes.written)
            await self._save(last, written, changes.deleted, aside)
            self._keep(rows, changes, written)
        elif last - self._saved > self._lazy:
            await self._save(last, [], [])
        self._move_to(last)

    async def _columns(self, rows: list[View]) -> list[tuple[Any, ...]]:
        columns: list[tuple[Any, ...]] = []
        for turn in _turns(rows):
            columns += [self.view.row_to_sql(row) for row in turn]
            if len(turn) == STEPS_A_TURN:
                await asyncio.sleep(0)
        return columns

    def _keep(self, rows: dict[Any, View], changes: Changes, written: list[tuple[Any, ...]]) -> None:
        """Caches the rows of a batch, so that those that change again need not be read."""
        key_in = self.view.key_in
        for row in changes.written:
            rows[key_in(row)] = row
        for gone in (*changes.deleted, *changes.lent):
            rows.pop(gone, None)
        self._rows_bytes += sum(map(self.view.size_of, written))
        if len(rows) <= MAX_ROWS and self._rows_bytes <= MAX_ROWS_BYTES:
            self._rows = rows
        else:
            self._rows_bytes = 0

    async def _those_not_held(self, steps: list[Step]) -> tuple[list[Step], AsideChanges]:
        """Returns the steps of rows that are not set aside; the events of the others wait."""
        if not self.has_rows_aside:
            return steps, NOTHING_ASIDE
        held = await self._isolation.held({step.key for step in steps})
        if not held:
            return steps, NOTHING_ASIDE
        waiting = [step for step in steps if step.key in held]
        if any(step.stored.type == DELETED for step in waiting):
            raise AuthorError("an entity was erased whose row is set aside")
        text = self.view.key_to_text
        waits = tuple((text(step.key), step.stored.position) for step in waiting)
        return [step for step in steps if step.key not in held], AsideChanges(waits=waits)

    async def _fold_apart(self, batch: list[Stored]) -> None:
        await self._save_apart(batch[-1].position, await self._isolation.fold(batch))
        self._move_to(batch[-1].position)

    async def _save_apart(self, checkpoint: int, apart: Apart) -> None:
        try:
            await self._save(checkpoint, apart.written, apart.deleted, apart.changes)
        except AuthorError:
            # A row does not fit its columns: the store says which.
            await self._isolation.refuse(apart)
            await self._save(checkpoint, apart.written, apart.deleted, apart.changes)
        for rows, error in apart.by_cause():
            log.error(
                "view %s has set aside the row %s: %s. Correct the reducer: the view is then built anew; if "
                "the cause was elsewhere, `actum views retry` folds the events again",
                self.view.name,
                rows,
                error,
            )
        self._isolation.has_rows = self._isolation.has_rows or bool(apart.changes.set_aside)

    async def _has_more_to_retry(self, row: SetAside) -> bool:
        async with self._turn:
            self._rows.clear()
            apart = await self._isolation.fold_again(row)
            await self._save_apart(self.position, apart)
            return apart.has_more and not apart.changes.set_aside

    async def save(self) -> None:
        """Writes the checkpoint if it has moved only in memory."""
        if self.position > self._saved:
            await self._save(self.position, [], [])

    def let_go(self) -> None:
        """Wakes those who wait, because another process may follow the view now."""
        waiting, self._waiters = self._waiters, []
        for _, waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def reached(self, position: int) -> None:
        """Returns when the view shows everything up to `position`, or is let go."""
        if self.position >= position:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((position, waiter))
        self._database.hurry()
        try:
            await waiter
        finally:
            if waiter.cancelled() and (position, waiter) in self._waiters:
                self._waiters.remove((position, waiter))

    async def _next_batch(self) -> tuple[list[Stored], int]:
        """Returns the next batch: a longer one when far behind, so that each row is written less often."""
        is_far_behind = self._feed.head - self.position > BATCH
        limit = LONG_BATCH if is_far_behind else BATCH
        if self._is_paced:
            limit = min(limit, self._pace.next())
        return await self._ahead.next(self.position, limit, far=BATCH)

    @property
    def _is_paced(self) -> bool:
        """Whether it has a history to fold that nobody waits for, and a store with one writer to share.

        Such is a rebuild, and a view that is new.
        """
        is_long = self._feed.head - self.position > LONG_BATCH
        is_building = not self.state.is_live or (is_long and not self._waiters)
        return is_building and not self._database.is_shared

    def _move_to(self, position: int) -> None:
        self.position = position
        self._tell()

    async def _rest(self, pause: timedelta) -> None:
        self._is_resting = True
        try:
            await self._clock.sleep(self._clock.jittered(pause))
        finally:
            self._is_resting = False

    async def _load(self, keys: set[Any]) -> None:
        missing = [key for key in keys if key not in self._rows]
        if not missing:
            return
        for values in await self._database.rows(self.view, self.state.generation, missing):
            row = self.view.row_from_sql(values)
            self._rows[self.view.key_in(row)] = row

    async def _save(
        self,
        checkpoint: int,
        written: list[tuple[Any, ...]],
        deleted: list[Any],
        aside: AsideChanges = NOTHING_ASIDE,
    ) -> None:
        await self._database.project(
            self.view,
            self.state.generation,
            before=self._saved,
            checkpoint=checkpoint,
            written=written,
            deleted=deleted,
            aside=aside,
            can_wait=self._can_wait(checkpoint),
        )
        self._saved = checkpoint
        erased = self._feed.erasures.count
        if erased != self._scrubbed:
            # Rows of erased entities were deleted, and must not be left in the file either.
            await self._database.scrub()
            self._scrubbed = erased

    def _can_wait(self, checkpoint: int) -> bool:
        """Whether what is saved may be written some milliseconds later, with what commands write."""
        if self._is_paced and self._pace.is_beside_commands:
            return True
        return not self._waiters and checkpoint == self._feed.head

    def _tell(self) -> None:
        if not self._waiters:
            return
        waiting, self._waiters = self._waiters, []
        for position, waiter in waiting:
            if position > self.position:
                self._waiters.append((position, waiter))
            elif not waiter.done():
                waiter.set_result(None)


def _is_of_a_row(error: BaseException) -> bool:
    """Returns whether an error is that of an event or a row, not of the store or a cancellation."""
    cause = error.__cause__
    if comes_from_outside(error):
        return False
    if isinstance(error, AuthorError) and cause is not None and comes_from_outside(cause):
        raise cause
    return isinstance(error, AuthorError | CallerError) or not isinstance(error, ActumError | OSError)


def _turns(items: list[T]) -> Iterator[list[T]]:
    """Cuts a list into pieces, between which other tasks may run."""
    if len(items) <= STEPS_A_TURN:
        yield items
        return
    for start in range(0, len(items), STEPS_A_TURN):
        yield items[start : start + STEPS_A_TURN]
