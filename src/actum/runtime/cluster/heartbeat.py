"""The heartbeat of this process, which tells how long it can rely on its leases without asking."""

import asyncio
from time import monotonic

MAX_AGE = 4.0
"""Seconds after a heartbeat for which leases are relied upon; another process may take them after five."""


class Heartbeat:
    """When this process last showed that it is alive, by a clock that also counts while it is paused."""

    def __init__(self) -> None:
        self._at = monotonic()
        self._beaten = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Heartbeat, {monotonic() - self._at:.1f} s ago>"

    @property
    def is_recent(self) -> bool:
        """Whether no other process can have taken over what this one has leased."""
        return monotonic() - self._at < MAX_AGE

    def beat(self, moment: float) -> None:
        """Notes a heartbeat that was sent at a moment."""
        self._at = moment
        self._beaten.set()

    async def recent(self) -> None:
        """Returns when there is a recent heartbeat."""
        while not self.is_recent:
            self._beaten.clear()
            await self._beaten.wait()
