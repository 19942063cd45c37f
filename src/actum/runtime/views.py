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
from actum.database.port import Database, Fenced
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
    """Runs a projector for every view, and answers queries over them."""

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
        self._sources = {
            id(query): [name for name in views if re.search(rf"\b{name}\b", query.sql, re.IGNORECASE)]
            for view in views.values()
            for query in view.queries.values()
        }

    async def start(self) -> None:
        """Prepares every view's table and starts following the feed."""
        for view in self._views.values():
            state = await self._database.prepare_view(view)
            projector = Projector(view, state, self._database, self._feed, self._clock)
            if state.is_live:
                self._live[view.name] = projector
                self._follow(projector)
            else:
                self._build(projector)
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
        await self._catch_up([view.name], seen)
        projector = self._live.get(view.name) or self._building[view.name]
        rows = await self._database.rows(view, projector.state.generation, [key])
        return view.row_from_sql(rows[0]) if rows else None

    async def rebuild(self, name: str) -> None:
        """Starts building a view anew beside the one that serves; nothing to do if that is under way."""
        if name in self._building:
            return
        view = self._views[name]
        state = await self._database.rebuild_view(view)
        self._build(Projector(view, state, self._database, self._feed, self._clock))

    async def _catch_up(self, names: list[str], seen: int) -> None:
        for name in names:
            projector = self._live.get(name) or self._building.get(name)
            if projector is None:
                raise DefinitionError(f"view {name} is not among the application's views")
            if projector.position >= seen:
                continue
            try:
                await asyncio.wait_for(projector.reached(seen), PATIENCE)
            except TimeoutError:
                raise Unavailable(self._why_late(projector, seen)) from None

    def _why_late(self, projector: Projector, seen: int) -> str:
        name = projector.view.name
        if projector.failure:
            return f"view {name} stands still at position {projector.position}: {projector.failure}"
        if name in self._building and name not in self._live:
            built = f"{projector.position:,} of {self._feed.head:,} events"
            return f"view {name} is being built: {built}; ask again later"
        return f"view {name} is behind: at {projector.position:,}, and {seen:,} was written; ask again later"

    def _follow(self, projector: Projector) -> None:
        self._supervisor.start(_task_of(projector), projector.run)

    def _build(self, projector: Projector) -> None:
        name = projector.view.name
        self._building[name] = projector
        log.info("view %s is being built from %d events", name, self._feed.head)
        self._follow(projector)
        self._supervisor.start(f"rebuild of view {name}", lambda: self._swap_when_built(projector))

    async def _swap_when_built(self, projector: Projector) -> None:
        name = projector.view.name
        while not projector.is_caught_up:
            await projector.reached(self._feed.head)
        await self._database.promote_view(projector.view, projector.state.generation)
        before = self._live.get(name)
        self._live[name] = projector
        del self._building[name]
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
