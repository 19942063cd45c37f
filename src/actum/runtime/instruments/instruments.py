"""The one place to which the parts of a process report what happens in them."""

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
    """Receives what happens, at once and in the event loop; so its methods must return quickly."""

    def started(self, work: Work) -> None:
        """Receives that work has begun."""

    def ended(self, work: Work, seconds: float, count: int) -> None:
        """Receives that work is done; `count` is how many commands, events or entities it was for."""

    def failed(self, work: Work, seconds: float, error: str) -> None:
        """Receives that work has failed, and why, in one line."""

    def waited(self, work: Work, seconds: float) -> None:
        """Receives for how long a caller has waited for some work."""

    def lagged(self, work: Work, behind: int) -> None:
        """Receives how many events or items are still to be done, 0 if none."""


class Instruments:
    """Passes what the parts of a process report on to the listeners, which are chosen at the start.

    What happens for each command, item or request is only reported if it `has_listeners`, so that it costs
    nothing otherwise. A listener that fails harms neither the work nor other listeners.
    """

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners = tuple(listeners)
        self._broken: set[int] = set()
        self.has_listeners: bool = bool(listeners)

    def __repr__(self) -> str:
        return f"<Instruments, {len(self._listeners)} listeners>"

    @contextmanager
    def measuring(self, work: Work, count: int = 1) -> Iterator[None]:
        """Reports the work in its block: that it has started, and that it has ended or failed.

        Of work that is cancelled, because the process stops or its caller has left, no end is reported.
        """
        if not self.has_listeners:
            yield
            return
        self._notify(lambda listener: listener.started(work))
        began = perf_counter()
        try:
            yield
        except BaseException as error:
            if not comes_from_outside(error):
                self.failed(work, error_text(error), perf_counter() - began)
            raise
        seconds = perf_counter() - began
        self._notify(lambda listener: listener.ended(work, seconds, count))

    def failed(self, work: Work, error: str, seconds: float = 0.0) -> None:
        """Reports that work has failed after so many seconds."""
        self._notify(lambda listener: listener.failed(work, seconds, error))

    def waited(self, work: Work, seconds: float) -> None:
        """Reports for how many seconds a caller has waited for some work."""
        self._notify(lambda listener: listener.waited(work, seconds))

    def lagged(self, work: Work, behind: int) -> None:
        """Reports how many events or items of some work are still to be done."""
        self._notify(lambda listener: listener.lagged(work, behind))

    def _notify(self, notify: Callable[[Listener], Any]) -> None:
        for place, listener in enumerate(self._listeners):
            try:
                notify(listener)
            except Exception as error:  # noqa: BLE001 (the work itself must go on)
                if place not in self._broken:
                    self._broken.add(place)
                    log.warning("%r fails, and is called further on: %s", listener, error_text(error))


SILENT = Instruments()
"""Instruments without listeners."""
