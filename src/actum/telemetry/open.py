"""Turns on traces, and sends metrics, where an application or its environment asks for it."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from actum.runtime.instruments.instruments import Instruments
from actum.runtime.instruments.metrics import Metrics, is_sent, metrics_of, sends_metrics
from actum.runtime.instruments.tracing import Tracer, tracing

NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
MISSING = (
    "%s asks for telemetry, and OpenTelemetry is not installed: pip install 'actum[telemetry]', "
    "or set OTEL_SDK_DISABLED=true"
)

log: logging.Logger = logging.getLogger("actum.telemetry")


class Spans(Protocol):
    """The module `actum.telemetry.spans`."""

    def OpenTelemetryTracer(self, provider: Any, share: float) -> Tracer:
        """Makes a tracer of a provider, which traces a share of the requests."""
        ...


class Setup(Protocol):
    """The module `actum.telemetry.setup`, loaded where spans are to be sent by OTLP."""

    def provider(self, name: str) -> Any:
        """Gives the provider of this process, which it makes at first."""
        ...

    def share_of(self, environment: Mapping[str, str]) -> float:
        """Gives the share of requests that is to be traced."""
        ...

    def flush(self, provider: Any) -> None:
        """Sends what waits to be sent."""
        ...


class Otlp(Protocol):
    """The module `actum.telemetry.otlp`, loaded where metrics are to be sent by OTLP."""

    def sending(self, name: str, metrics: Metrics) -> AbstractAsyncContextManager[None]:
        """Sends metrics again and again, and a last time at the end."""
        ...


class Users:
    """How many applications in this process use the tracer."""

    count: int = 0


@asynccontextmanager
async def traced(name: str) -> AsyncGenerator[None]:
    """Has what runs in the block traced, with the provider that the application or the environment names."""
    provider, is_ours = _provider(name)
    if provider is None:
        yield
        return
    if tracing.tracer is None:
        spans = cast("Spans", import_module("actum.telemetry.spans"))
        share = _setup().share_of(os.environ) if is_ours else 1.0
        tracing.tracer = spans.OpenTelemetryTracer(provider, share)
    Users.count += 1
    try:
        yield
    finally:
        Users.count -= 1
        if not Users.count:
            tracing.tracer = None
        if is_ours:
            await asyncio.to_thread(_setup().flush, provider)


def sent(name: str, instruments: Instruments) -> AbstractAsyncContextManager[None]:
    """Has the metrics of what runs in the block sent by OTLP, if the environment asks for it."""
    metrics = metrics_of(instruments)
    if metrics is None or not sends_metrics(os.environ) or not _is_installed("OTEL_METRICS_EXPORTER"):
        return nullcontext()
    return cast("Otlp", import_module("actum.telemetry.otlp")).sending(name, metrics)


def _provider(name: str) -> tuple[Any, bool]:
    """Gives the provider of spans, and whether it was made here; None if nobody asks for traces."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is not None:
        given = api.get_tracer_provider()
        if not isinstance(given, api.ProxyTracerProvider):
            return given, False
    if not is_sent(os.environ, "TRACES") or not _is_installed("OTEL_TRACES_EXPORTER"):
        return None, False
    return _setup().provider(name), True


def _setup() -> Setup:
    return cast("Setup", import_module("actum.telemetry.setup"))


def _is_installed(variable: str) -> bool:
    if find_spec("opentelemetry") is not None and all(find_spec(module) for module in NEEDED):
        return True
    log.warning(MISSING, variable if os.environ.get(variable) else "OTEL_EXPORTER_OTLP_ENDPOINT")
    return False
