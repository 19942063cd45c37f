"""The assignment of a view: its projectors and rebuilds, while this process holds its lease."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from actum.errors import LeaseLost, StaleWrite, TryLater
from actum.model.view import ViewType
from actum.ports.database import Database, ViewState
from actum.runtime.clock import Clock
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.feed import Feed
from actum.runtime.instruments.instruments import Instruments
from actum.runtime.supervisor import Supervisor
from actum.runtime.views.projector import Projector

POLL = timedelta(seconds=1)

log: logging.Logger = logging.getLogger("actum.views")


class ViewAssignment(Assignment):
    """Keeps one view up with the feed, and rebuilds it when that is needed or requested.

    `live` follows the generation that serves, `building` the one that will replace it; `frozen` is one of an
    older declaration, which nobody follows. `has_moved` is set when any of these changes.
    """

    def __init__(
        self,
        view: ViewType,
        database: Database,
        feed: Feed,
        clock: Clock,
        supervisor: Supervisor,
        lose: Callable[[str], None],
        instruments: Instruments,
    ) -> None:
        self.name: str = work_name(view)
        self.view = view
        self.is_here: bool = False
        self.live: Projector | None = None
        self.building: Projector | None = None
        self.frozen: ViewState | None = None
        self.has_moved: asyncio.Event = asyncio.Event()
        self._is_asked = False
        self._beginning = asyncio.Lock()
        self._database = database
        self._feed = feed
        self._clock = clock
        self._supervisor = supervisor
        self._lose = lose
        self._instruments = instruments

    def __repr__(self) -> str:
        return f"<ViewAssignment {self.view.name}, {'here' if self.is_here else 'elsewhere'}>"

    @property
    def projectors(self) -> list[Projector]:
        """The live projector and the building one, as far as they are in this process."""
        return [projector for projector in (self.live, self.building) if projector is not None]

    async def begin(self, database: Database) -> None:
        self._database = database
        self._is_asked = False
        state = await database.prepare_view(self.view)
        if state.is_live:
            self._serve(state)
        else:
            views = await database.views()
            before = next(one for one in views if one.name == self.view.name and one.is_live)
            if before.fingerprint == self.view.fingerprint:
                self._serve(before)
            else:
                self.frozen = before
            self._build(state)
        self.is_here = True
        self._supervisor.start(f"rebuilds of {self.name}", self._guarded(self._listen))
        self._tell()

    async def end(self) -> None:
        self.is_here = False
        for task in (f"rebuilds of {self.name}", f"swap of {self.name}", *map(_task_of, self.projectors)):
            await self._supervisor.stop(task)
        projectors, self.live, self.building, self.frozen = self.projectors, None, None, None
        self._tell()
        for projector in projectors:
            projector.let_go()
            with contextlib.suppress(
                StaleWrite
            ):  # Its last write was interrupted and has landed, or another process has taken over.
                await projector.save()

    async def is_idle(self) -> bool:
        if self.is_here:
            is_built = self.building is not None and self.building.is_caught_up
            return all(projector.is_idle for projector in self.projectors) and not is_built
        states = [state for state in await self._database.views() if state.name == self.view.name]
        return bool(states) and all(state.checkpoint >= self._feed.head for state in states)

    async def rebuild(self) -> None:
        """Starts a rebuild beside the generation that serves, unless one is under way."""
        # Of two that begin at once, the second would drop the generation of the first.
        async with self._beginning:
            if self.building is None:
                self._build(await self._database.rebuild_view(self.view))

    async def retry_rows(self) -> None:
        """Folds the waiting events of rows that were set aside, where that was requested."""
        for projector in self.projectors:
            with contextlib.suppress(StaleWrite, TryLater):  # The projector itself recovers.
                await projector.retry_asked()

    def _serve(self, state: ViewState) -> None:
        self.live = self._follow(state)

    def _build(self, state: ViewState) -> None:
        projector = self.building = self._follow(state)
        log.info("view %s is being built from %d events", self.view.name, self._feed.head)
        self._supervisor.start(
            f"swap of {self.name}", self._guarded(lambda: self._swap_when_built(projector))
        )

    def _follow(self, state: ViewState) -> Projector:
        projector = Projector(self.view, state, self._database, self._feed, self._clock, self._instruments)
        self._supervisor.start(_task_of(projector), self._guarded(lambda: self._run(projector)))
        return projector

    async def _run(self, projector: Projector) -> None:
        await projector.run()
        # Its generation is gone: read again which there are.
        self._lose(self.name)

    async def _swap_when_built(self, projector: Projector) -> None:
        while not projector.is_caught_up:
            await projector.reached(self._feed.head)
        await self._database.promote_view(self.view, projector.state.generation)
        before = self.live
        self.live = projector
        self.building = self.frozen = None
        projector.state = msgspec.structs.replace(projector.state, is_live=True)
        self._tell()
        if before is not None:
            before.let_go()
            await self._supervisor.stop(_task_of(before))
        log.info("view %s is built and serves", self.view.name)

    async def _listen(self) -> None:
        while True:
            if self._is_asked or self.view.name in await self._database.rebuild_requests():
                # A rebuild that seemed to fail may have removed the request.
                self._is_asked = True
                await self.rebuild()
                self._is_asked = False
            await self.retry_rows()
            await asyncio.sleep(POLL.total_seconds())

    def _guarded(self, run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def guarded() -> None:
            try:
                await run()
            except LeaseLost:
                self._lose(self.name)

        return guarded

    def _tell(self) -> None:
        moved, self.has_moved = self.has_moved, asyncio.Event()
        moved.set()


def work_name(view: ViewType) -> str:
    """Returns the name of a view's assignment; each release's declaration has its own."""
    return f"view {view.name}#{view.fingerprint[:12]}"


def _task_of(projector: Projector) -> str:
    return f"view {projector.view.name}, generation {projector.state.generation}"
