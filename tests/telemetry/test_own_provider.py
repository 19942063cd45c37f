"""An application that brings OpenTelemetry's providers is traced by its own, and no other is set up."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.telemetry.receiver import receiving

ROOT = Path(__file__).parents[2]
# OpenTelemetry takes one provider in the life of a process, so each case has a process of its own.
SCRIPT = """
import asyncio, json, sys
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
tracer_provider, meter_provider = TracerProvider(), MeterProvider()
tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(tracer_provider)
metrics.set_meter_provider(meter_provider)

from actum.testing import testing
from tests.telemetry.shop import Order, app


async def run():
    if sys.argv[1] == "testing":
        async with testing(app) as t:
            with trace.get_tracer("script").start_as_current_span("outer"):
                await t.ctx.entity(Order, "a").place(2)
            await t.restart()
            with trace.get_tracer("script").start_as_current_span("outer"):
                await t.ctx.entity(Order, "b").place(3)
    else:
        async with app.running(store="memory:") as ctx:
            with trace.get_tracer("script").start_as_current_span("outer"):
                await ctx.entity(Order, "a").place(2)


asyncio.run(run())
print(json.dumps({
    "names": [span.name for span in exporter.get_finished_spans()],
    "is_kept": trace.get_tracer_provider() is tracer_provider
        and metrics.get_meter_provider() is meter_provider,
}))
"""


async def run(how: str, **environment: str) -> Any:
    """Runs the application, and gives the names of its spans, and whether the providers are still those."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SCRIPT, how],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["testing", "running"])
async def test_an_application_is_traced_by_the_provider_that_it_has_set(how: str) -> None:
    """In the test kit as in a script, also after a restart; and its meter provider stays as it is."""
    found = await run(how)

    assert found["is_kept"]
    assert found["names"].count("command Order.place") == (2 if how == "testing" else 1)
    assert "commit" in found["names"]


@pytest.mark.slow
async def test_spans_go_to_the_provider_of_the_application_where_a_collector_is_named_too() -> None:
    with receiving() as receiver:
        found = await run("running", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)

        assert receiver.spans == []
    assert found["is_kept"]
    assert {"outer", "command Order.place"} <= {*found["names"]}
