"""Which traces are begun: those that the environment asks for, or as many a second as cost little."""

import asyncio
import logging
from typing import Any

import pytest
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actum.runtime.clock import SECOND, ManualClock
from actum.runtime.instruments.tracing import tracing
from actum.telemetry.sampling import BURST, SomeASecond, choice_of, in_unsampled
from actum.testing import testing
from tests.telemetry.shop import app
from tests.telemetry.spans import traced
from tests.telemetry.test_tracing import CALLER, TRACE, metadata_of, order

START = 1_800_000_000 * SECOND
RATIO = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}


@pytest.mark.parametrize(
    ("environment", "chooses"),
    [
        ({}, "<SomeASecond 10>"),
        ({"OTEL_TRACES_SAMPLER": " "}, "<SomeASecond 10>"),
        ({"ACTUM_TRACES_A_SECOND": "2.5"}, "<SomeASecond 2.5>"),
        ({"ACTUM_TRACES_A_SECOND": "0"}, "<SomeASecond 0>"),
        ({"OTEL_TRACES_SAMPLER": "always_on", "ACTUM_TRACES_A_SECOND": "1"}, "None"),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, "None"),
        (RATIO, "None"),
        (RATIO | {"OTEL_TRACES_SAMPLER_ARG": "many"}, "None"),
        (RATIO | {"OTEL_TRACES_SAMPLER_ARG": "1"}, "None"),
    ],
)
def test_the_environment_says_which_are_begun(environment: dict[str, str], chooses: str) -> None:
    assert repr(choice_of(environment)) == chooses


@pytest.mark.parametrize(
    ("environment", "least", "most"),
    [
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0, 0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, 0, 0),
        (RATIO | {"OTEL_TRACES_SAMPLER_ARG": "0"}, 0, 0),
        (RATIO | {"OTEL_TRACES_SAMPLER_ARG": "0.5"}, 300, 700),
        ({"ACTUM_TRACES_A_SECOND": "0"}, 0, 0),
    ],
)
def test_a_share_of_them_is_begun(environment: dict[str, str], least: int, most: int) -> None:
    choice = choice_of(environment)
    assert choice is not None

    assert least <= sum(choice() for _ in range(1_000)) <= most


@pytest.mark.parametrize("written", ["many", "-1", "inf", "nan"])
def test_a_number_that_is_none_is_told_and_not_used(written: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "actum.telemetry"):
        choice = choice_of({"ACTUM_TRACES_A_SECOND": written})

    assert repr(choice) == "<SomeASecond 10>"
    assert f"ACTUM_TRACES_A_SECOND={written} is not a number of traces" in caplog.text


def test_all_are_begun_while_they_are_few_and_some_a_second_afterwards() -> None:
    clock = ManualClock(START)
    choice = SomeASecond(2, clock)

    def begun(calls: int) -> int:
        return sum(choice() for _ in range(calls))

    assert begun(100) == 2 * BURST
    clock.move_to(START + SECOND // 2)
    assert begun(100) == 1
    clock.move_to(START + 3 * SECOND)
    assert begun(100) == 5
    clock.move_to(START + 1_000 * SECOND)
    assert begun(100) == 2 * BURST


def test_a_clock_that_is_set_back_gives_no_more_traces() -> None:
    clock = ManualClock(START)
    choice = SomeASecond(1, clock)
    assert sum(choice() for _ in range(100)) == BURST

    clock._now -= 3_600 * SECOND
    assert not choice()
    clock.move_to(clock.now() + SECOND)
    assert [choice(), choice()] == [True, False]


async def test_what_is_begun_is_traced_whole_and_the_rest_not_at_all() -> None:
    choice = SomeASecond(0.2, ManualClock(START))
    with traced(choice=choice) as spans:
        async with testing(app) as t:
            for number in range(4):
                assert await order(t, f"o-{number}") == 201
            await t.settle()
            written = await metadata_of(t)

    requests = [span for span in spans.ended if span.name == "POST /orders/{id}"]
    assert len(requests) == len(spans.traces) == 2
    for name in ("command Order.place", "action deliver", "step Delivery.pack"):
        assert len([one for one in spans.names if one == name]) == 2
    assert any(b"traceparent" in one for one in written)
    assert not all(b"traceparent" in one for one in written)


@pytest.mark.parametrize(("flag", "traces"), [("01", {int(TRACE, 16)}), ("00", set())])
async def test_the_caller_decides_about_its_own_trace(flag: str, traces: set[int]) -> None:
    with traced(choice=SomeASecond(0, ManualClock(START))) as spans:
        async with testing(app) as t:
            header = f"{CALLER['traceparent'][:-2]}{flag}"
            assert await order(t, "a", traceparent=header) == 201
            assert await order(t, "b") == 201

    assert spans.traces == traces


async def test_what_a_request_that_is_not_traced_has_begun_can_do_work_of_a_trace_that_is() -> None:
    """A task that such a request began also writes for others, as the recorder of workflows does."""
    begun: list[Any] = []

    async def later() -> None:
        tracer = tracing.tracer
        assert tracer is not None
        begun.append(tracer.is_sampled())
        with tracer.continuation("action", "later", CALLER["traceparent"]):
            begun.append(tracer.is_sampled())
            begun.append(tracer.traceparent().split("-")[1])
        begun.append(tracer.is_sampled())

    with traced(choice=SomeASecond(0, ManualClock(START))) as spans:
        tracer = tracing.tracer
        assert tracer is not None
        with tracer.request("GET", {}):
            assert in_unsampled.get()
            task = asyncio.create_task(later())
        token = attach(Context())
        await task
        detach(token)

    assert begun == [False, True, TRACE, False]
    assert spans.names == ["action later"]


async def test_a_trace_that_is_continued_within_a_request_that_is_not_traced_goes_on() -> None:
    """The author may have it from elsewhere, and what runs in its span belongs to it."""
    with traced(choice=SomeASecond(0, ManualClock(START))) as spans:
        tracer = tracing.tracer
        assert tracer is not None
        with tracer.request("GET", {}):
            caller = TraceContextTextMapPropagator().extract(CALLER, Context())
            token = attach(caller)
            with tracer.child("command", "inner"):
                assert tracer.traceparent().split("-")[1] == TRACE
            detach(token)
            assert not tracer.is_sampled()

    assert spans.names == ["command inner"]
    assert spans.traces == {int(TRACE, 16)}
