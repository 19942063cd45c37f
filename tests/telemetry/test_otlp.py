"""OTLP: what processes send to a real receiver, by the variables of OpenTelemetry."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from actum.runtime.instruments.tracing import tracing
from tests.faults.process import Served
from tests.servers.postgres import empty, url_of
from tests.telemetry.receiver import Received, Receiver, receiving
from tests.telemetry.shop import app as shop

SHOP = "tests.telemetry.shop:app"
NEEDED = {
    "POST /orders/{id}",
    "command Order.place",
    "commit",
    "action deliver",
    "queue invoice@queue:invoices",
    "workflow Delivery",
    "step Delivery.pack",
    "command Order.ship",
    "view totals",
}


def environment(receiver: Receiver) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }


def trace_id(number: int) -> str:
    return f"{number:032x}"


def whole(receiver: Receiver, number: int) -> list[Received]:
    """The spans of a trace, if it has all that it needs, from two processes."""
    found = receiver.trace(trace_id(number))
    is_whole = {span.name for span in found} >= NEEDED and len({span.process for span in found}) == 2
    return found if is_whole else []


@pytest.mark.slow
async def test_one_trace_goes_through_two_processes(postgres: Any, tmp_path: Path) -> None:
    """From a request through event, action, message, workflow and step to a command, wherever each runs."""
    await empty(postgres)
    store = url_of(postgres, schema="store")
    with receiving() as receiver:
        first, second = [
            await Served.start(SHOP, store=store, log=tmp_path / f"{name}.log", **environment(receiver))
            for name in ("first", "second")
        ]
        try:
            await first.ready()
            await second.ready()
            async with httpx.AsyncClient(base_url=first.url) as http, asyncio.timeout(90):
                number = 0
                while not any(whole(receiver, n) for n in range(1, number + 1)):
                    number += 1
                    headers = {"traceparent": f"00-{trace_id(number)}-{number:016x}-01"}
                    answer = await http.post(f"/orders/o-{number}", params={"amount": 5}, headers=headers)
                    assert answer.status_code == 201
                    await asyncio.sleep(0.25)
            spans = next(found for n in range(1, number + 1) if (found := whole(receiver, n)))
        finally:
            codes = [await one.stop() for one in (first, second)]
            await first.end()
            await second.end()

    assert codes == [0, 0]
    assert {span.service for span in spans} == {"shop"}
    by_id = {span.span: span for span in spans}
    # Each hangs on another span of the trace, and the request on the caller's.
    roots = [span.name for span in spans if span.parent not in by_id]
    assert roots == ["POST /orders/{id}"]
    assert {"actum_request_seconds", "actum_command_seconds", "actum_lag_seconds"} <= receiver.metrics["shop"]
    assert "Traceback" not in first.log + second.log


@pytest.mark.slow
async def test_a_receiver_that_is_away_harms_nothing(tmp_path: Path) -> None:
    """Requests are answered, and the process stops as fast as it should."""
    with receiving() as receiver:
        given = environment(receiver)
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    served = await Served.start(SHOP, store=store, log=tmp_path / "log", **given)
    try:
        await served.ready()
        async with httpx.AsyncClient(base_url=served.url) as http:
            answers = [await http.post(f"/orders/o-{n}", params={"amount": 5}) for n in range(5)]
        code = await served.stop()
    finally:
        await served.end()

    assert [answer.status_code for answer in answers] == [201] * 5
    assert code == 0


@pytest.mark.slow
async def test_metrics_are_served_by_actum_run(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    served = await Served.start(SHOP, store=store, log=tmp_path / "log", ACTUM_METRICS="1")
    try:
        await served.ready()
        async with httpx.AsyncClient(base_url=served.url) as http:
            await http.post("/orders/o-1", params={"amount": 5})
            answer = await http.get("/-/metrics")
        await served.stop()
    finally:
        await served.end()

    counted = 'actum_request_seconds_count{method="POST",route="/orders/{id}",status="2xx"} 1'
    assert counted in answer.text.splitlines()


async def test_an_application_without_the_extra_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from_open = importlib.import_module("actum.telemetry.open")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(from_open, "find_spec", lambda name: None)

    async with shop.running("memory:") as ctx:
        assert ctx.trace_headers == {}

    assert any("pip install 'actum[telemetry]'" in record.getMessage() for record in caplog.records)


async def test_an_application_that_starts_again_in_a_process_is_traced_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the tests of an application, one start after the other."""
    with receiving() as receiver:
        for name, value in environment(receiver).items():
            monkeypatch.setenv(name, value)
        for start in (1, 2):
            served = shop.asgi("memory:")
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=served), base_url="http://shop"
            ) as http:
                headers = {"traceparent": f"00-{trace_id(start)}-{start:016x}-01"}
                answer = await http.post("/orders/a", params={"amount": 5}, headers=headers)
            await served.close()  # type: ignore[attr-defined]
            assert answer.status_code == 201

        names = [{span.name for span in receiver.trace(trace_id(start))} for start in (1, 2)]

    assert all("command Order.place" in found for found in names)
    assert tracing.tracer is None
