"""The views of a running application: their projectors, rebuilds, and queries that see what was written."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from actum.database.answers import read_answer
from actum.database.port import Database, Fenced, ViewState
from actum.errors import DefinitionError, Unavailable
from actum.model.view import View, ViewQuery, ViewType
from actum.runtime.clock import Clock
from actum.runtime.feed import Feed
from actum.runtime.projector import Projector
from actum.runtime.supervisor import Supervisor

MOST_ROWS = 100_000
PATIENCE = 5.0
POLL = timedelta(seconds=1)

log = logging.getLogger("actum.views")


class Views:
    """Runs a projector for every view, and answers queries over them.

    While a view is built whose declaration has changed, the generation of before serves, frozen at what it
    showed: whoever has seen more waits for the new one.
    """

    def __init__(
        self,
        views: Mapping[str, ViewType],
        database: Database,
        feed: Feed,
        clock: Clock,
        supervisor: Supervisor,
    ) -> None:
        self._views = views
        self._database = database
        self._feed = feed
        self._clock = clock
        self._supervisor = supervisor
        self._live: dict[str, Projector] = {}
        self._building: dict[str, Projector] = {}
        self._frozen: dict[str, ViewState] = {}
        self._promoted: dict[str, asyncio.Event] = {}
        self._sources = {
            id(query): [name for name in views if re.search(rf"\b{name}\b", query.sql, re.IGNORECASE)]
            for view in views.values()
            for query in view.queries.values()
        }

    async def start(self) -> None:
        """Prepares every view's table and starts following the feed."""
        for view in self._views.values():
            state = await self._database.prepare_view(view)
            if state.is_live:
                self._serve(view, state)
                continue
            before = next(
                one for one in await self._database.views() if one.name == view.name and one.is_live
            )
            if before.fingerprint == view.fingerprint:
                self._serve(view, before)
            else:
                self._frozen[view.name] = before
            self._build(view, state)
        self._supervisor.start("view rebuilds", self._listen)

    async def stop(self) -> None:
        """Writes down how far every view has got."""
        for projector in (*self._live.values(), *self._building.values()):
            with contextlib.suppress(
                Fenced
            ):  # Its last write was cut off and has landed: there is nothing to add.
                await projector.save()

    def projectors(self) -> list[Projector]:
        """Gives every projector, live and building."""
        return [*self._live.values(), *self._building.values()]

    def busy(self) -> list[Projector]:
        """Gives the projectors that have something left to do before the clock moves."""
        built = [projector for projector in self._building.values() if projector.is_caught_up]
        return [projector for projector in self.projectors() if not projector.is_idle] + built

    async def ask(self, view: ViewType, query: ViewQuery, parameters: Mapping[str, Any], seen: int) -> Any:
        """Asks a query once every view in it shows what happened up to `seen`."""
        await self._catch_up(self._sources.get(id(query)) or [view.name], seen)
        answer = await self._database.ask(query.sql, parameters, most=MOST_ROWS)
        return read_answer(query, answer)

    async def get(self, view: ViewType, key: Any, seen: int) -> View | None:
        """Gives the row of a key once the view shows what happened up to `seen`."""
        while True:
            projector = await self._live_one(view.name)
            await self._reach(projector, seen)
            try:
                rows = await self._database.rows(view, projector.state.generation, [key])
            except Fenced:
                if self._live.get(view.name) is projector and view.name not in self._building:
                    raise Unavailable(f"view {view.name} was replaced by another process") from None
                await asyncio.sleep(0)  # Another generation has just taken its place, or is about to.
            else:
                return view.row_from_sql(rows[0]) if rows else None

    async def rebuild(self, name: str) -> None:
        """Starts building a view anew beside the one that serves; nothing to do if that is under way."""
        if name in self._building:
            return
        view = self._views[name]
        self._build(view, await self._database.rebuild_view(view))

    async def _catch_up(self, names: list[str], seen: int) -> None:
        for name in names:
            frozen = self._frozen.get(name)
            if frozen is None or seen > frozen.checkpoint:
                await self._reach(await self._live_one(name), seen)

    async def _live_one(self, name: str) -> Projector:
        """Gives the projector of the generation that serves, once this program can follow one."""
        found = self._live.get(name)
        if found is not None:
            return found
        building = self._building.get(name)
        if building is None:
            raise DefinitionError(f"view {name} is not among the application's views")
        try:
            patience = 0 if building.is_stuck else PATIENCE
            await asyncio.wait_for(self._promoted[name].wait(), patience)
        except TimeoutError:
            raise self._late(building, building.position) from None
        return self._live[name]

    async def _reach(self, projector: Projector, seen: int) -> None:
        if projector.position >= seen:
            return
        if projector.is_stuck:
            raise self._late(projector, seen)
        try:
            await asyncio.wait_for(projector.reached(seen), PATIENCE)
        except TimeoutError:
            raise self._late(projector, seen) from None

    def _late(self, projector: Projector, seen: int) -> Unavailable:
        name = projector.view.name
        if projector.failure:
            still = f"view {name} stands still at position {projector.position}"
            return Unavailable(still, inside=projector.failure)
        if name in self._building and name not in self._live:
            built = f"{projector.position:,} of {self._feed.head:,} events"
            return Unavailable(f"view {name} is being built: {built}; ask again later")
        return Unavailable(
            f"view {name} is behind: at {projector.position:,}, and {seen:,} was written; ask again later"
        )

    def _serve(self, view: ViewType, state: ViewState) -> None:
        self._live[view.name] = self._follow(view, state)

    def _build(self, view: ViewType, state: ViewState) -> None:
        projector = self._building[view.name] = self._follow(view, state)
        self._promoted[view.name] = asyncio.Event()
        log.info("view %s is being built from %d events", view.name, self._feed.head)
        self._supervisor.start(f"rebuild of view {view.name}", lambda: self._swap_when_built(projector))

    def _follow(self, view: ViewType, state: ViewState) -> Projector:
        projector = Projector(view, state, self._database, self._feed, self._clock)
        self._supervisor.start(_task_of(projector), projector.run)
        return projector

    async def _swap_when_built(self, projector: Projector) -> None:
        name = projector.view.name
        while not projector.is_caught_up:
            await projector.reached(self._feed.head)
        await self._database.promote_view(projector.view, projector.state.generation)
        before = self._live.get(name)
        self._live[name] = projector
        del self._building[name]
        self._frozen.pop(name, None)
        self._promoted[name].set()
        projector.state = msgspec.structs.replace(projector.state, is_live=True)
        if before is not None:
            await self._supervisor.stop(_task_of(before))
        log.info("view %s is built and serves", name)

    async def _listen(self) -> None:
        while True:
            for name in await self._database.rebuild_requests():
                if name in self._views:
                    await self.rebuild(name)
            await asyncio.sleep(POLL.total_seconds())


def _task_of(projector: Projector) -> str:
    return f"view {projector.view.name}, generation {projector.state.generation}"
