"""The one place through which the parts of a process tell what happens in them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Literal, Protocol

from msgspec import Struct

from actum.model.error_text import error_text
from actum.runtime.containment import comes_from_outside

Kind = Literal["request", "command", "query", "load", "commit", "view", "action"]

log: logging.Logger = logging.getLogger("actum.instruments")


class Work(Struct, frozen=True):
    """What is done: its kind, and the name of a command (`Account.deposit`), view or action, or a path."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


COMMIT = Work("commit", "")
LOAD = Work("load", "")


class Listener(Protocol):
    """Somebody who is told what happens, at once and in the event loop; so a listener must return quickly."""

    def started(self, work: Work) -> None:
        """Takes note that work has begun."""

    def ended(self, work: Work, seconds: float, count: int) -> None:
        """Takes note that work is done; `count` is how many commands, events or entities it was for."""

    def failed(self, work: Work, seconds: float, error: str) -> None:
        """Takes note that work has failed, for the reason given in one line."""

    def waited(self, work: Work, seconds: float) -> None:
        """Takes note that somebody has waited for work of others."""

    def lagged(self, work: Work, behind: int) -> None:
        """Takes note of how many events or items are still to be done, 0 if none."""


class Instruments:
    """Tells listeners what the parts of a process tell it.

    Who listens is known at the start. What is told for each command, item or request is only told if anybody
    listens (`is_heard`), so that it costs nothing otherwise. A listener that fails harms neither the work nor
    other listeners.
    """

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners = tuple(listeners)
        self._broken: set[int] = set()
        self.is_heard: bool = bool(listeners)

    def __repr__(self) -> str:
        return f"<Instruments, {len(self._listeners)} listeners>"

    @contextmanager
    def doing(self, work: Work, count: int = 1) -> Iterator[None]:
        """Tells of the work in its block: that it has started, and that it has ended or failed.

        What is interrupted, because the process stops or whoever asked has left, has ended for nobody.
        """
        if not self.is_heard:
            yield
            return
        self._tell(lambda listener: listener.started(work))
        began = perf_counter()
        try:
            yield
        except BaseException as error:
            if not comes_from_outside(error):
                self.failed(work, error_text(error), perf_counter() - began)
            raise
        seconds = perf_counter() - began
        self._tell(lambda listener: listener.ended(work, seconds, count))

    def failed(self, work: Work, error: str, seconds: float = 0.0) -> None:
        """Tells that work has failed after so many seconds."""
        self._tell(lambda listener: listener.failed(work, seconds, error))

    def waited(self, work: Work, seconds: float) -> None:
        """Tells that somebody has waited for work of others, for so many seconds."""
        self._tell(lambda listener: listener.waited(work, seconds))

    def lagged(self, work: Work, behind: int) -> None:
        """Tells how many events or items of a work are still to be done."""
        self._tell(lambda listener: listener.lagged(work, behind))

    def _tell(self, tell: Callable[[Listener], Any]) -> None:
        for place, listener in enumerate(self._listeners):
            try:
                tell(listener)
            except Exception as error:  # noqa: BLE001 (what it is told of must go on)
                if place not in self._broken:
                    self._broken.add(place)
                    log.warning(
                        "%r fails at what it is told, and is told on: %s", listener, error_text(error)
                    )


SILENT = Instruments()
"""Those to which nobody listens."""
