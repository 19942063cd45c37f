"""The one place to which the parts of a process report what happens in them."""

import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Protocol, cast

from msgspec import Struct

from actum.errors import CallerError
from actum.model.error_text import error_text
from actum.runtime.containment import comes_from_outside
from actum.runtime.instruments.catalog_of_metrics import Metric

Kind = Literal[
    "request",
    "command",
    "query",
    "load",
    "commit",
    "view",
    "view query",
    "action",
    "queue",
    "clock",
    "timer",
    "step",
    "workflow",
]

log: logging.Logger = logging.getLogger("actum.instruments")


class Work(Struct, frozen=True, cache_hash=True):
    """What is done: its kind, and the name of a command (`Account.deposit`), view or action, or a route.

    `detail` tells apart what has one name: the class of a response's status, such as `2xx`.
    """

    kind: Kind
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.name, self.detail) if part)


COMMIT = Work("commit", "")
LOAD = Work("load", "")


class Sample(Struct, frozen=True):
    """The value that a gauge has now, for these values of its labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class Listener(Protocol):
    """Receives what happens, at once and in the event loop; so its methods must return quickly."""

    def ended(self, work: Work, seconds: float, count: int) -> None:
        """Receives that work is done; `count` is how many commands, events or entities it was for."""

    def refused(self, work: Work, seconds: float, error: str) -> None:
        """Receives that work was refused, because the call could not succeed, and why, in one line."""

    def failed(self, work: Work, seconds: float, error: str) -> None:
        """Receives that work has failed, and why, in one line."""

    def waited(self, work: Work, seconds: float) -> None:
        """Receives for how long a caller has waited for some work."""

    def lagged(self, work: Work, behind: int) -> None:
        """Receives how many events or items are still to be done, 0 if none."""

    def counted(self, metric: Metric, labels: tuple[str, ...], amount: int) -> None:
        """Receives that something else has happened so many times."""

    def sampled(self, samples: Sequence[Sample]) -> None:
        """Receives the values of all gauges; those that are missing have none any more."""


class TakesTimes(Protocol):
    """A listener of which nothing more than the time is kept where work is done that happens very often."""

    def ending(self, work: Work) -> Callable[[float], None]:
        """Returns what receives the seconds of such work each time that it is done."""
        ...


class HearsStarts(Protocol):
    """A listener that also wants to know what has begun and not yet ended."""

    def started(self, work: Work) -> None:
        """Receives that work has begun."""


class Instruments:
    """Passes what the parts of a process report on to the listeners, which are chosen at the start.

    What happens for each command, item or request is only reported if it `has_listeners`, so that it costs
    nothing otherwise. A listener that fails harms neither the work nor other listeners.
    """

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self.listeners: tuple[Listener, ...] = tuple(listeners)
        # By its class: whatever a listener does when it is asked, the process starts.
        self._starting = tuple(cast(HearsStarts, one) for one in listeners if hasattr(type(one), "started"))
        self._broken: set[int] = set()
        self._endings: dict[Work, Callable[[float], None]] = {}
        self.hears_starts: bool = bool(self._starting)
        self.has_listeners: bool = bool(listeners)

    def __repr__(self) -> str:
        return f"<Instruments, {len(self.listeners)} listeners>"

    def measuring(self, work: Work, count: int = 1) -> "Measuring":
        """Reports the work in its block: that it has started, and that it has ended, was refused or failed.

        Of work that is cancelled, because the process stops or its caller has left, no end is reported.
        """
        return Measuring(self, work, count)

    def started(self, work: Work) -> None:
        """Reports that work has begun."""
        for listener in self._starting:
            try:
                listener.started(work)
            except Exception as error:  # noqa: BLE001 (the work itself must go on)
                self._note_broken(listener, error)

    def ended(self, work: Work, seconds: float, count: int = 1) -> None:
        """Reports that work is done, after so many seconds, for so many commands, events or entities."""
        for listener in self.listeners:
            try:
                listener.ended(work, seconds, count)
            except Exception as error:  # noqa: BLE001 (the work itself must go on)
                self._note_broken(listener, error)

    def ending(self, work: Work) -> Callable[[float], None]:
        """Returns what reports that such work is done, after so many seconds.

        For what happens with each request: to find the listener, and its place for the work, costs more than
        to add the time.
        """
        return self._endings.get(work) or self._endings.setdefault(work, self._ending(work))

    def stopped(self, work: Work, error: BaseException, seconds: float) -> None:
        """Reports that work was refused or has failed, by its error; nothing of work that is cancelled."""
        if isinstance(error, CallerError):
            self.refused(work, error_text(error), seconds)
        elif not comes_from_outside(error):
            self.failed(work, error_text(error), seconds)

    def refused(self, work: Work, error: str, seconds: float = 0.0) -> None:
        """Reports that work was refused after so many seconds."""
        self._notify(lambda listener: listener.refused(work, seconds, error))

    def failed(self, work: Work, error: str, seconds: float = 0.0) -> None:
        """Reports that work has failed after so many seconds."""
        self._notify(lambda listener: listener.failed(work, seconds, error))

    def waited(self, work: Work, seconds: float) -> None:
        """Reports for how many seconds a caller has waited for some work."""
        self._notify(lambda listener: listener.waited(work, seconds))

    def lagged(self, work: Work, behind: int) -> None:
        """Reports how many events or items of some work are still to be done."""
        self._notify(lambda listener: listener.lagged(work, behind))

    def counted(self, metric: Metric, *labels: str, amount: int = 1) -> None:
        """Reports that something has happened that is no work, so many times."""
        self._notify(lambda listener: listener.counted(metric, labels, amount))

    def sampled(self, samples: Sequence[Sample]) -> None:
        """Reports the values of all gauges."""
        self._notify(lambda listener: listener.sampled(samples))

    def _ending(self, work: Work) -> Callable[[float], None]:
        if len(self.listeners) == 1 and hasattr(type(self.listeners[0]), "ending"):
            return cast(TakesTimes, self.listeners[0]).ending(work)
        return lambda seconds: self.ended(work, seconds)

    def _notify(self, notify: Callable[[Listener], Any]) -> None:
        for listener in self.listeners:
            try:
                notify(listener)
            except Exception as error:  # noqa: BLE001 (the work itself must go on)
                self._note_broken(listener, error)

    def _note_broken(self, listener: object, error: Exception) -> None:
        if id(listener) not in self._broken:
            self._broken.add(id(listener))
            log.warning("%r fails, and is called further on: %s", listener, error_text(error))


class Measuring:
    """Reports the work in its block; a class, because a generator for each command would cost twice that."""

    __slots__ = ("_began", "_count", "_instruments", "_work")

    def __init__(self, instruments: Instruments, work: Work, count: int) -> None:
        self._instruments = instruments
        self._work = work
        self._count = count
        self._began = 0.0

    def __enter__(self) -> None:
        if self._instruments.has_listeners:
            self._instruments.started(self._work)
            self._began = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        instruments = self._instruments
        if not instruments.has_listeners:
            return
        seconds = perf_counter() - self._began
        if error is None:
            instruments.ended(self._work, seconds, self._count)
        else:
            instruments.stopped(self._work, error, seconds)


SILENT = Instruments()
"""Instruments without listeners."""
