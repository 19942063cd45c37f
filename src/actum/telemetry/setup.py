"""The provider of spans of a process whose application brings none: it sends them by OTLP over HTTP."""

import asyncio
import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from actum.runtime.clock import SystemClock
from actum.telemetry.sampling import ChosenFirst

PATIENCE = 2.0
"""Seconds that spans have to be sent when an application stops."""


class OwnProvider:
    """A provider, and the exporter behind it."""

    def __init__(self, name: str) -> None:
        self.provider: TracerProvider = TracerProvider(resource=resource(name))
        self.provider.sampler = ChosenFirst(self.provider.sampler)
        self._exporter: SpanExporter = OTLPSpanExporter()
        self.provider.add_span_processor(BatchSpanProcessor(self._exporter))
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            # The libraries of the application are traced by it too. A process has one for all its life.
            trace.set_tracer_provider(self.provider)

    def __repr__(self) -> str:
        return "<OwnProvider>"

    async def close(self) -> None:
        """Sends what waits to be sent, if that does not take long, and ends."""
        flush = asyncio.create_task(asyncio.to_thread(self.provider.force_flush))
        await asyncio.wait({flush}, timeout=PATIENCE)
        # Ends what still tries to reach a collector that is away.
        self._exporter.shutdown()
        await flush
        await asyncio.to_thread(self.provider.shutdown)


class _Process:
    """What tells this process apart."""

    instance: str = ""


def resource(name: str) -> Resource:
    """Gives what tells this process apart: the application's name, unless the environment has another."""
    if not _Process.instance:
        _Process.instance = SystemClock().new_id()
    attributes = {"service.instance.id": _Process.instance}
    is_named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    if not is_named:
        attributes["service.name"] = name
    return Resource.create(attributes)
