"""Spans as a test reads them: those of a tracer of its own, kept in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

from actum.runtime.instruments.tracing import tracing
from actum.telemetry.sampling import Choice, ChosenFirst
from actum.telemetry.spans import OpenTelemetryTracer


class Spans:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def __repr__(self) -> str:
        return f"<Spans {self.names}>"

    @property
    def ended(self) -> list[ReadableSpan]:
        """All of them, in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.ended]

    @property
    def traces(self) -> set[int]:
        """The ids of the traces that they belong to."""
        return {span.context.trace_id for span in self.ended if span.context is not None}

    def parents(self) -> dict[str, str]:
        """The name of the span above each, by name; "" above the first of a trace."""
        by_id = {span.context.span_id: span.name for span in self.ended if span.context is not None}
        return {
            span.name: "" if span.parent is None else by_id.get(span.parent.span_id, "another process")
            for span in self.ended
        }

    def of(self, name: str) -> ReadableSpan:
        """The only span of a name."""
        [span] = [span for span in self.ended if span.name == name]
        return span


@contextmanager
def traced(
    sampler: Sampler = ParentBased(ALWAYS_ON),  # noqa: B008 (it has no state)
    choice: Choice | None = None,
) -> Iterator[Spans]:
    """Traces what starts in the block, or what of it is chosen, and gives its spans."""
    if choice is not None:
        sampler = ChosenFirst(sampler)
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.tracer = OpenTelemetryTracer(provider, choice)
    try:
        yield Spans(exporter)
    finally:
        tracing.tracer = None
        provider.shutdown()
