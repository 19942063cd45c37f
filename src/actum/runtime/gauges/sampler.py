"""The sampler: reads what changes by itself, such as lags and queues, for listeners that want gauges."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import monotonic
from typing import TypeVar

from actum.runtime.instruments.catalog_of_metrics import (
    LAG,
    LAG_SECONDS,
    LETTERS,
    LIVE_ENTITIES,
    LOOP_DELAY,
    POSITION,
    QUEUE_DEPTH,
    READY,
    ROWS_ASIDE,
    STAGED,
    WORKFLOWS,
)
from actum.runtime.instruments.instruments import Instruments, Sample
from actum.runtime.services import Services

INTERVAL = 1.0
"""Seconds between two times that lags are measured."""
COUNTING = 3.0
"""Seconds between two counts of what is stored."""
SHARE = 0.05
"""The share of the time that may be spent on counting: a count that takes long is repeated less often."""
PATIENCE = 5.0
"""Seconds that one count may take."""
TICK = 0.1
"""Seconds between two looks at whether the event loop is late."""

T = TypeVar("T")


class Sampler:
    """Reports all gauges with each check of readiness, and counts what is stored less often."""

    def __init__(self, services: Services, instruments: Instruments) -> None:
        self._services = services
        self._instruments = instruments
        self._counts: list[Sample] = []
        self._delay = 0.0

    def __repr__(self) -> str:
        return f"<Sampler, {len(self._counts)} counts>"

    async def measure_lags(self) -> None:
        """Measures lags again and again, until cancelled."""
        while True:
            await self._services.readiness.lags.measure()
            await asyncio.sleep(INTERVAL)

    async def count_stored(self) -> None:
        """Counts what is stored again and again, until cancelled; less often where counting takes long."""
        while True:
            began = monotonic()
            self._counts = [] if self._services.readiness.lost_stores else await self._count()
            await asyncio.sleep(max(COUNTING, (monotonic() - began) / SHARE))

    async def watch_loop(self) -> None:
        """Notes how late the event loop is, until cancelled."""
        while True:
            before = monotonic()
            await asyncio.sleep(TICK)
            self._delay = max(self._delay, monotonic() - before - TICK)

    def report(self) -> None:
        """Reports every gauge, from what is known already: a store that hangs holds up no other gauge."""
        services = self._services
        delay, self._delay = self._delay, 0.0
        lags, parts = services.readiness.lags.known, services.readiness.states()
        self._instruments.sampled(
            [
                Sample(POSITION, (), services.feed.head),
                Sample(LIVE_ENTITIES, (), len(services.directory.live)),
                Sample(STAGED, (), services.committer.staged),
                Sample(LOOP_DELAY, (), delay),
                *(Sample(READY, (part, name), float(goes_on)) for (part, name), goes_on in parts.items()),
                *(Sample(LAG, (lag.part, lag.name), lag.behind) for lag in lags),
                *(Sample(LAG_SECONDS, (lag.part, lag.name), lag.seconds) for lag in lags),
                *self._counts,
            ]
        )

    async def _count(self) -> list[Sample]:
        """Counts what is stored; nothing of a store that does not answer."""
        services = self._services
        database = services.database
        letters = await _answered(database.letter_counts)
        counts = await _answered(services.readiness.lags.counts.messages)
        queues = {} if counts is None else {**dict.fromkeys(services.queues, 0), **counts}
        workflows = await _answered(services.readiness.lags.counts.workflows)
        return [
            *await self._rows_aside(),
            *(Sample(LETTERS, (one.action, one.status), one.count) for one in letters or ()),
            *(Sample(QUEUE_DEPTH, (queue,), count) for queue, count in queues.items()),
            *(Sample(WORKFLOWS, (one.kind, one.status), one.count) for one in workflows or ()),
        ]

    async def _rows_aside(self) -> Sequence[Sample]:
        samples = []
        for name, work in self._services.views.works.items():
            live = work.live
            if live is None:
                continue
            count: int | None = 0
            if live.has_rows_aside:
                count = await _answered(
                    partial(self._services.database.count_set_aside, name, live.state.generation)
                )
            if count is not None:
                samples.append(Sample(ROWS_ASIDE, (name,), count))
        return samples


async def _answered(call: Callable[[], Awaitable[T]]) -> T | None:
    """Gives the answer of a store, or None if it gives none in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await call()
    except Exception:  # noqa: BLE001 (readiness says which store does not answer)
        return None
