"""Metrics as text in the format of Prometheus."""

from collections.abc import Iterator, Sequence

from actum.runtime.instruments.catalog_of_metrics import METRICS, Metric
from actum.runtime.instruments.instruments import Sample
from actum.runtime.instruments.metrics import Histogram, Labels, Metrics

MEDIA_TYPE = "text/plain; version=0.0.4"


def exposition(metrics: Metrics) -> str:
    """Gives everything that was measured as text; a metric of which there is nothing has no lines."""
    gauges = by_metric(metrics.gauges)
    lines: list[str] = []
    for metric in METRICS:
        found = [*_lines(metric, metrics, gauges.get(metric, ()))]
        if found:
            lines += (f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}", *found)
    return "\n".join([*lines, ""])


def by_metric(samples: Sequence[Sample]) -> dict[Metric, list[Sample]]:
    """Gives the samples of each gauge."""
    gauges: dict[Metric, list[Sample]] = {}
    for sample in samples:
        gauges.setdefault(sample.metric, []).append(sample)
    return gauges


def _lines(metric: Metric, metrics: Metrics, samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        yield f"{metric.name}{_labels(metric.labels, sample.labels)} {_number(sample.value)}"
    for labels, count in metrics.counters.get(metric, {}).items():
        yield f"{metric.name}{_labels(metric.labels, labels)} {count}"
    for labels, histogram in metrics.histograms.get(metric, {}).items():
        yield from _buckets(metric, labels, histogram)


def _buckets(metric: Metric, labels: Labels, histogram: Histogram) -> Iterator[str]:
    total = 0
    for bound, count in zip((*map(_number, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        total += count
        yield f"{metric.name}_bucket{_labels((*metric.labels, 'le'), (*labels, bound))} {total}"
    yield f"{metric.name}_sum{_labels(metric.labels, labels)} {_number(histogram.total)}"
    yield f"{metric.name}_count{_labels(metric.labels, labels)} {total}"


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
