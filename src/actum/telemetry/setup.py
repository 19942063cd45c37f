"""The provider of spans of a process whose application brings none: it sends them by OTLP over HTTP."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from actum.runtime.clock import SystemClock
from actum.telemetry.sampling import ChosenFirst, share_of

__all__ = ["flush", "provider", "resource", "share_of"]

PATIENCE = 2_000
"""Milliseconds that spans have to be sent when an application stops."""


class _Process:
    """What this process has one of."""

    provider: TracerProvider | None = None
    instance: str = ""


def provider(name: str) -> TracerProvider:
    """Gives the provider of this process: where it sends, and what it samples, the environment says."""
    if _Process.provider is None:
        made = TracerProvider(resource=resource(name))
        made.sampler = ChosenFirst(made.sampler)
        made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        _Process.provider = made
    return _Process.provider


def flush(provider: TracerProvider) -> None:
    """Sends what waits to be sent, if that does not take long."""
    provider.force_flush(PATIENCE)


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
