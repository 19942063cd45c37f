"""Lags: how far each view, action, queue and kind of workflows is behind, in positions and in seconds."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from actum.ports.broker import Broker
from actum.ports.database import Database, ViewState
from actum.ports.journal import Journal
from actum.runtime.actions.action_names import ActionPart, part_of, queue_of
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.clock import Clock
from actum.runtime.feed import Feed
from actum.runtime.gauges.stored_counts import StoredCounts
from actum.runtime.views.reading import Views
from actum.runtime.views.view_assignment import ViewAssignment

if TYPE_CHECKING:
    from actum.runtime.workflows.running_workflows import RunningWorkflows

FRESH = 0.5
"""Seconds for which what was measured is given again."""
PATIENCE = 1.5
"""Seconds that everything has to be measured in."""
MAX_WORKFLOWS = 200
"""The most workflows that are looked at, of those that are due."""

LagPart = ActionPart | Literal["view", "workflow"]


class Lag(Struct, frozen=True):
    """How far a part is behind, in positions, messages or workflows; and how old the oldest of that is."""

    part: LagPart
    name: str
    behind: int
    seconds: float


class Lags:
    """Measures what runs in this process; what it cannot measure now it gives as it was."""

    def __init__(
        self,
        journal: Journal,
        database: Database,
        broker: Broker,
        feed: Feed,
        views: Views,
        clock: Clock,
    ) -> None:
        self.actions: Sequence[RunningAction] = ()
        self.workflows: Sequence[RunningWorkflows] = ()
        self.counts: StoredCounts = StoredCounts(database, broker)
        self._journal = journal
        self._database = database
        self._broker = broker
        self._feed = feed
        self._views = views
        self._clock = clock
        self.known: list[Lag] = []
        self._measured = -FRESH
        self._oldest: dict[str, tuple[int, int]] = {}
        self._due_since: dict[tuple[str, str], int] = {}
        self._turn = asyncio.Lock()

    @property
    def broker(self) -> str:
        """What the broker is called."""
        return type(self._broker).__name__.removesuffix("Broker").lower()

    def __repr__(self) -> str:
        return f"<Lags of {len(self.known)} parts>"

    async def measure(self) -> Sequence[Lag]:
        """Gives the lag of each part; while a store does not answer, what was known before."""
        async with self._turn:
            if monotonic() - self._measured >= FRESH:
                try:
                    async with asyncio.timeout(PATIENCE):
                        self.known = await self._measure()
                except Exception:  # noqa: BLE001 (readiness says which store does not answer)
                    self.known = [self._older(lag) for lag in self.known]
                self._measured = monotonic()
            return self.known

    async def _measure(self) -> list[Lag]:
        is_view_elsewhere = any(not work.is_here for work in self._views.works.values())
        states = await self._database.views() if is_view_elsewhere else []
        has_queue = any(queue_of(one.action) for one in self.actions)
        counts = await self.counts.messages() if has_queue else {}
        found = [await self._view(work, states) for work in self._views.works.values()]
        found += [await self._action(one, counts) for one in self.actions]
        due_since: dict[tuple[str, str], int] = {}
        found += [await self._workflow(one, due_since) for one in self.workflows]
        self._due_since = due_since
        return [lag for lag in found if lag is not None]

    def _older(self, lag: Lag) -> Lag:
        """Gives a lag as it is at least now: what was behind before is so still, as far as anybody knows."""
        if not lag.behind:
            return lag
        return Lag(lag.part, lag.name, lag.behind, lag.seconds + monotonic() - self._measured)

    async def _view(self, work: ViewAssignment, states: Sequence[ViewState]) -> Lag | None:
        name, position = work.view.name, position_of(work, states)
        return None if position is None else await self._behind("view", name, position)

    async def _action(self, one: RunningAction, counts: Mapping[str, int]) -> Lag | None:
        worker = one.worker
        if worker is None:
            return None
        part, lowest, now = part_of(one.action), worker.lowest, self._clock.now()
        if part == "timers":
            due = await self._database.next_timer()
            return Lag(part, one.action, worker.behind, 0.0 if due is None else _seconds(due, now))
        if part == "clock":
            return Lag(part, one.action, worker.behind, 0.0 if lowest is None else _seconds(lowest, now))
        if part == "queue":
            oldest = await self._broker.messages(queue_of(one.action), 0, 1)
            seconds = _seconds(oldest[0].time, now) if oldest else 0.0
            return Lag(part, one.action, counts.get(queue_of(one.action), 0), seconds)
        reached = worker.place if lowest is None else lowest - 1
        return await self._behind(part, one.action, reached)

    async def _workflow(self, one: "RunningWorkflows", due_since: dict[tuple[str, str], int]) -> Lag | None:
        """Those that are due and not at work; how long is known from when one was first seen like this."""
        engine = one.engine
        if engine is None:
            return None
        kind, now = one.kind.name, self._clock.now()
        here: Collection[int] | None = one.slices.here if len(one.assignments) > 1 else None
        due = await self._database.due_workflows(kind, now, MAX_WORKFLOWS, slices=here)
        waiting = [id for id, _ in due if id not in engine.live]
        for id in waiting:
            due_since[kind, id] = self._due_since.get((kind, id), now)
        oldest = min((due_since[kind, id] for id in waiting), default=now)
        return Lag("workflow", kind, len(waiting), _seconds(oldest, now))

    async def _behind(self, part: LagPart, name: str, position: int) -> Lag:
        behind = max(0, self._feed.readable - position)
        if not behind:
            self._oldest.pop(f"{part} {name}", None)
            return Lag(part, name, 0, 0.0)
        known, time = self._oldest.get(f"{part} {name}", (-1, 0))
        if known != position:
            found = await self._journal.feed(position, 1)
            time = found[0].time if found else self._clock.now()
            self._oldest[f"{part} {name}"] = position, time
        return Lag(part, name, behind, _seconds(time, self._clock.now()))


def position_of(work: ViewAssignment, states: Sequence[ViewState]) -> int | None:
    """Gives the position of the view that answers, in whichever process it is."""
    if work.live is not None:
        return work.live.position
    if work.is_here:
        return None
    fingerprint = work.view.fingerprint
    found = [one for one in states if one.name == work.view.name and one.fingerprint == fingerprint]
    return max((state.checkpoint for state in found), default=0)


def _seconds(since: int, now: int) -> float:
    return max(0.0, (now - since) / 1_000_000)
