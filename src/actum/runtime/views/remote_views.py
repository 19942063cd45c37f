"""The views that other processes follow: how far they are, read while somebody waits for it."""

import asyncio
from collections.abc import Callable

from actum.ports.database import Database, ViewState

FIRST_PAUSE = 0.003
MAX_PAUSE = 0.1

IsEnough = Callable[[ViewState], bool]


class RemoteViews:
    """Reads the checkpoints that other processes write; concurrent callers share a read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looking: asyncio.Task[dict[str, ViewState]] | None = None
        self._known: dict[str, ViewState] = {}

    def __repr__(self) -> str:
        return f"<RemoteViews, {len(self._known)} views known>"

    def known(self, name: str) -> ViewState | None:
        """Returns the generation that served at the last read."""
        return self._known.get(name)

    def forget(self, name: str) -> None:
        """Discards what is known, because it is out of date."""
        self._known.pop(name, None)

    async def live(self, name: str, is_enough: IsEnough) -> ViewState:
        """Waits until the generation of a view that serves is far enough, and returns it."""
        state = self._known.get(name)
        pause = FIRST_PAUSE
        while state is None or not is_enough(state):
            state = (await self._look()).get(name)
            if state is not None and is_enough(state):
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)
        return state

    async def _look(self) -> dict[str, ViewState]:
        if self._looking is None:
            self._looking = asyncio.create_task(self._read(), name="look at views elsewhere")
        # A caller that gives up must not cancel the read for the others.
        return await asyncio.shield(self._looking)

    async def _read(self) -> dict[str, ViewState]:
        try:
            self._known = {state.name: state for state in await self._database.views() if state.is_live}
            return self._known
        finally:
            self._looking = None
