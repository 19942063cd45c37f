"""Readiness: every part of a running application by name; which have stopped or lag, and since when."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from actum.ports.database import Database
from actum.runtime.actions.action_names import part_of
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.clock import Clock
from actum.runtime.gauges.lags import Lag, Lags
from actum.runtime.gauges.part_checks import PartChecks
from actum.runtime.gauges.standstill import Part, PartState, Standstill
from actum.runtime.gauges.stored_standstills import stored_standstills
from actum.runtime.views.reading import Views

INTERVAL = 1.0
"""Seconds from one check to the next."""
MIN_PAUSE = 0.1
"""Seconds between two checks at least, where a check takes longer than that."""


class Readiness:
    """Checks every part once a second, so that it is known since when one has stopped."""

    def __init__(
        self, checks: PartChecks, database: Database, views: Views, lags: Lags, clock: Clock
    ) -> None:
        self.checks: PartChecks = checks
        self.lags: Lags = lags
        self.has_key_service: bool = False
        self.on_check: Callable[[], None] = lambda: None
        """Called after each of the regular checks."""
        self._found: Sequence[Standstill] = ()
        self._database = database
        self._views = views
        self._clock = clock
        self._looking: asyncio.Task[list[Standstill]] | None = None

    def __repr__(self) -> str:
        return f"<Readiness, {len(self._found)} parts stand still>"

    @property
    def actions(self) -> Sequence[RunningAction]:
        """The actions of this process, once they have been opened."""
        return self.checks.actions

    @property
    def lost_stores(self) -> Sequence[Standstill]:
        """The stores that did not answer at the last check."""
        return [one for one in self._found if one.part == "store" and one.state == "does not answer"]

    async def run(self) -> None:
        """Checks again and again, until cancelled."""
        while True:
            began = monotonic()
            self._found = await self.checks.check()
            self.on_check()
            await asyncio.sleep(max(MIN_PAUSE, INTERVAL - (monotonic() - began)))

    async def look(self) -> list[Standstill]:
        """Returns what has stopped or lags now; concurrent callers share one check.

        While a store does not answer, that is what the last of the regular checks has found.
        """
        if self.lost_stores:
            return [*self._found]
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="readiness look")
            self._looking.add_done_callback(self._forget)
        return await asyncio.shield(self._looking)

    async def parts(self) -> list[PartState]:
        """Returns every part there is, with its lag if that is measured."""
        lags: Sequence[Lag] = self.lags.known
        if not self.lost_stores:
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
        for kind in self.checks.workflows:
            names.append(("workflow", kind))
        return names

    def _forget(self, _: object) -> None:
        self._looking = None

    async def _look(self) -> list[Standstill]:
        found = self._found = await self.checks.check()
        if any(one.part == "store" and one.name == "database" for one in self.lost_stores):
            return [*found]
        live = {name for name, work in self._views.works.items() if work.live or not work.is_here}
        return [*found, *await stored_standstills(self._database, live, self._clock.now())]
