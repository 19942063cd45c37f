"""Drives the coroutine of a workflow's `run`, in development without input, output, clock and chance."""

from collections.abc import Coroutine, Generator
from typing import Any

from actum.runtime.entities.input_output_guard import InputOutputGuard

outside_steps: InputOutputGuard = InputOutputGuard(
    "the run of a workflow",
    "outside a step it only decides, because it is called again after a restart; do this in a step, "
    "await self.step(function, …)",
    {
        "clock": "use self.now, which is the same when run is called again after a restart",
        "random": "use self.new_id() or self.random(), which give the same when run is called again",
        "sleep": "use await self.sleep(…), which goes on after a restart",
    },
)


class GuardedRun(Generator[Any, Any, Any]):
    """A coroutine each of whose stretches between two awaits runs in a guard."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], guard: InputOutputGuard) -> None:
        self._coroutine = coroutine
        self._guard = guard

    def __repr__(self) -> str:
        return f"<GuardedRun of {self._coroutine!r}>"

    def __await__(self) -> "GuardedRun":
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Runs it to its next await."""
        with self._guard:
            return self._coroutine.send(value)

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Any:
        """Raises an exception at the await."""
        with self._guard:
            return self._coroutine.throw(kind if value is None else value)

    def close(self) -> None:
        """Closes it."""
        self._coroutine.close()
