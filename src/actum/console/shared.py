"""What all visits of one console share: counts and figures that are not taken anew for each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from actum.console.graph.traffic import Traffic
from actum.console.throughput import Throughput
from actum.operations.reading.store_facts import StoreFacts, store_facts

KEPT = 5.0
"""Seconds for which what is known about the stores is shown again."""
MAX_COUNTS = 200
"""Counts that are remembered."""


class Shared:
    """Counts events while somebody looks, and knows the stores of a URL."""

    def __init__(self, url: str, *, is_development: bool) -> None:
        self.traffic: Traffic = Traffic()
        self.throughput: Throughput = Throughput()
        self.is_development: bool = is_development
        self._url = url
        self._facts: list[StoreFacts] = []
        self._taken = float("-inf")
        self._taking = asyncio.Lock()
        self._counts: dict[Hashable, tuple[float, int | None]] = {}

    def __repr__(self) -> str:
        return f"<Shared by the visits of a console, {self.traffic}>"

    async def counted(self, what: Hashable, count: Callable[[], Awaitable[int | None]]) -> int | None:
        """Gives a count as it was some seconds ago at most; only few are remembered."""
        now = asyncio.get_running_loop().time()
        self._counts = {one: found for one, found in self._counts.items() if now - found[0] < KEPT}
        if what not in self._counts and len(self._counts) < MAX_COUNTS:
            self._counts[what] = now, await count()
        return self._counts[what][1] if what in self._counts else await count()

    async def store_facts(self) -> list[StoreFacts]:
        """Describes the stores, as they were some seconds ago at most."""
        async with self._taking:
            now = asyncio.get_running_loop().time()
            if now - self._taken > KEPT:
                self._facts = await store_facts(self._url)
                self._taken = asyncio.get_running_loop().time()
            return self._facts
