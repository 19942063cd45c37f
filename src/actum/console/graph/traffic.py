"""How many events a second there are, by what emits them: counted from the feed while somebody looks."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping

from msgspec import Struct

from actum.model.event import read_metadata
from actum.ports.journal import Journal
from actum.runtime.feed import Feed

WINDOW = 5.0
"""Seconds over which a rate is taken."""
FORGOTTEN = 15.0
"""Seconds without a look after which counting begins anew."""
MAX_COUNTED = 4_000
"""Events that are counted for one look; of more, only the newest, which stand for the others."""
SECOND = 1_000_000

Source = tuple[str, str, str]
"""What emits an event: its kind of entity, the command, and the event's type."""


class Rates(Struct, frozen=True):
    """Events a second, by source."""

    by_source: Mapping[Source, float]

    def of(self, kind: str = "", command: str = "", type: str = "") -> float:
        """Adds up the rates of a kind, a command, a type, where these are given."""
        return sum(
            rate
            for (of_kind, by_command, of_type), rate in self.by_source.items()
            if kind in ("", of_kind) and command in ("", by_command) and type in ("", of_type)
        )


class Traffic:
    """Counts events from one look to the next; while nobody looks, nothing is done."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._looks: deque[tuple[float, Counter[Source]]] = deque()
        self._looking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Traffic, {len(self._looks)} looks>"

    async def look(self, feed: Feed, journal: Journal) -> Rates:
        """Counts what has happened since the last look, and gives the rates; there are none at the first."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._position is None or (self._looks and now - self._looks[-1][0] > FORGOTTEN):
                self._looks.clear()
                self._looks.append((now, Counter()))
                self._position = feed.readable
            else:
                elapsed = now - self._looks[-1][0]
                self._looks.append((now, await self._counted(feed, journal, self._position, elapsed)))
            while len(self._looks) > 2 and self._looks[1][0] < now - WINDOW:
                self._looks.popleft()
            return self._rates()

    async def _counted(self, feed: Feed, journal: Journal, after: int, elapsed: float) -> Counter[Source]:
        """Counts the events beyond a position, which came in `elapsed` seconds.

        Where there are too many, the newest are counted, and stand for the rest by the time that they took:
        positions may have gaps, so their difference says nothing.
        """
        end = feed.readable
        newest = await journal.position_before(end, MAX_COUNTED) if end - after > MAX_COUNTED else after
        begin = max(after, newest)
        are_all = begin == after
        self._position = end
        found: Counter[Source] = Counter()
        times: list[int] = []
        while begin < end:
            events, reached = await feed.next(begin, MAX_COUNTED)
            for stored in events:
                found[stored.kind, read_metadata(stored.metadata).command, stored.type] += 1
            times += [stored.time for stored in events]
            if reached <= begin:
                break
            begin = reached
        self._position = max(end, begin)
        if are_all or not times:
            return found
        span = max(max(times) - min(times), 1) / SECOND
        factor = max(1.0, elapsed / span)
        return Counter({source: round(count * factor) for source, count in found.items()})

    def _rates(self) -> Rates:
        """Takes the counts behind the first look, which are of the time since it."""
        counted: Counter[Source] = Counter()
        for _, counts in list(self._looks)[1:]:
            counted.update(counts)
        seconds = self._looks[-1][0] - self._looks[0][0]
        if seconds <= 0:
            return Rates({})
        return Rates({source: count / seconds for source, count in counted.items()})
