"""A listener that counts and times what happens in this process, for whoever collects metrics."""

import os
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from actum.runtime.instruments.catalog_of_metrics import (
    ACTIONS,
    BATCHES,
    COMMANDS,
    COMMITS,
    LOADED,
    LOADS,
    MESSAGES,
    QUERIES,
    REQUESTS,
    STEPS,
    TIMERS,
    VIEW_BATCHES,
    VIEW_EVENTS,
    VIEW_QUERIES,
    VIEW_WAITS,
    Metric,
)
from actum.runtime.instruments.instruments import Instruments, Kind, Sample, Work

MAX_SERIES = 2_000
"""Combinations of labels of one metric; further ones are counted together, as OTHER."""
OTHER = "(other)"
QUEUE = "@queue:"
COUNTED = frozenset({"commit", "load", "view"})
"""The kinds of work of which it is counted for how much it was."""

Outcome = Literal["done", "refused", "failed"]
Labels = tuple[str, ...]


class Histogram:
    """How many values there were of each size, up to each bound and beyond the last; and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds: tuple[float, ...] = bounds
        self.counts: list[int] = [0] * (len(bounds) + 1)
        self.total: float = 0.0

    def __repr__(self) -> str:
        return f"<Histogram of {sum(self.counts)} values>"

    def add(self, value: float) -> None:
        """Adds a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics:
    """What was counted and timed since the process started, and the gauges as they were sampled last."""

    def __init__(self) -> None:
        self.histograms: dict[Metric, dict[Labels, Histogram]] = {}
        self.counters: dict[Metric, dict[Labels, int]] = {}
        self.gauges: Sequence[Sample] = ()
        # What was measured of one kind of work is found in one step.
        self._done: dict[Work, Histogram] = {}
        self._timed: dict[Outcome, dict[Work, Histogram]] = {"done": self._done, "refused": {}, "failed": {}}

    def __repr__(self) -> str:
        return f"<Metrics, {sum(map(len, self.histograms.values()))} histograms>"

    @staticmethod
    def is_wanted() -> bool:
        """Returns whether metrics are collected, by an endpoint or by OTLP."""
        return serves_metrics(os.environ) or sends_metrics(os.environ)

    def ended(self, work: Work, seconds: float, count: int) -> None:
        """Keeps how long work took, and how much it was."""
        (self._done.get(work) or self._timing(work, "done")).add(seconds)
        if work.kind not in COUNTED:
            return
        match work.kind:
            case "commit":
                self._histogram(BATCHES, ()).add(count)
            case "load":
                self.counted(LOADED, (), count)
            case "view":
                self.counted(VIEW_EVENTS, (work.name,), count)
            case _:
                pass

    def ending(self, work: Work) -> Callable[[float], None]:
        """Returns what keeps how long work took, where it is not counted for how much it was."""
        if work.kind in COUNTED:
            return lambda seconds: self.ended(work, seconds, 1)
        return (self._done.get(work) or self._timing(work, "done")).add

    def refused(self, work: Work, seconds: float, error: str) -> None:
        """Keeps how long it took to refuse a call."""
        (self._timed["refused"].get(work) or self._timing(work, "refused")).add(seconds)

    def failed(self, work: Work, seconds: float, error: str) -> None:
        """Keeps how long it took until work failed."""
        (self._timed["failed"].get(work) or self._timing(work, "failed")).add(seconds)

    def waited(self, work: Work, seconds: float) -> None:
        """Keeps how long a query waited for a view."""
        self._histogram(VIEW_WAITS, (work.name,)).add(seconds)

    def lagged(self, work: Work, behind: int) -> None:
        """Keeps nothing: the gauges say it."""

    def counted(self, metric: Metric, labels: Labels, amount: int) -> None:
        """Adds to a counter."""
        series = self.counters.setdefault(metric, {})
        labels = _bounded(series, labels)
        series[labels] = series.get(labels, 0) + amount

    def sampled(self, samples: Sequence[Sample]) -> None:
        """Keeps the values of the gauges until the next sample."""
        self.gauges = samples

    def _timing(self, work: Work, outcome: Outcome) -> Histogram:
        metric, labels = _series_of(work, outcome)
        found = self._timed[outcome][work] = self._histogram(metric, labels)
        return found

    def _histogram(self, metric: Metric, labels: Labels) -> Histogram:
        series = self.histograms.setdefault(metric, {})
        labels = _bounded(series, labels)
        found = series.get(labels)
        if found is None:
            found = series[labels] = Histogram(metric.bounds)
        return found


def serves_metrics(environment: Mapping[str, str]) -> bool:
    """Returns whether ACTUM_METRICS asks for the endpoint of metrics."""
    return environment.get("ACTUM_METRICS", "").strip().lower() in ("1", "true", "yes", "on")


def sends_metrics(environment: Mapping[str, str]) -> bool:
    """Returns whether the variables of OpenTelemetry ask for metrics to be sent by OTLP."""
    return is_sent(environment, "METRICS")


def is_sent(environment: Mapping[str, str], signal: Literal["METRICS", "TRACES"]) -> bool:
    """Returns whether the variables of OpenTelemetry name where a signal is to be sent."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get(f"OTEL_{signal}_EXPORTER", "").strip()
    if exporter:
        return exporter == "otlp"
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    return any(environment.get(name, "").strip() for name in endpoints)


def metrics_of(instruments: Instruments) -> Metrics | None:
    """Returns what was measured in this process, None where nobody wants to know."""
    return next((one for one in instruments.listeners if isinstance(one, Metrics)), None)


def _bounded(series: Mapping[Labels, object], labels: Labels) -> Labels:
    if len(series) < MAX_SERIES or labels in series:
        return labels
    return (OTHER,) * len(labels)


def _request(name: str, detail: str) -> Labels:
    method, _, route = name.partition(" ")
    return method, route, detail


def _queue(name: str, outcome: str) -> Labels:
    action, _, queue = name.partition(QUEUE)
    return queue, action, outcome


def _parted(name: str, outcome: str) -> Labels:
    whole, _, part = name.partition(".")
    return whole, part, outcome


def _named(name: str, outcome: str) -> Labels:
    return name, outcome


def _unnamed(name: str, outcome: str) -> Labels:
    return (outcome,)


SERIES: dict[Kind, tuple[Metric, Callable[[str, str], Labels]]] = {
    "request": (REQUESTS, _request),
    "command": (COMMANDS, _named),
    "query": (QUERIES, _named),
    "load": (LOADS, _unnamed),
    "commit": (COMMITS, _unnamed),
    "view": (VIEW_BATCHES, _named),
    "view query": (VIEW_QUERIES, _parted),
    "action": (ACTIONS, _named),
    "clock": (ACTIONS, _named),
    "queue": (MESSAGES, _queue),
    "timer": (TIMERS, _unnamed),
    "step": (STEPS, _parted),
}
"""The metric of each kind of work, and the values of its labels."""


def _series_of(work: Work, outcome: Outcome) -> tuple[Metric, Labels]:
    metric, labels_of = SERIES[work.kind]
    return metric, labels_of(work.name, work.detail if work.kind == "request" else outcome)
