"""Commands over HTTP with metrics and traces, compared with the same application without them.

Traces and metrics go to a collector in a process of its own, which keeps nothing. Some traces are begun a
second, as without any setting; one request in a hundred is traced; and every one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.http import DEPOSIT, PATHS, loading, server
from benchmarks.measure import Contestant, Effort
from benchmarks.place import Place
from benchmarks.results import Against, Group

OFF = "off"
METRICS = "metrics"
DEFAULT = "metrics, and some traces a second"
USUAL = "metrics, and 1 trace in 100"
EVERYTHING = "metrics, and every trace"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, each on a server and a file of its own, all at the same time."""
    actum = ["-m", "actum", "run", "benchmarks.bank:served", "--port", "0", "--store"]
    with ExitStack() as stack:
        collector = stack.enter_context(server(["-m", "benchmarks.collector"]))
        sent = {
            "ACTUM_METRICS": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
            "OTEL_METRIC_EXPORT_INTERVAL": "10000",
        }
        sampler = "parentbased_traceidratio"
        environments: dict[str, dict[str, str]] = {
            OFF: {},
            METRICS: {"ACTUM_METRICS": "1"},
            DEFAULT: sent,
            USUAL: sent | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "0.01"},
            EVERYTHING: sent | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "1"},
        }
        found = {}
        for name, environment in environments.items():
            store = f"sqlite:///{place.file()}"
            port = stack.enter_context(server([*actum, store], **environment))
            found[name] = loading(place, port, PATHS[DEPOSIT], effort)
        for load in found.values():
            load()
        yield found


GROUP = Group(
    "Commands over HTTP with telemetry, 64 connections",
    "requests a second",
    contestants,
    {
        METRICS: [Against(OFF, "without", 0.95)],
        DEFAULT: [Against(OFF, "without", 0.95)],
        USUAL: [Against(OFF, "without", 0.95)],
        EVERYTHING: [Against(OFF, "without")],
    },
)
