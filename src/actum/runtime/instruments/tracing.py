"""Traces: spans of what runs in this process, if an application brings a tracer, and the way to the next."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from actum.model.event import with_json_field
from actum.runtime.instruments.instruments import Instruments, Kind, Work

T = TypeVar("T")

FIELD = b"traceparent"
_MARK = b'"traceparent":"'
_LENGTH = 55
"""Characters of a `traceparent` of W3C Trace Context."""

Attributes = Mapping[str, str | int]


class Span(Protocol):
    """A span in a block: it begins and ends with that, and what runs in the block belongs to it.

    One that is not `is_kept` keeps nothing that is said of it.
    """

    @property
    def is_kept(self) -> bool: ...

    def __enter__(self) -> "Span": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None: ...

    def say(self, attributes: Attributes, *, name: str | None = None, is_failure: bool = False) -> None:
        """Adds what is known by now."""
        ...


class Tracer(Protocol):
    """Makes spans; one that is not sampled has no spans below it either."""

    def request(self, name: str, headers: Mapping[bytes, bytes]) -> Span:
        """Makes the span of a request: in the trace of its caller, or the first of its own."""
        ...

    def root(self, kind: Kind, name: str) -> Span:
        """Makes the first span of a trace, for work that no other work has caused."""
        ...

    def child(self, kind: Kind, name: str) -> Span:
        """Makes a span below the one that runs; none if that is not sampled, or there is none."""
        ...

    def continuation(self, kind: Kind, name: str, traceparent: str) -> Span:
        """Makes a span in a trace that came with an event, message, timer or workflow; none for ""."""
        ...

    def batch(self, kind: Kind, name: str, traceparents: Sequence[str]) -> Span:
        """Makes a span in each of several traces, for work that was done for all of them at once."""
        ...

    def is_sampled(self) -> bool:
        """Returns whether the span that runs is sampled; False where there is none."""
        ...

    def traceparent(self) -> str:
        """Returns the span that runs, as W3C Trace Context writes it; "" if there is none, or not sampled."""
        ...

    def headers(self) -> dict[str, str]:
        """Returns the headers that have another service continue the trace; none outside of one."""
        ...

    def ids(self) -> tuple[str, str] | None:
        """Returns the ids of the trace and of the span that runs, in hexadecimal; None if there is none."""
        ...


class NoSpan:
    """The span of what nobody traces."""

    is_kept = False

    def __repr__(self) -> str:
        return "<NoSpan>"

    def __enter__(self) -> "NoSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        pass

    def say(self, attributes: Attributes, *, name: str | None = None, is_failure: bool = False) -> None:
        """Keeps nothing."""


NO_SPAN = NoSpan()


class Tracing:
    """The tracer of this process, if it has one; it is there before an application starts."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None

    def __repr__(self) -> str:
        return f"<Tracing with {self.tracer!r}>"

    @property
    def is_on(self) -> bool:
        """Whether spans are made."""
        return self.tracer is not None

    def span(self, kind: Kind, name: str) -> Span:
        """Makes a span below the one that runs, if that is traced."""
        return NO_SPAN if self.tracer is None else self.tracer.child(kind, name)

    def traceparent(self) -> str:
        """Returns the span that runs, for what it causes; "" if there is none, or not sampled."""
        return "" if self.tracer is None else self.tracer.traceparent()

    def headers(self) -> dict[str, str]:
        """Returns the headers that have another service continue the trace; none outside of one."""
        return {} if self.tracer is None else self.tracer.headers()

    def ids(self) -> tuple[str, str] | None:
        """Returns the ids of the trace and of the span that runs, in hexadecimal; None if there is none."""
        return None if self.tracer is None else self.tracer.ids()

    def continuation(self, kind: Kind, name: str, traceparent: Callable[[], str]) -> Span:
        """Makes a span in the trace that an item came with, if there is a tracer."""
        return NO_SPAN if self.tracer is None else self.tracer.continuation(kind, name, traceparent())

    def batch(self, kind: Kind, name: str, metadata: Callable[[], Sequence[bytes]]) -> Span:
        """Makes a span in each trace that the metadata of some events name, if there is a tracer."""
        if self.tracer is None:
            return NO_SPAN
        found = [traceparent_in(written) for written in metadata() if _MARK in written]
        return self.tracer.batch(kind, name, found) if found else NO_SPAN

    def stamped(self, metadata: bytes) -> bytes:
        """Returns the metadata of events, as JSON, with the span in which they are written."""
        if self.tracer is None or _MARK in metadata:
            return metadata
        traceparent = self.tracer.traceparent()
        return with_json_field(metadata, FIELD, b'"%b"' % traceparent.encode()) if traceparent else metadata


def traceparent_in(metadata: bytes) -> str:
    """Returns the span in which events were written, from their metadata; "" if that is not recorded."""
    place = metadata.find(_MARK)
    if place < 0:
        return ""
    begin = place + len(_MARK)
    return metadata[begin : begin + _LENGTH].decode("ascii", "replace")


tracing = Tracing()


async def observed(instruments: Instruments, kind: Kind, name: str, doing: Awaitable[T]) -> T:
    """Awaits something, and reports it, with a span below the one that runs, if anybody wants to know."""
    if not (instruments.has_listeners or tracing.is_on):
        return await doing
    with instruments.measuring(Work(kind, name)), tracing.span(kind, name):
        return await doing
