"""The checks of the parts of a running application: what each says of itself, and whether it goes on."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from actum.ports.database import Database, ViewState
from actum.ports.journal import Journal
from actum.runtime.actions.action_names import function_of, part_of
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.clock import Clock
from actum.runtime.feed import Feed
from actum.runtime.gauges.lags import Lag, Lags, position_of
from actum.runtime.gauges.standstill import Part, Standstill, State
from actum.runtime.gauges.stored_standstills import LAG, classless_workflows, reached
from actum.runtime.instruments.instruments import Instruments, Work
from actum.runtime.supervisor import Supervisor
from actum.runtime.views.reading import Views
from actum.runtime.views.view_assignment import ViewAssignment


class Sightings:
    """Since when parts stand still: as long as each check finds them so, since the first of those."""

    def __init__(self, before: Mapping[tuple[Part, str, State], int], now: int) -> None:
        self.since: dict[tuple[Part, str, State], int] = {}
        self._before = before
        self._now = now

    def standstill(
        self, part: Part, name: str, state: State, why: str, *, fails_requests: bool = False
    ) -> Standstill:
        """Notes that a part stands still, and says so."""
        place = (part, name, state)
        since = self.since[place] = self._before.get(place, self._now)
        return Standstill(part, name, state, since, why, fails_requests=fails_requests)


class PartChecks:
    """Checks every part: all of them at once, so that a store that hangs is waited for once.

    `limits` say for how many seconds a part may be behind, by its name, until requests should go elsewhere.
    """

    def __init__(
        self,
        journal: Journal,
        database: Database,
        feed: Feed,
        views: Views,
        supervisor: Supervisor,
        clock: Clock,
        instruments: Instruments,
        lags: Lags,
        limits: Mapping[str, float],
    ) -> None:
        self.actions: Sequence[RunningAction] = ()
        self.workflows: Collection[str] = ()
        self._journal = journal
        self._database = database
        self._feed = feed
        self._views = views
        self._supervisor = supervisor
        self._clock = clock
        self._instruments = instruments
        self._lags = lags
        self._limits = limits
        self._since: Mapping[tuple[Part, str, State], int] = {}
        self._heads: deque[tuple[float, int]] = deque()
        self._taken: dict[str, tuple[int, float]] = {}

    def __repr__(self) -> str:
        return f"<PartChecks, {len(self._since)} parts stand still>"

    async def check(self) -> list[Standstill]:
        """Returns what stands still or lags, with since when."""
        (head, journal_error), (states, database_error), (counts, _), acting = await asyncio.gather(
            reached(self._journal.head),
            reached(self._database.views),
            reached(self._lags.counts.workflows),
            self._late_actions(),
        )
        seen = Sightings(self._since, self._clock.now())
        found = self._stores(seen, journal_error, database_error)
        late = self._late_head(head)
        if late is not None and self._feed.readable < late:
            why = f"it has come to {self._feed.readable:,}, and {late:,} was written"
            found.append(seen.standstill("feed", "feed", "lags", why))
        for work in self._views.works.values():
            found += self._view(seen, work, states or [], late)
        if not database_error:
            why = f"for {LAG:g} s and more it is at work on the same items"
            found += [seen.standstill(part_of(name), name, "lags", why) for name in acting]
            found += [
                seen.standstill("workflow", kind, "stands still", why)
                for kind, why in classless_workflows(counts or (), self.workflows)
            ]
        for name, why in self._supervisor.failing.items():
            found.append(seen.standstill("task", name, "stands still", why))
        if self._limits:
            lags = self._lags.known if journal_error or database_error else await self._lags.measure()
            found += self._too_late(seen, lags)
        self._since = seen.since
        return found

    def _too_late(self, seen: Sightings, lags: Sequence[Lag]) -> list[Standstill]:
        """Returns the parts that are further behind than the application allows."""
        found = []
        for lag in lags:
            limit = self._limits.get(lag.name, self._limits.get(function_of(lag.name)))
            if limit is not None and lag.seconds > limit:
                why = f"it is {lag.seconds:,.0f} s behind, and the App allows {limit:g} s"
                found.append(seen.standstill(lag.part, lag.name, "lags too long", why, fails_requests=True))
        return found

    def _stores(self, seen: Sightings, journal_error: str, database_error: str) -> list[Standstill]:
        found = []
        stores = (("journal", self._journal, journal_error), ("database", self._database, database_error))
        for name, store, error in stores:
            if store.failure:
                why = "a write failed, and nothing is written until the store is opened again"
                found.append(seen.standstill("store", name, "stopped", why, fails_requests=True))
            elif store.refuses_writes:
                why = "a write has failed within the last seconds, as with a full disk: the log says why"
                found.append(seen.standstill("store", name, "does not write", why, fails_requests=True))
            if error:
                found.append(seen.standstill("store", name, "does not answer", error, fails_requests=True))
        return found

    def _view(
        self, seen: Sightings, work: ViewAssignment, states: Sequence[ViewState], late: int | None
    ) -> list[Standstill]:
        name = work.view.name
        found = []
        for projector in work.projectors:
            if projector.failure is not None:
                is_live = projector is work.live
                why = f"at position {projector.position:,}: {projector.failure}"
                found.append(seen.standstill("view", name, "stands still", why, fails_requests=is_live))
        if work.building is not None:
            why = f"at {work.building.position:,} of {self._feed.head:,}"
            found.append(seen.standstill("view", name, "being built", why))
        position = position_of(work, states)
        if position is not None:
            self._instruments.lagged(Work("view", name), max(0, self._feed.readable - position))
        if not found and late is not None and position is not None and position < late:
            why = f"it has come to {position:,}, and {late:,} was written"
            found.append(seen.standstill("view", name, "lags", why))
        return found

    async def _late_actions(self) -> list[str]:
        """Returns the names of the actions that have worked on the same items for long."""
        late = await asyncio.gather(*(self._is_late(action) for action in self.actions))
        return [
            action.worker.name
            for action, is_late in zip(self.actions, late, strict=True)
            if is_late and action.worker is not None
        ]

    async def _is_late(self, work: RunningAction) -> bool:
        worker = work.worker
        if worker is None:
            return False
        self._instruments.lagged(Work("action", worker.name), worker.behind)
        is_idle, error = await reached(work.is_idle)
        taken, since = self._taken.get(work.name, (-1, monotonic()))
        if is_idle or error or taken != worker.taken:
            self._taken[work.name] = (worker.taken, monotonic())
            return False
        return monotonic() - since >= LAG

    def _late_head(self, head: int | None) -> int | None:
        """Returns the head of the journal some time ago, which every reader should have reached by now."""
        now, heads = monotonic(), self._heads
        if head is not None:
            heads.append((now, head))
        while len(heads) > 1 and heads[1][0] <= now - LAG:
            heads.popleft()
        return heads[0][1] if heads and heads[0][0] <= now - LAG else None
