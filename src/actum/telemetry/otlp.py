"""Sends the metrics of a process by OTLP over HTTP, as often as the variables of OpenTelemetry say."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from actum.runtime.clock import SystemClock
from actum.runtime.instruments.catalog_of_metrics import Metric
from actum.runtime.instruments.exposition import by_metric
from actum.runtime.instruments.metrics import Histogram, Metrics
from actum.telemetry.setup import resource

INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
USUAL_INTERVAL = 60_000.0
PATIENCE = 2.0
"""Seconds that the last metrics have to be sent when an application stops."""
CUMULATIVE = export.AggregationTemporality.CUMULATIVE

log: logging.Logger = logging.getLogger("actum.telemetry")


@asynccontextmanager
async def sending(name: str, metrics: Metrics) -> AsyncGenerator[None]:
    """Sends metrics again and again, and a last time at the end, if that does not take long."""
    exporter, began, pause = OTLPMetricExporter(), _nanoseconds(), _interval(os.environ)
    turn = asyncio.Lock()

    async def send() -> None:
        async with turn:
            result = await asyncio.to_thread(exporter.export, metrics_data(name, metrics, began))
        if result is not export.MetricExportResult.SUCCESS:
            log.warning("the metrics could not be sent; the next ones contain them")

    async def send_again_and_again() -> None:
        while True:
            await asyncio.sleep(pause)
            await asyncio.shield(asyncio.create_task(send()))

    task = asyncio.create_task(send_again_and_again(), name="metrics by OTLP")
    try:
        yield
    finally:
        task.cancel()
        last = asyncio.create_task(send())
        await asyncio.wait({last}, timeout=PATIENCE)
        # Ends what still tries to reach a collector that is away.
        exporter.shutdown()
        await asyncio.wait({task, last})


def metrics_data(name: str, metrics: Metrics, began: int) -> export.MetricsData:
    """Gives the metrics as OpenTelemetry's exporter takes them, since a time in nanoseconds since 1970."""
    now = _nanoseconds()
    shown = [
        *(
            _metric(
                metric,
                export.Sum(
                    [_number(metric, labels, began, now, value) for labels, value in series.items()],
                    CUMULATIVE,
                    is_monotonic=True,
                ),
            )
            for metric, series in metrics.counters.items()
        ),
        *(
            _metric(
                metric,
                export.Histogram(
                    [_sizes(metric, labels, began, now, one) for labels, one in series.items()], CUMULATIVE
                ),
            )
            for metric, series in metrics.histograms.items()
        ),
        *(
            _metric(
                metric,
                export.Gauge([_number(metric, one.labels, began, now, one.value) for one in samples]),
            )
            for metric, samples in by_metric(metrics.gauges).items()
        ),
    ]
    scope = export.ScopeMetrics(InstrumentationScope("actum"), shown, "")
    return export.MetricsData([export.ResourceMetrics(resource(name), [scope], "")])


def _metric(metric: Metric, data: export.Sum | export.Gauge | export.Histogram) -> export.Metric:
    return export.Metric(metric.name, metric.help, metric.unit, data)


def _number(
    metric: Metric, labels: tuple[str, ...], began: int, now: int, value: float
) -> export.NumberDataPoint:
    return export.NumberDataPoint(_attributes(metric, labels), began, now, value)


def _sizes(
    metric: Metric, labels: tuple[str, ...], began: int, now: int, histogram: Histogram
) -> export.HistogramDataPoint:
    counts = list(histogram.counts)
    # The least and the greatest value are not kept: the bounds of their buckets stand for them.
    used = [place for place, count in enumerate(counts) if count]
    bounds = histogram.bounds
    least = bounds[used[0] - 1] if used and used[0] else 0.0
    greatest = bounds[min(used[-1], len(bounds) - 1)] if used else 0.0
    return export.HistogramDataPoint(
        _attributes(metric, labels),
        began,
        now,
        sum(counts),
        histogram.total,
        counts,
        list(bounds),
        least,
        greatest,
    )


def _attributes(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(metric.labels, labels, strict=True))


def _interval(environment: Mapping[str, str]) -> float:
    """Gives the seconds between two times; what is no number of milliseconds counts as none."""
    try:
        return max(0.1, float(environment.get(INTERVAL) or USUAL_INTERVAL) / 1_000)
    except ValueError:
        log.warning(
            "%s=%r is no number of milliseconds: %.0f counts", INTERVAL, environment[INTERVAL], USUAL_INTERVAL
        )
        return USUAL_INTERVAL / 1_000


def _nanoseconds() -> int:
    return SystemClock().now() * 1_000
