"""Traces: one follows a request through everything that it causes, and only where it is sampled."""

import json
import logging

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import StatusCode

from actum.cli.logs import JsonFormatter
from actum.model.event import read_metadata
from actum.runtime.instruments.tracing import traceparent_in, tracing
from actum.testing import testing
from actum.testing.application import Running
from tests.telemetry.shop import SENT, Order, app
from tests.telemetry.spans import traced

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


async def order(t: Running, id: str, amount: int = 7, **headers: str) -> int:
    answer = await t.http.post(f"/orders/{id}", params={"amount": amount}, headers=headers)
    return answer.status_code


async def metadata_of(t: Running) -> list[bytes]:
    return [stored.metadata for stored in await t.node.services.journal.feed(0, 100)]


async def test_a_trace_goes_from_a_request_through_everything_that_it_causes() -> None:
    with traced() as spans:
        async with testing(app) as t:
            assert await order(t, "a", **CALLER) == 201
            await t.settle()
            await t.advance(minutes=1)

    assert spans.traces == {int(TRACE, 16)}
    parents = spans.parents()
    assert parents["POST /orders/{id}"] == "another process"
    assert parents["command Order.place"] == "POST /orders/{id}"
    assert parents["commit"] in ("command Order.place", "command Order.ship")
    assert parents["action deliver"] == "command Order.place"
    assert parents["queue invoice@queue:invoices"] == "action deliver"
    assert parents["workflow Delivery"] == "action deliver"
    assert parents["step Delivery.pack"] == "workflow Delivery"
    assert parents["step Delivery.call"] == "workflow Delivery"
    assert parents["timer timers"] == "action deliver"
    assert "view totals" in parents
    ships = [span for span in spans.ended if span.name == "command Order.ship"]
    assert len(ships) == 3
    request = spans.of("POST /orders/{id}")
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 201
    assert request.attributes["http.route"] == "/orders/{id}"


async def test_a_deadline_belongs_to_the_trace_that_set_it() -> None:
    with traced() as spans:
        async with testing(app) as t:
            await t.http.post("/orders/a/hold", params={"amount": 7}, headers=CALLER)
            await t.settle()
            before = len([name for name in spans.names if name == "command Order.ship"])
            await t.advance(days=1, minutes=1)

    found = [span for span in spans.ended if span.context and span.context.trace_id == int(TRACE, 16)]
    fired = [span.name for span in found].count("timer timers")
    assert fired == 2
    assert [span.name for span in found].count("command Order.ship") >= before + 2


async def test_a_tick_of_the_clock_begins_a_trace_and_a_query_of_a_view_is_part_of_one() -> None:
    with traced() as spans:
        async with testing(app) as t:
            await t.advance(hours=7)
            tick = spans.parents()
            assert (await t.http.get("/totals/a")).json() == 0

    assert tick["clock tidy@clock"] == ""
    assert tick["queue invoice@queue:invoices"] == "clock tidy@clock"
    assert spans.parents()["view query totals.get"] == "GET /totals/{id}"


async def test_events_say_in_which_span_they_were_written() -> None:
    with traced() as spans:
        async with testing(app) as t:
            await order(t, "a", **CALLER)
            await t.settle()
            first = (await metadata_of(t))[0]

    command = next(span for span in spans.ended if span.name == "command Order.place")
    assert command.context is not None
    written = f"00-{TRACE}-{command.context.span_id:016x}-01"
    assert read_metadata(first).traceparent == traceparent_in(first) == written


async def test_a_step_sends_the_trace_on_in_a_header() -> None:
    SENT.clear()
    with traced() as spans:
        async with testing(app) as t:
            await order(t, "a", **CALLER)
            await t.settle()

    [headers] = SENT
    step = spans.of("step Delivery.pack")
    assert step.context is not None
    assert headers == {"traceparent": f"00-{TRACE}-{step.context.span_id:016x}-01"}


@pytest.mark.parametrize("headers", [{}, {"traceparent": f"00-{TRACE}-b7ad6b7169203331-00"}])
async def test_what_is_not_sampled_has_no_spans_and_leaves_nothing_in_the_store(
    headers: dict[str, str],
) -> None:
    sampler = ParentBased(ALWAYS_ON if headers else ALWAYS_OFF)
    with traced(sampler) as spans:
        async with testing(app) as t:
            assert await order(t, "a", **headers) == 201
            await t.settle()
            written = await metadata_of(t)

    assert spans.names == []
    assert not [one for one in written if b"traceparent" in one]


async def test_nothing_is_traced_or_written_without_a_tracer() -> None:
    SENT.clear()
    async with testing(app) as t:
        assert await order(t, "a", **CALLER) == 201
        await t.settle()
        written = await metadata_of(t)
        assert type(t.node.services.entities).__name__ == "CommandDispatcher"

    assert not [one for one in written if b"traceparent" in one]
    assert SENT == [{}]
    assert tracing.traceparent() == ""
    assert tracing.ids() is None


@pytest.mark.parametrize("header", ["", "00-0-0-01", f"ff-{TRACE}-b7ad6b7169203331-01", "f" * 55])
async def test_a_header_that_names_no_trace_begins_a_new_one(header: str) -> None:
    with traced() as spans:
        async with testing(app) as t:
            assert await order(t, "a", traceparent=header) == 201

    assert spans.parents()["POST /orders/{id}"] == ""
    assert int(TRACE, 16) not in spans.traces


async def test_an_error_is_named_by_its_class_alone() -> None:
    """Its text may name a person."""
    with traced() as spans:
        async with testing(app) as t:
            assert await order(t, "a", 0) == 422
            assert (await t.http.get("/broken")).status_code == 500
            assert await order(t, "b", 13) == 201
            await t.settle(allows_failures=True)

    failed = next(span for span in spans.ended if span.name == "action deliver")
    assert dict(failed.attributes or {})["error.type"] == "ValueError"
    assert failed.status.status_code is StatusCode.ERROR
    refused = next(span for span in spans.ended if span.name == "command Order.place")
    broken = spans.of("GET /broken")
    assert refused.status.status_code is StatusCode.UNSET
    assert dict(refused.attributes or {})["actum.refused"] == "Rejected"
    assert broken.status.status_code is StatusCode.ERROR
    told = str([(span.attributes, span.events, span.status.description) for span in spans.ended])
    assert "mistake" not in told
    assert "thirteens" not in told


async def test_requests_about_the_process_itself_are_not_traced() -> None:
    with traced() as spans:
        async with testing(app) as t:
            await t.http.get("/-/health")
            await t.http.get("/-/ready")

    assert spans.names == []


async def test_an_atomic_unit_belongs_to_the_trace() -> None:
    with traced() as spans:
        async with testing(app) as t:
            assert tracing.tracer is not None
            with tracing.tracer.root("clock", "test"):

                async def both(unit: object) -> None:
                    await unit.entity(Order, "a").place(5)  # type: ignore[attr-defined]
                    await unit.entity(Order, "b").place(6)  # type: ignore[attr-defined]

                await t.ctx.atomic(both)
            await t.settle()

    deliveries = [span for span in spans.ended if span.name == "action deliver"]
    assert len(deliveries) == 2
    assert len(spans.traces) == 1


async def test_a_batch_has_a_span_in_each_trace_that_it_is_of() -> None:
    with traced(ALWAYS_ON) as spans:
        assert tracing.tracer is not None
        parents = [f"00-{trace:032x}-{span:016x}-01" for trace, span in ((1, 5), (2, 6), (1, 7))]
        with tracing.tracer.batch("commit", "", [*parents, "nothing", f"00-{9:032x}-{8:016x}-00"]):
            pass

    first, second = spans.ended
    assert first.context is not None
    assert second.context is not None
    assert [first.context.trace_id, second.context.trace_id] == [1, 2]
    assert [link.context.span_id for link in first.links] == [7]
    assert not second.links


def test_an_entry_of_the_log_names_its_trace() -> None:
    record = logging.LogRecord("shop", logging.INFO, "shop.py", 1, "hello", (), None)
    with traced():
        assert tracing.tracer is not None
        with tracing.tracer.root("clock", "test"):
            ids = tracing.ids()
            inside = json.loads(JsonFormatter().format(record))
        outside = json.loads(JsonFormatter().format(record))

    assert ids == (inside["trace_id"], inside["span_id"])
    assert len(inside["trace_id"]) == 32
    assert "trace_id" not in outside
