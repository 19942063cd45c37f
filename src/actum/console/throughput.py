"""How many items a second each action of this process takes, from one look of an operator to the next."""

import asyncio
from collections import deque
from collections.abc import Mapping

WINDOW = 5.0
"""Seconds over which a rate is taken."""
FORGOTTEN = 15.0
"""Seconds without a look after which counting begins anew."""


class Throughput:
    """Compares counts that only grow; while nobody looks, nothing is done."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Mapping[str, int]]] = deque()

    def __repr__(self) -> str:
        return f"<Throughput, {len(self._looks)} looks>"

    def look(self, counts: Mapping[str, int]) -> Mapping[str, float]:
        """Gives the rates since some seconds ago, by name; none at the first look."""
        now = asyncio.get_running_loop().time()
        if self._looks and now - self._looks[-1][0] > FORGOTTEN:
            self._looks.clear()
        self._looks.append((now, counts))
        while len(self._looks) > 2 and self._looks[1][0] < now - WINDOW:
            self._looks.popleft()
        began, before = self._looks[0]
        seconds = now - began
        if seconds <= 0:
            return {}
        # A worker that was started again counts from 0.
        return {
            name: max(0, count - before[name]) / seconds for name, count in counts.items() if name in before
        }
