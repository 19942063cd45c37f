"""The listeners to what happens in a process: a new metric is a listener that is listed here."""

from collections.abc import Callable

from actum.runtime.instruments.instruments import Instruments, Listener
from actum.runtime.instruments.log_listener import LogListener
from actum.runtime.instruments.metrics import Metrics

LISTENERS: tuple[tuple[Callable[[], bool], Callable[[], Listener]], ...] = (
    (LogListener.is_wanted, LogListener),
    (Metrics.is_wanted, Metrics),
)
"""Whether a listener is wanted, which is asked at the start, and how it is made."""


def open_instruments() -> Instruments:
    """Makes the instruments of a process that starts, with the listeners that are wanted."""
    return Instruments([make() for is_wanted, make in LISTENERS if is_wanted()])
