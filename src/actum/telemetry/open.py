"""Turns on traces, and sends metrics, where an application or its environment asks for it."""

import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
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

    def OpenTelemetryTracer(self, provider: Any, choice: Callable[[], bool] | None) -> Tracer:
        """Makes a tracer of a provider, which begins the traces that are chosen."""
        ...


class OwnProvider(Protocol):
    """A provider that was made here."""

    provider: Any

    async def close(self) -> None:
        """Sends what waits to be sent, and ends."""
        ...


class Setup(Protocol):
    """The module `actum.telemetry.setup`, loaded where spans are to be sent by OTLP."""

    def OwnProvider(self, name: str) -> OwnProvider:
        """Makes a provider, as the environment says."""
        ...


class Sampling(Protocol):
    """The module `actum.telemetry.sampling`."""

    def choice_of(self, environment: Mapping[str, str]) -> Callable[[], bool] | None:
        """Gives what chooses the traces that are begun; None if the provider does."""
        ...


class Otlp(Protocol):
    """The module `actum.telemetry.otlp`, loaded where metrics are to be sent by OTLP."""

    def sending(self, name: str, metrics: Metrics) -> AbstractAsyncContextManager[None]:
        """Sends metrics again and again, and a last time at the end."""
        ...


class Users:
    """How many applications of this process use the tracer, and the provider if it was made here."""

    count: int = 0
    own: OwnProvider | None = None
    former: Any = None
    """The provider that was made here first: OpenTelemetry keeps it when it has ended."""


@asynccontextmanager
async def traced(name: str, *, is_test: bool = False) -> AsyncGenerator[None]:
    """Has what runs in the block traced, with the provider that the application or the environment names.

    In a test only that of the application counts, so that no test sends anything to a collector.
    """
    if tracing.tracer is None:
        tracing.tracer = _given_tracer() if is_test else _tracer(name)
    elif not Users.count:
        # Somebody else has set it, and keeps it.
        yield
        return
    if tracing.tracer is None:
        yield
        return
    Users.count += 1
    try:
        yield
    finally:
        Users.count -= 1
        if not Users.count:
            tracing.tracer = None
            own, Users.own = Users.own, None
            if own is not None:
                await own.close()


def sent(name: str, instruments: Instruments) -> AbstractAsyncContextManager[None]:
    """Has the metrics of what runs in the block sent by OTLP, if the environment asks for it."""
    metrics = metrics_of(instruments)
    if metrics is None or not sends_metrics(os.environ) or not _is_installed("OTEL_METRICS_EXPORTER"):
        return nullcontext()
    return cast("Otlp", import_module("actum.telemetry.otlp")).sending(name, metrics)


def _given() -> Any:
    """Gives the provider that the application has set; None if it has not."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    provider = api.get_tracer_provider()
    return None if isinstance(provider, api.ProxyTracerProvider) else provider


def _tracer(name: str) -> Tracer | None:
    """Makes a tracer of the provider that the application has set, or else as the environment says."""
    given = _given_tracer()
    if given is not None:
        return given
    if not is_sent(os.environ, "TRACES") or not _is_installed("OTEL_TRACES_EXPORTER"):
        return None
    own = Users.own = cast("Setup", import_module("actum.telemetry.setup")).OwnProvider(name)
    Users.former = Users.former or own.provider
    sampling = cast("Sampling", import_module("actum.telemetry.sampling"))
    return _spans().OpenTelemetryTracer(own.provider, sampling.choice_of(os.environ))


def _given_tracer() -> Tracer | None:
    given = _given()
    if given is None or given is Users.former:
        return None
    return _spans().OpenTelemetryTracer(given, None)


def _spans() -> Spans:
    return cast("Spans", import_module("actum.telemetry.spans"))


def _is_installed(variable: str) -> bool:
    if find_spec("opentelemetry") is not None and all(find_spec(module) for module in NEEDED):
        return True
    log.warning(MISSING, variable if os.environ.get(variable) else "OTEL_EXPORTER_OTLP_ENDPOINT")
    return False
