"""Readiness: every part of a running application by name; which have stopped or lag, and since when."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Any

from actum.ports.database import Database, ViewState
from actum.ports.journal import Journal
from actum.runtime.actions.action_names import function_of, part_of
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.clock import Clock
from actum.runtime.feed import Feed
from actum.runtime.gauges.lags import Lag, Lags, position_of
from actum.runtime.gauges.standstill import Part, PartState, Standstill, State
from actum.runtime.gauges.stored_standstills import LAG, classless_workflows, reached, stored_standstills
from actum.runtime.instruments.instruments import Instruments, Work
from actum.runtime.supervisor import Supervisor
from actum.runtime.views.reading import Views
from actum.runtime.views.view_assignment import ViewAssignment

INTERVAL = 1.0
"""Seconds between two checks."""


class Readiness:
    """Checks every part once a second, so that it is known since when one has stopped.

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
        self.lags: Lags = lags
        self.has_key_service: bool = False
        self._limits = limits
        self._found: Sequence[Standstill] = ()
        self._journal = journal
        self._database = database
        self._feed = feed
        self._views = views
        self._supervisor = supervisor
        self._clock = clock
        self._instruments = instruments
        self._since: dict[tuple[Part, str, State], int] = {}
        self._heads: deque[tuple[float, int]] = deque()
        self._taken: dict[str, tuple[int, float]] = {}
        self._looking: asyncio.Task[list[Standstill]] | None = None

    def __repr__(self) -> str:
        return f"<Readiness, {len(self._since)} parts stand still>"

    async def run(self) -> None:
        """Checks again and again, until cancelled."""
        while True:
            await self._parts()
            await asyncio.sleep(INTERVAL)

    async def look(self) -> list[Standstill]:
        """Returns what has stopped or lags now; concurrent callers share one check."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="readiness look")
            self._looking.add_done_callback(self._forget)
        return await asyncio.shield(self._looking)

    async def parts(self) -> list[PartState]:
        """Returns every part there is, with its lag if that is measured."""
        lags: Sequence[Lag] = self.lags.known
        if not any(one.part == "store" for one in self._found):
            lags = await self.lags.measure()
        found: dict[tuple[str, str], Lag] = {(lag.part, lag.name): lag for lag in lags}
        return [PartState(part, name, found.get((part, name))) for part, name in self._names()]

    def states(self) -> dict[tuple[str, str], bool]:
        """Returns for every part whether it goes on, as it was found to at the last check."""
        states: dict[tuple[str, str], bool] = dict.fromkeys(self._names(), True)
        stopped = {(one.part, one.name): False for one in self._found if one.state != "being built"}
        return states | stopped

    def _names(self) -> list[tuple[Part, str]]:
        names: list[tuple[Part, str]] = [
            ("store", "journal"),
            ("store", "database"),
            ("broker", self.lags.broker),
        ]
        if self.has_key_service:
            names.append(("key service", "key service"))
        names.append(("feed", "feed"))
        for name in self._views.works:
            names.append(("view", name))
        for one in self.actions:
            names.append((part_of(one.action), one.action))
        for kind in self.workflows:
            names.append(("workflow", kind))
        return names

    def _forget(self, _: object) -> None:
        self._looking = None

    async def _look(self) -> list[Standstill]:
        found = await self._parts()
        if any(one.part == "store" and one.name == "database" for one in found):
            return found
        works = self._views.works.items()
        live = {name for name, work in works if work.live or not work.is_here}
        return found + await stored_standstills(self._database, live, self._clock.now())

    async def _parts(self) -> list[Standstill]:
        """Checks what must be checked regularly for it to be known since when."""
        before, self._since = self._since, {}
        (head, journal_error), (states, database_error) = await asyncio.gather(
            reached(self._journal.head), reached(self._database.views)
        )
        found = self._stores(before, journal_error, database_error)
        late = self._late_head(head)
        if late is not None and self._feed.readable < late:
            why = f"it has come to {self._feed.readable:,}, and {late:,} was written"
            found.append(self._standstill(before, "feed", "feed", "lags", why))
        for work in self._views.works.values():
            found += self._view(before, work, states or [], late)
        if not database_error:
            checks = [self._action(before, action) for action in self.actions]
            found += [one for some in await asyncio.gather(*checks) for one in some]
            found += await self._classless_workflows(before)
        for name, why in self._supervisor.failing.items():
            found.append(self._standstill(before, "task", name, "stands still", why))
        if self._limits:
            lags = self.lags.known if journal_error or database_error else await self.lags.measure()
            found += self._too_late(before, lags)
        self._found = found
        return found

    async def _classless_workflows(self, before: dict[Any, int]) -> list[Standstill]:
        return [
            self._standstill(before, "workflow", kind, "stands still", why)
            for kind, why in await classless_workflows(self._database, self.workflows)
        ]

    def _too_late(self, before: dict[Any, int], lags: Sequence[Lag]) -> list[Standstill]:
        """Returns the parts that are further behind than the application allows."""
        found = []
        for lag in lags:
            limit = self._limits.get(lag.name, self._limits.get(function_of(lag.name)))
            if limit is not None and lag.seconds > limit:
                why = f"it is {lag.seconds:,.0f} s behind, and the App allows {limit:g} s"
                found.append(
                    self._standstill(before, lag.part, lag.name, "lags too long", why, fails_requests=True)
                )
        return found

    def _stores(self, before: dict[Any, int], journal_error: str, database_error: str) -> list[Standstill]:
        found = []
        if self._journal.failure:
            why = "a write failed, and nothing is written until the store is opened again"
            found.append(self._standstill(before, "store", "journal", "stopped", why, fails_requests=True))
        for name, error in (("journal", journal_error), ("database", database_error)):
            if error:
                found.append(
                    self._standstill(before, "store", name, "does not answer", error, fails_requests=True)
                )
        return found

    def _view(
        self, before: dict[Any, int], work: ViewAssignment, states: list[ViewState], late: int | None
    ) -> list[Standstill]:
        name = work.view.name
        found = []
        for projector in work.projectors:
            if projector.failure is not None:
                is_live = projector is work.live
                why = f"at position {projector.position:,}: {projector.failure}"
                found.append(
                    self._standstill(before, "view", name, "stands still", why, fails_requests=is_live)
                )
        if work.building is not None:
            why = f"at {work.building.position:,} of {self._feed.head:,}"
            found.append(self._standstill(before, "view", name, "being built", why))
        position = position_of(work, states)
        if position is not None:
            self._instruments.lagged(Work("view", name), max(0, self._feed.readable - position))
        if not found and late is not None and position is not None and position < late:
            why = f"it has come to {position:,}, and {late:,} was written"
            found.append(self._standstill(before, "view", name, "lags", why))
        return found

    async def _action(self, before: dict[Any, int], work: RunningAction) -> list[Standstill]:
        """An action lags if it has worked on the same items for long."""
        worker = work.worker
        if worker is None:
            return []
        self._instruments.lagged(Work("action", worker.name), worker.behind)
        is_idle, error = await reached(work.is_idle)
        taken, since = self._taken.get(work.name, (-1, monotonic()))
        if is_idle or error or taken != worker.taken:
            self._taken[work.name] = (worker.taken, monotonic())
            return []
        if monotonic() - since < LAG:
            return []
        part = part_of(worker.name)
        why = f"for {LAG:g} s and more it is at work on the same items"
        return [self._standstill(before, part, worker.name, "lags", why)]

    def _standstill(
        self,
        before: dict[Any, int],
        part: Part,
        name: str,
        state: State,
        why: str,
        *,
        fails_requests: bool = False,
    ) -> Standstill:
        place = (part, name, state)
        since = self._since[place] = before.get(place, self._clock.now())
        return Standstill(part, name, state, since, why, fails_requests=fails_requests)

    def _late_head(self, head: int | None) -> int | None:
        """Returns the head of the journal some time ago, which every reader should have reached by now."""
        now, heads = monotonic(), self._heads
        if head is not None:
            heads.append((now, head))
        while len(heads) > 1 and heads[1][0] <= now - LAG:
            heads.popleft()
        return heads[0][1] if heads and heads[0][0] <= now - LAG else None
