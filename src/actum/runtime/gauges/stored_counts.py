"""Counts of what is stored, which everybody who shows them shares: how many messages, how many workflows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Generic, TypeVar

from actum.ports.broker import Broker
from actum.ports.database import Database
from actum.ports.workflows import WorkflowCount

FRESH = 0.5
"""Seconds for which a count is given again."""
SHARE = 0.05
"""The share of the time that may be spent on counting: a count that takes long is repeated less often."""
QUICK = 0.2
"""Seconds that a new count is waited for where there is an earlier one."""

T = TypeVar("T")


class SharedCount(Generic[T]):
    """A count that is taken anew when it is asked for, but not too often, and once for all who ask."""

    def __init__(self, name: str, count: Callable[[], Awaitable[T]]) -> None:
        self._name = name
        self._count = count
        self._known: tuple[T] | None = None
        self._next = float("-inf")
        self._counting: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SharedCount of {self._name}>"

    async def get(self) -> T:
        """Gives the count as it was a moment ago, longer ago where counting takes long; raises what fails."""
        if self._counting is None and monotonic() >= self._next:
            self._counting = asyncio.create_task(self._take(), name=f"count of {self._name}")
            self._counting.add_done_callback(self._end)
        counting = self._counting
        if counting is not None:
            done, _ = await asyncio.wait({counting}, timeout=None if self._known is None else QUICK)
            if done:
                counting.result()
        assert self._known is not None
        return self._known[0]

    async def _take(self) -> None:
        began = monotonic()
        self._known = (await self._count(),)
        ended = monotonic()
        self._next = ended + max(FRESH, (ended - began) / SHARE)

    def _end(self, counting: "asyncio.Task[None]") -> None:
        self._counting = None
        if not counting.cancelled():
            counting.exception()  # Whoever waits for it gets it; nobody may.


class StoredCounts:
    """How many messages each queue has, and how many workflows of each kind and status have not ended."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._messages: SharedCount[Mapping[str, int]] = SharedCount("messages", broker.counts)
        self._workflows: SharedCount[Sequence[WorkflowCount]] = SharedCount(
            "workflows", database.workflow_counts
        )

    def __repr__(self) -> str:
        return "<StoredCounts>"

    async def messages(self) -> Mapping[str, int]:
        """Gives how many messages each queue has that has some."""
        return await self._messages.get()

    async def workflows(self) -> Sequence[WorkflowCount]:
        """Gives how many workflows have not ended, by kind and status."""
        return await self._workflows.get()
