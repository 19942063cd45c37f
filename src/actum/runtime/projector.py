"""The projector: folds the feed into one generation of a view, rows and checkpoint together."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from actum.database.port import Database, Dispossessed, Fenced, ViewState
from actum.errors import AuthorError, TryLater
from actum.model.event import Stored
from actum.model.projection import ReducerFailed, fold, not_kept, steps_of
from actum.model.view import View, ViewType
from actum.runtime.clock import Clock
from actum.runtime.feed import Feed

BATCH = 500
LONG_BATCH = 4_000
MOST_ROWS = 5_000
LAZY = 10_000
FIRST_PAUSE = timedelta(milliseconds=200)
LONGEST_PAUSE = timedelta(seconds=30)
LONGEST_OUTAGE = timedelta(seconds=1)
"""The longest pause while it is the store that does not answer: when it does again, readers are waiting."""

log = logging.getLogger("actum.projector")


class Projector:
    """Keeps one generation of a view up with the feed.

    `position` is how far the view has got: it equals the fold of the feed up to there. `failure` says why it
    stands still, or is None; `is_stuck` says that somebody has to mend something, as a reducer that fails.
    """

    def __init__(
        self, view: ViewType, state: ViewState, database: Database, feed: Feed, clock: Clock
    ) -> None:
        self.view = view
        self.state = state
        self.position = state.checkpoint
        self.failure: str | None = None
        self.is_stuck = False
        self._is_resting = False
        self._saved = state.checkpoint
        self._database = database
        # In other processes, only what is written down shows how far this one is.
        self._lazy = 0 if database.is_shared else LAZY
        self._feed = feed
        self._clock = clock
        self._rows: dict[Any, View] = {}
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
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
        return self._is_resting or self.is_caught_up

    async def run(self) -> None:
        """Follows the feed until cancelled; a failing reducer stops this view alone, and is tried again."""
        pause = FIRST_PAUSE
        while True:
            before = self.position
            try:
                await self.follow()
            except Dispossessed:
                raise
            except Exception as error:  # noqa: BLE001 (shown as `failure`, and tried again)
                self.failure = str(error)
                self.is_stuck = not isinstance(error, TryLater | Fenced)
                log.error("view %s stands at position %d: %s", self.view.name, self.position, error)
                if self.position > before:
                    pause = FIRST_PAUSE
                await self._rest(pause)
                pause = min(pause * 2, LONGEST_OUTAGE if isinstance(error, TryLater) else LONGEST_PAUSE)
                if not await self.recover():
                    return

    async def recover(self) -> bool:
        """Reads the checkpoint again: the last write may have landed. False if the generation is gone."""
        self._rows.clear()
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
        while True:
            batch, end = await self._next_batch()
            if batch:
                await self._fold_up_to_failure(batch)
                self.failure, self.is_stuck = None, False
            if end > self.position:
                if end - self._saved > self._lazy:
                    await self._save(end, [], [])
                self._move_to(end)
            elif not batch:
                await self._feed.wait(self.position)

    async def _fold_up_to_failure(self, batch: list[Stored]) -> None:
        """Folds a batch, or what comes before the event that stops it; raises ReducerFailed for that one."""
        try:
            await self.fold(batch)
        except ReducerFailed as failed:
            good = [stored for stored in batch if stored.position < failed.position]
            if good:
                await self._fold_up_to_failure(good)
            raise
        except AuthorError as error:
            # Rows do not fit their columns: which event made them so is known when it is folded alone.
            if len(batch) == 1:
                raise not_kept(self.view, batch[0], error) from error
            half = len(batch) // 2
            await self._fold_up_to_failure(batch[:half])
            await self._fold_up_to_failure(batch[half:])

    async def fold(self, batch: list[Stored]) -> None:
        """Folds one batch."""
        steps = steps_of(self.view, batch[:BATCH])
        for start in range(BATCH, len(batch), BATCH):
            await asyncio.sleep(0)  # Others have their turn while a long history is folded.
            steps += steps_of(self.view, batch[start : start + BATCH])
        last = batch[-1].position
        if steps:
            await self._load({step.key for step in steps})
            rows, self._rows = self._rows, {}
            changes = fold(self.view, steps, rows)
            written = [self.view.row_to_sql(row) for row in changes.written]
            await self._save(last, written, changes.deleted)
            key = self.view.key
            for row in changes.written:
                rows[getattr(row, key)] = row
            for gone in changes.deleted:
                rows.pop(gone, None)
            if len(rows) <= MOST_ROWS:
                self._rows = rows
        elif last - self._saved > self._lazy:
            await self._save(last, [], [])
        self._move_to(last)

    async def save(self) -> None:
        """Writes the checkpoint down if only the memory of it has moved."""
        if self.position > self._saved:
            await self._save(self.position, [], [])

    def let_go(self) -> None:
        """Tells whoever waits that another process may be the one to ask."""
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
        try:
            await waiter
        finally:
            if waiter.cancelled() and (position, waiter) in self._waiters:
                self._waiters.remove((position, waiter))

    async def _next_batch(self) -> tuple[list[Stored], int]:
        """Gives what comes next: more at once when far behind, so that a row is written less often."""
        is_far_behind = self._feed.head - self.position > BATCH
        return await self._feed.next(self.position, LONG_BATCH if is_far_behind else BATCH)

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
            self._rows[getattr(row, self.view.key)] = row

    async def _save(self, checkpoint: int, written: list[tuple[Any, ...]], deleted: list[Any]) -> None:
        await self._database.project(
            self.view,
            self.state.generation,
            before=self._saved,
            checkpoint=checkpoint,
            written=written,
            deleted=deleted,
        )
        self._saved = checkpoint

    def _tell(self) -> None:
        if not self._waiters:
            return
        waiting, self._waiters = self._waiters, []
        for position, waiter in waiting:
            if position > self.position:
                self._waiters.append((position, waiter))
            elif not waiter.done():
                waiter.set_result(None)
