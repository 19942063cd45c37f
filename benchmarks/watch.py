"""How far views and actions lag behind what callers have been answered, and how soon they catch up."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from actum import App, Context
from benchmarks.bank import attached, bell

INTERVAL = 0.005
POLL = 0.0005

Reach = Callable[[], int]


class Watch:
    """Watches the view and the action of the application that has them; for another it does nothing."""

    def __init__(self, ctx: Context, app: App) -> None:
        bell.rung = 0
        self._reached: dict[str, Reach] = {}
        if app is attached:
            projector = ctx._services.views.projectors()[0]
            self._reached = {"view": lambda: projector.position, "action": lambda: bell.rung}
        self._behind = dict.fromkeys(self._reached, 0)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watch":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()

    def observe(self, replies: Sequence[object], *, already: int) -> None:
        """Begins to record the greatest distances; `replies` grows with every reply."""
        if self._reached:
            self._task = asyncio.create_task(self._observe(replies, already))

    async def caught_up(self, events: int) -> dict[str, float]:
        """Returns when all events are handled; says how many were outstanding, and for how long (s)."""
        began = time.perf_counter()
        seen: dict[str, float] = {}
        while len(seen) < len(self._reached):
            for name, reached in self._reached.items():
                if name not in seen and reached() >= events:
                    seen[name] = time.perf_counter() - began
            await asyncio.sleep(POLL)
        behind = {f"{name} behind": float(most) for name, most in self._behind.items()}
        return behind | {f"{name} caught up in s": seconds for name, seconds in seen.items()}

    async def _observe(self, replies: Sequence[object], already: int) -> None:
        while True:
            for name, reached in self._reached.items():
                distance = already + len(replies) - reached()
                self._behind[name] = max(self._behind[name], distance)
            await asyncio.sleep(INTERVAL)
