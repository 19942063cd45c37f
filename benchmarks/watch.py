"""How far views and actions are behind what callers have been told, and how soon they have caught up."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from actum import App, Context
from benchmarks.bank import attached, bell

LOOK = 0.005
POLL = 0.0005

Reach = Callable[[], int]


class Watch:
    """Looks at the view and the action of the application that has them; of another it says nothing."""

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

    def look(self, told: Sequence[object], *, already: int) -> None:
        """Begins to note the greatest distances, where `told` grows with every reply."""
        if self._reached:
            self._task = asyncio.create_task(self._look(told, already))

    async def caught_up(self, events: int) -> dict[str, float]:
        """Returns when all events are taken in; says how many behind they were, and for how long (s)."""
        began = time.perf_counter()
        seen: dict[str, float] = {}
        while len(seen) < len(self._reached):
            for name, reached in self._reached.items():
                if name not in seen and reached() >= events:
                    seen[name] = time.perf_counter() - began
            await asyncio.sleep(POLL)
        behind = {f"{name} behind": float(most) for name, most in self._behind.items()}
        return behind | {f"{name} caught up in s": seconds for name, seconds in seen.items()}

    async def _look(self, told: Sequence[object], already: int) -> None:
        while True:
            for name, reached in self._reached.items():
                distance = already + len(told) - reached()
                self._behind[name] = max(self._behind[name], distance)
            await asyncio.sleep(LOOK)
