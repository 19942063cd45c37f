"""The views of a running application: queries see what was written, whichever process follows the view."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from actum.errors import CallerError, DefinitionError, OutdatedView, StaleWrite, Unanswerable, Unavailable
from actum.model.rows.page import Page, PageRequest
from actum.model.view import View, ViewQuery, ViewType
from actum.ports.database import MAX_ANSWER_BYTES, MAX_QUERY_TIME, Answer, Database, ViewState
from actum.queries.answers import read_answer
from actum.runtime.clock import Clock
from actum.runtime.coalescer import Coalescer
from actum.runtime.feed import Feed
from actum.runtime.instruments.instruments import Instruments, Work
from actum.runtime.supervisor import Supervisor
from actum.runtime.views.pages import Pages, Tokens
from actum.runtime.views.projector import Projector
from actum.runtime.views.remote_views import RemoteViews
from actum.runtime.views.view_assignment import ViewAssignment

MAX_ROWS = 100_000
MAX_LOOKUPS = 10_000
PATIENCE = 5.0
REBUILD_POLL = 0.02
PATIENCE_ELSEWHERE = 10.0
"""The same for a view that another process follows, and that may have to move to a third first."""


class Views:
    """Answers queries over the views, and holds the assignment of each.

    While a view with a changed declaration is being built, the previous generation serves, frozen at what it
    showed: a reader that has seen more waits for the new one.
    """

    def __init__(
        self,
        views: Mapping[str, ViewType],
        database: Database,
        feed: Feed,
        clock: Clock,
        supervisor: Supervisor,
        lose: Callable[[str], None],
        instruments: Instruments,
        query_timeout: timedelta = MAX_QUERY_TIME,
        query_max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._instruments = instruments
        self._query_timeout = query_timeout
        self._query_max_bytes = query_max_bytes
        self._lookups: dict[tuple[str, int], Coalescer[Any, Any]] = {}
        self.works: dict[str, ViewAssignment] = {
            name: ViewAssignment(view, database, feed, clock, supervisor, lose, instruments)
            for name, view in views.items()
        }
        self._pages = Pages(views)
        self._database = database
        self._feed = feed
        self._remote_views = RemoteViews(database)
        self._sources = {
            id(query): [name for name in views if re.search(rf"\b{name}\b", query.sql, re.IGNORECASE)]
            for view in views.values()
            for query in view.queries.values()
        }

    @property
    def declared(self) -> Mapping[str, ViewType]:
        """The views, by name."""
        return {name: work.view for name, work in self.works.items()}

    async def prepare(self) -> None:
        """Prepares every view's table, for whichever process will fill it."""
        for work in self.works.values():
            await self._database.prepare_view(work.view)

    def projectors(self) -> list[Projector]:
        """Returns every projector of this process, live and building."""
        works = self.works.values()
        found = [work.live for work in works] + [work.building for work in works]
        return [projector for projector in found if projector is not None]

    async def ask(self, view: ViewType, query: ViewQuery, parameters: Mapping[str, Any], seen: int) -> Any:
        """Runs a query once every view in it shows what happened up to `seen`."""
        return read_answer(query, await self._answer(view, query, query.sql, parameters, seen))

    async def ask_page(
        self,
        view: ViewType,
        query: ViewQuery,
        parameters: Mapping[str, Any],
        seen: int,
        request: PageRequest,
        tokens: Tokens,
    ) -> Page[Any]:
        """Returns a page of a query once every view in it shows what happened up to `seen`."""
        return await self._pages.ask(
            query,
            self._names(view, query),
            parameters,
            request,
            tokens,
            lambda sql, values: self._answer(view, query, sql, values, seen),
        )

    def _names(self, view: ViewType, query: ViewQuery) -> list[str]:
        return self._sources.get(id(query)) or [view.name]

    async def _answer(
        self, view: ViewType, query: ViewQuery, sql: str, parameters: Mapping[str, Any], seen: int
    ) -> Answer:
        works = [self._work(name) for name in self._names(view, query)]
        for work in works:
            await self._catch_up(work, seen)
        try:
            return await self._asked(query, sql, parameters)
        except OutdatedView:
            for work in works:
                await self._shown(work, seen)
            return await self._asked(query, sql, parameters)
        except Unanswerable as error:
            raise Unanswerable(f"{query.signature.where}: {error}") from error

    async def _asked(self, query: ViewQuery, sql: str, parameters: Mapping[str, Any]) -> Answer:
        return await self._database.ask(
            sql,
            parameters,
            most=MAX_ROWS,
            limit=query.timeout or self._query_timeout,
            most_bytes=query.max_bytes or self._query_max_bytes,
        )

    async def get(self, view: ViewType, key: Any, seen: int) -> View | None:
        """Returns the row of a key once the view shows what happened up to `seen`."""
        work = self._work(view.name)
        while True:
            state = await self._shown(work, seen)
            try:
                values = await self._looked_up(view, state.generation, key)
            except StaleWrite:
                if work.live is not None and work.live.state is state and work.building is None:
                    raise Unavailable(f"view {view.name} was replaced by another process") from None
                self._remote_views.forget(view.name)
                await asyncio.sleep(0)  # Another generation has just taken its place, or is about to.
            else:
                return None if values is None else view.shown_row(values)

    async def _looked_up(self, view: ViewType, generation: int, key: Any) -> Any:
        """Returns the columns of a row; concurrent look-ups are one statement."""
        lookup = self._lookups.get((view.name, generation))
        if lookup is None:
            for before in [one for one in self._lookups if one[0] == view.name]:
                del self._lookups[before]
            lookup = self._lookups[view.name, generation] = Coalescer(
                lambda keys: self._rows_of(view, generation, keys), most=MAX_LOOKUPS, begins_alone=True
            )
        found = await lookup.get(view.key_of(key))
        if isinstance(found, Exception):
            raise found
        return found

    async def _rows_of(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[Any]:
        """Returns for each key the columns of its row, None, or why the store cannot hold such a key."""
        try:
            if len(keys) == 1:
                return [*await self._database.rows(view, generation, keys), None][:1]
            rows = await self._database.rows(view, generation, list(dict.fromkeys(keys)))
        except CallerError as error:
            if len(keys) == 1:
                return [error]
            return [(await self._rows_of(view, generation, [key]))[0] for key in keys]
        found = {view.key_in(view.row_from_sql(row)): row for row in rows}
        return [found.get(key) for key in keys]

    async def rebuild_all(self, views: Sequence[ViewType]) -> None:
        """Rebuilds views from now on, and returns when those serve that were begun after the call."""
        states = await self._database.views()
        before = {view.name: _highest(states, view.name) for view in views}
        for view in views:
            if view.name not in self.works or not self.works[view.name].is_here:
                await self._database.request_rebuild(view.name)
        while before:
            for name in [name for name in before if self.works[name].is_here]:
                # One that was begun before goes on, and is no use.
                await self.works[name].rebuild()
            await asyncio.sleep(REBUILD_POLL)
            for state in await self._database.views():
                if state.is_live and state.generation > before.get(state.name, state.generation):
                    del before[state.name]

    async def rebuild(self, name: str) -> None:
        """Starts a rebuild of a view that this process follows."""
        await self.works[name].rebuild()

    def _work(self, name: str) -> ViewAssignment:
        work = self.works.get(name)
        if work is None:
            raise DefinitionError(f"view {name} is not among the application's views")
        return work

    async def _catch_up(self, work: ViewAssignment, seen: int) -> None:
        """Returns when a query of the view's table shows what happened up to `seen`."""
        if work.is_here:
            if work.frozen is None or seen > work.frozen.checkpoint:
                await self._shown(work, seen)
        elif seen:
            await self._shown_elsewhere(work, seen, lambda state: state.checkpoint >= seen)

    async def _shown(self, work: ViewAssignment, seen: int) -> ViewState:
        """Returns the current declaration's generation once it shows what happened up to `seen`."""
        fingerprint = work.view.fingerprint
        while True:
            if not work.is_here:
                return await self._shown_elsewhere(
                    work, seen, lambda state: state.fingerprint == fingerprint and state.checkpoint >= seen
                )
            projector = work.live
            if projector is None:
                await self._promoted(work)
            elif projector.position >= seen:
                return projector.state
            else:
                await self._reached(work, projector, seen)

    async def _promoted(self, work: ViewAssignment) -> None:
        """Returns when the generation that is being built serves, or another process follows the view."""
        building = work.building
        try:
            patience = 0 if building is not None and building.is_stuck else PATIENCE
            async with asyncio.timeout(patience):
                await work.has_moved.wait()
        except TimeoutError:
            raise self._late(work, building, self._feed.head) from None

    async def _reached(self, work: ViewAssignment, projector: Projector, seen: int) -> None:
        if projector.is_stuck:
            raise self._late(work, projector, seen)
        began = perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await projector.reached(seen)
        except TimeoutError:
            raise self._late(work, projector, seen) from None
        finally:
            self._instruments.waited(Work("view", work.view.name), perf_counter() - began)

    async def _shown_elsewhere(
        self, work: ViewAssignment, seen: int, is_enough: Callable[[ViewState], bool]
    ) -> ViewState:
        name = work.view.name
        try:
            async with asyncio.timeout(PATIENCE_ELSEWHERE):
                return await self._remote_views.live(name, is_enough)
        except TimeoutError:
            state = self._remote_views.known(name)
            raise Unavailable(
                f"view {name} is kept by another process, which is at "
                f"{state.checkpoint if state else 0:,}, and {seen:,} was written; ask again later, or see to "
                "its log"
            ) from None

    def _late(self, work: ViewAssignment, projector: Projector | None, seen: int) -> Unavailable:
        name = work.view.name
        if projector is None:
            return Unavailable(f"view {name} passes from one process to another; ask again later")
        if projector.failure:
            still = f"view {name} stands still at position {projector.position}"
            return Unavailable(still, inside=projector.failure)
        if projector is work.building and work.live is None:
            built = f"{projector.position:,} of {self._feed.head:,} events"
            return Unavailable(f"view {name} is being built: {built}; ask again later")
        return Unavailable(
            f"view {name} is behind: at {projector.position:,}, and {seen:,} was written; ask again later"
        )


def _highest(states: Sequence[ViewState], name: str) -> int:
    return max((state.generation for state in states if state.name == name), default=0)
