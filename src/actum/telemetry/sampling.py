"""Sampling of requests: which are traced is decided before a span is made, because most are not."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from opentelemetry.context import Context, create_key, set_value
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

_CHOSEN = create_key("actum-chosen")
CHOSEN: Context = set_value(_CHOSEN, True, Context())
"""The context of the first span of a trace that was chosen."""
in_unsampled: ContextVar[bool] = ContextVar("actum_in_unsampled", default=False)
"""Whether what runs belongs to a request that was not chosen: nothing in it begins a trace of its own."""
DROPPED = SamplingResult(Decision.DROP)


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


def share_of(environment: Mapping[str, str]) -> float:
    """Gives the share of requests that the environment wants traced; 1 where it names another sampler."""
    name = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if name.endswith("always_off"):
        return 0.0
    if not name.endswith("traceidratio"):
        return 1.0
    try:
        return float(environment.get("OTEL_TRACES_SAMPLER_ARG", ""))
    except ValueError:
        return 1.0
