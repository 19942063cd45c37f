"""What a workflow waits for while nothing of it runs, and how many parts of it could run."""

import asyncio
from collections.abc import Callable


class Parked:
    """The parts of one `run` that wait, for a time or until they are woken.

    `on_quiet` is called when every part waits and nothing else is under way: the workflow can leave memory.
    `on_busy` is called when parts wait and others do not.
    `branches` is how many parts there are: those beside one another in a gather, or one.
    """

    def __init__(self, on_quiet: Callable[[], None], on_busy: Callable[[], None]) -> None:
        self.branches = 1
        self.under_way = 0
        self._on_quiet = on_quiet
        self._on_busy = on_busy
        self._waits: dict[asyncio.Future[None], int | None] = {}

    def __repr__(self) -> str:
        return f"<Parked, {len(self._waits)} of {self.branches} wait, {self.under_way} under way>"

    @property
    def due(self) -> int | None:
        """The earliest time that one of them waits for."""
        return min((due for due in self._waits.values() if due is not None), default=None)

    @property
    def is_quiet(self) -> bool:
        """Whether every part waits."""
        return bool(self._waits) and not self.under_way and len(self._waits) >= self.branches

    async def wait(self, due: int | None) -> None:
        """Waits until `wake` is called; the caller then looks whether what it waits for has come."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits[woken] = due
        self.look()
        try:
            await woken
        finally:
            del self._waits[woken]

    def wake(self) -> None:
        """Wakes every part that waits."""
        for woken in self._waits:
            if not woken.done():
                woken.set_result(None)

    def look(self) -> None:
        """Looks, once the parts that could run now have run, whether all of them wait."""
        self._look_again(8)

    def _look_again(self, times: int) -> None:
        # A part that the author made a task of its own goes on some iterations of the loop later.
        if any(woken.done() for woken in self._waits):
            return
        if not self.is_quiet:
            if self._waits:
                self._on_busy()
            return
        if times:
            asyncio.get_running_loop().call_soon(self._look_again, times - 1)
        else:
            self._on_quiet()
