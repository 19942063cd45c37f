"""Sampling of requests: which are traced is decided before a span is made, because most are not."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from math import inf

from opentelemetry.context import Context, create_key, set_value
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from actum.runtime.clock import SECOND, Clock, SystemClock

_CHOSEN = create_key("actum-chosen")
CHOSEN: Context = set_value(_CHOSEN, True, Context())
"""The context of the first span of a trace that was chosen."""
in_unsampled: ContextVar[bool] = ContextVar("actum_in_unsampled", default=False)
"""Whether what runs belongs to a request that was not chosen: nothing in it begins a trace of its own."""
DROPPED = SamplingResult(Decision.DROP)

Choice = Callable[[], bool]
"""Says whether the next trace is begun."""
A_SECOND = "ACTUM_TRACES_A_SECOND"
TRACES_A_SECOND = 10.0
"""Traces that a process begins a second unless it is told otherwise: they take some 2 ms of it."""
BURST = 10
"""Seconds whose traces may be begun at once, after as many in which there was nothing to trace."""

log: logging.Logger = logging.getLogger("actum.telemetry")


class SomeASecond:
    """Chooses every trace while there are few, and a number of them a second where there are more."""

    def __init__(self, a_second: float, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._rate = a_second / SECOND
        self._most = a_second * BURST
        self._left = self._most
        self._seen = self._clock.now()

    def __repr__(self) -> str:
        return f"<SomeASecond {self._rate * SECOND:g}>"

    def __call__(self) -> bool:
        """Says whether the next trace is begun."""
        now = self._clock.now()
        # The clock may have been set back.
        self._left = min(self._most, self._left + max(now - self._seen, 0) * self._rate)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ChosenFirst(Sampler):
    """Samples what was chosen before its span was made, and asks another sampler about the rest."""

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Returns whether a span is sampled."""
        if parent_context is not None and _CHOSEN in parent_context:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        if in_unsampled.get() and not get_current_span(parent_context).get_span_context().is_valid:
            return DROPPED
        return self._inner.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state=trace_state
        )

    def get_description(self) -> str:
        """Returns what the other sampler is called."""
        return self._inner.get_description()


def choice_of(environment: Mapping[str, str]) -> Choice | None:
    """Gives what chooses new traces, as the environment wants it; None where a provider's sampler does.

    Where it names no sampler, so many traces a second are begun.
    """
    name = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if not name:
        return SomeASecond(_a_second(environment.get(A_SECOND, "")))
    if name.endswith("always_off"):
        return _never
    if not name.endswith("traceidratio"):
        return None
    try:
        share = float(environment.get("OTEL_TRACES_SAMPLER_ARG", ""))
    except ValueError:
        return None
    return None if share >= 1 else partial(SystemClock().chance, share)


def _never() -> bool:
    return False


def _a_second(written: str) -> float:
    try:
        wanted = float(written or TRACES_A_SECOND)
    except ValueError:
        wanted = -1.0
    if 0 <= wanted < inf:
        return wanted
    log.warning("%s=%s is not a number of traces: %g are begun a second", A_SECOND, written, TRACES_A_SECOND)
    return TRACES_A_SECOND
