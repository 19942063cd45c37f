"""Spans of OpenTelemetry for what an application does."""

import re
from collections.abc import Mapping, Sequence
from contextvars import Token

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actum.errors import CallerError
from actum.runtime.containment import comes_from_outside
from actum.runtime.instruments.instruments import Kind
from actum.runtime.instruments.tracing import NO_SPAN, Attributes, Span
from actum.telemetry.sampling import CHOSEN, Choice, in_unsampled

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
MAX_TRACES = 20
"""Traces in which one batch has a span."""
MAX_LINKS = 100
KINDS: dict[Kind, SpanKind] = {
    "request": SpanKind.SERVER,
    "action": SpanKind.CONSUMER,
    "queue": SpanKind.CONSUMER,
    "timer": SpanKind.CONSUMER,
}
"""The kinds of spans that are not internal."""

_propagator = TraceContextTextMapPropagator()


class OpenTelemetryTracer:
    """Makes spans with the tracer of a provider, which decides what is sampled and where spans go.

    With a `choice`, which needs a provider with the sampler ChosenFirst, that says which traces are begun: a
    provider takes 8 µs to say no.
    """

    def __init__(self, provider: trace.TracerProvider, choice: Choice | None = None) -> None:
        self._tracer: trace.Tracer = provider.get_tracer("actum")
        self._choice = choice

    def __repr__(self) -> str:
        return "<OpenTelemetryTracer>"

    def request(self, name: str, headers: Mapping[bytes, bytes]) -> Span:
        """Makes the span of a request: below one that surrounds it, in the caller's trace, or the first."""
        around = get_current()
        if around and trace.get_current_span(around).get_span_context().is_valid:
            return self._begin("request", name, None)
        if b"traceparent" in headers:
            caller = _caller(headers)
            if trace.get_current_span(caller).get_span_context().is_valid:
                return self._begin("request", name, caller)
        if self._choice is None:
            return self._begin("request", name, Context())
        return self._begin("request", name, CHOSEN) if self._choice() else UnsampledRequest()

    def root(self, kind: Kind, name: str) -> Span:
        """Makes the first span of a trace."""
        if self._choice is None:
            return self._begin(kind, name, Context())
        return self._begin(kind, name, CHOSEN) if self._choice() else NO_SPAN

    def child(self, kind: Kind, name: str) -> Span:
        """Makes a span below the one that runs, if that is sampled."""
        return self._begin(kind, name, None) if self.is_sampled() else NO_SPAN

    def continuation(self, kind: Kind, name: str, traceparent: str) -> Span:
        """Makes a span in a trace that came from outside this task, if that is sampled."""
        parent = _read(traceparent)
        if parent is None:
            return NO_SPAN
        return self._begin(kind, name, set_span_in_context(NonRecordingSpan(parent), Context()))

    def batch(self, kind: Kind, name: str, traceparents: Sequence[str]) -> Span:
        """Makes a span in each trace, below the first span of it that is named, with links to the others."""
        traces: dict[int, list[SpanContext]] = {}
        for traceparent in dict.fromkeys(traceparents):
            parent = _read(traceparent)
            if parent is not None and (parent.trace_id in traces or len(traces) < MAX_TRACES):
                traces.setdefault(parent.trace_id, []).append(parent)
        return BatchSpan(
            [
                self._tracer.start_span(
                    _named(kind, name),
                    set_span_in_context(NonRecordingSpan(first), Context()),
                    KINDS.get(kind, SpanKind.INTERNAL),
                    {"actum.kind": kind},
                    [Link(other) for other in others[:MAX_LINKS]],
                )
                for first, *others in traces.values()
            ]
        )

    def is_sampled(self) -> bool:
        """Returns whether the span that runs is sampled."""
        # Asked of each command, most of which are in no trace; to look at the span takes six calls.
        around = get_current()
        return bool(around and trace.get_current_span(around).get_span_context().trace_flags.sampled)

    def traceparent(self) -> str:
        """Returns the span that runs, as W3C Trace Context writes it; "" if it is not sampled."""
        if not self.is_sampled():
            return ""
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            return ""
        return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags) & 0xFF:02x}"

    def headers(self) -> dict[str, str]:
        """Returns `traceparent`, which says too that a trace is not sampled, and `tracestate`."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier

    def ids(self) -> tuple[str, str] | None:
        """Returns the ids of the trace and of the span that runs, sampled or not."""
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            return None
        return f"{span.trace_id:032x}", f"{span.span_id:016x}"

    def _begin(self, kind: Kind, name: str, context: Context | None) -> Span:
        attributes: dict[str, str | int] = {"actum.kind": kind}
        span_kind = KINDS.get(kind, SpanKind.INTERNAL)
        return RunningSpan(self._tracer.start_span(_named(kind, name), context, span_kind, attributes))


class RunningSpan:
    """A span that is the current one of its block, of the author's libraries too."""

    __slots__ = ("_span", "_token")
    is_kept = True

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Context] | None = None

    def __repr__(self) -> str:
        return f"<RunningSpan {self._span!r}>"

    def __enter__(self) -> "RunningSpan":
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._token is not None:
            detach(self._token)
        if error is not None:
            _note(self._span, error)
        self._span.end()

    def say(self, attributes: Attributes, *, name: str | None = None, is_failure: bool = False) -> None:
        """Adds what is known by now."""
        if not self._span.is_recording():
            return
        if name is not None:
            self._span.update_name(name)
        self._span.set_attributes(attributes)
        if is_failure:
            self._span.set_status(Status(StatusCode.ERROR))


class UnsampledRequest:
    """What stands for the span of a request that was not chosen."""

    __slots__ = ("_token",)
    is_kept = False

    def __repr__(self) -> str:
        return "<UnsampledRequest>"

    def __enter__(self) -> "UnsampledRequest":
        self._token: Token[bool] = in_unsampled.set(True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        in_unsampled.reset(self._token)

    def say(self, attributes: Attributes, *, name: str | None = None, is_failure: bool = False) -> None:
        """Keeps nothing."""


class BatchSpan:
    """Spans in several traces for the same work; none of them is the current one."""

    __slots__ = ("_spans",)
    is_kept = True

    def __init__(self, spans: Sequence[trace.Span]) -> None:
        self._spans = spans

    def __repr__(self) -> str:
        return f"<BatchSpan of {len(self._spans)} traces>"

    def __enter__(self) -> "BatchSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        for span in self._spans:
            if error is not None:
                _note(span, error)
            span.end()

    def say(self, attributes: Attributes, *, name: str | None = None, is_failure: bool = False) -> None:
        """Adds what is known by now."""
        for span in self._spans:
            span.set_attributes(attributes)


def _named(kind: Kind, name: str) -> str:
    return name if kind == "request" else f"{kind} {name}".rstrip()


def _note(span: trace.Span, error: BaseException) -> None:
    """Notes an error by its class: its text may name personal data, which a trace must not keep."""
    if not span.is_recording():
        return
    if isinstance(error, CallerError):
        span.set_attribute("actum.refused", type(error).__name__)
    elif not comes_from_outside(error):
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR, type(error).__qualname__))


def _read(traceparent: str) -> SpanContext | None:
    """Reads a span of another task or process; None for none, or one that is not sampled."""
    found = TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    flags = TraceFlags(int(found[3], 16))
    parent = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
    return parent if parent.is_valid and flags.sampled else None


def _caller(headers: Mapping[bytes, bytes]) -> Context:
    """Reads the span of a request's caller; an empty context if it names none."""
    carrier = {
        name: headers[name.encode()].decode("latin-1")
        for name in ("traceparent", "tracestate")
        if name.encode() in headers
    }
    return _propagator.extract(carrier, Context())
