"""Metrics: what is counted and timed, how it is shown to Prometheus, and that nothing is paid without."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actum import Rejected
from actum.errors import Unavailable
from actum.ports.journal import Collided, Landed
from actum.runtime.instruments.catalog_of_metrics import METRICS, REQUESTS, STORE_ERRORS
from actum.runtime.instruments.exposition import exposition
from actum.runtime.instruments.instruments import Instruments, Sample, Work
from actum.runtime.instruments.metrics import MAX_SERIES, OTHER, Metrics, metrics_of
from actum.runtime.instruments.reported_commits import report_commit
from actum.runtime.instruments.tracing import tracing
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of
from tests.telemetry.shop import Order, app

LINE = re.compile(r"([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+)")


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics as ACTUM_METRICS=1 turns them on."""
    monkeypatch.setenv("ACTUM_METRICS", "1")


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind that lasts."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'shop.db'}"


async def scraped(t: Running) -> dict[str, float]:
    """What `/-/metrics` says, by name and labels."""
    answer = await t.http.get("/-/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if LINE.fullmatch(line)}


async def until(t: Running, is_so: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """What `/-/metrics` says as soon as a condition holds."""
    async with asyncio.timeout(30):
        while not is_so(found := await scraped(t)):  # noqa: ASYNC110 (it is asked over HTTP)
            await asyncio.sleep(0.05)
    return found


def letters_in(found: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if name.startswith("actum_letters")}


@pytest.mark.usefixtures("metered")
async def test_requests_are_counted_by_the_pattern_of_their_route_and_the_class_of_their_status() -> None:
    async with testing(app) as t:
        for id in ("a", "b", "c"):
            assert (await t.http.post(f"/orders/{id}", params={"amount": 7})).status_code == 201
        assert (await t.http.post("/orders/a", params={"amount": 0})).status_code == 422
        assert (await t.http.get("/broken")).status_code == 500
        for path in ("/wp-admin", "/.env"):
            assert (await t.http.get(path)).status_code == 404
        assert (await t.http.get("/orders/a")).status_code == 405

        found = await scraped(t)
        await t.settle(allows_failures=True)

    counts = {name: value for name, value in found.items() if name.startswith("actum_request_seconds_count")}
    assert counts == {
        'actum_request_seconds_count{method="POST",route="/orders/{id}",status="2xx"}': 3,
        'actum_request_seconds_count{method="POST",route="/orders/{id}",status="4xx"}': 1,
        'actum_request_seconds_count{method="GET",route="/broken",status="5xx"}': 1,
        'actum_request_seconds_count{method="GET",route="(none)",status="4xx"}': 3,
    }
    bucket = 'actum_request_seconds_bucket{method="POST",route="/orders/{id}",status="2xx",le="+Inf"}'
    assert found[bucket] == 3


@pytest.mark.usefixtures("metered")
async def test_commands_are_told_apart_by_name_and_by_how_they_end() -> None:
    async with testing(app) as t:
        order = t.ctx.entity(Order, "a")
        await order.place(3)
        await order.place(4)
        with pytest.raises(Rejected):
            await order.place(0)
        with pytest.raises(ValueError, match="mistake"):
            await order.ship("nobody")
        await t.settle()

        found = await scraped(t)

    counted = "actum_command_seconds_count"
    assert found[f'{counted}{{command="Order.place",outcome="done"}}'] == 2
    assert found[f'{counted}{{command="Order.place",outcome="refused"}}'] == 1
    assert found[f'{counted}{{command="Order.ship",outcome="failed"}}'] == 1
    assert found['actum_message_seconds_count{queue="invoices",action="invoice",outcome="done"}'] == 2
    assert found['actum_action_seconds_count{action="deliver",outcome="done"}'] == 2
    assert found['actum_step_seconds_count{workflow="Delivery",step="pack",outcome="done"}'] == 1
    assert found['actum_view_events_total{view="totals"}'] >= 2
    assert found['actum_commit_seconds_count{outcome="done"}'] == found["actum_commit_writes_count"]
    assert found["actum_commit_writes_sum"] >= found["actum_commit_writes_count"]


@pytest.mark.usefixtures("metered")
async def test_a_stuck_view_and_a_letter_show_in_the_gauges(store: str) -> None:
    """How far the view is behind, in events and seconds; that it is not ready; and how many letters wait."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Order, "a").place(13)
        await t.settle(allows_failures=True)
        [projector] = t.node.services.views.projectors()
        async with projector._turn:
            await t.ctx.entity(Order, "b").place(2)
            t.clock.move_to(t.clock.now() + 9_000_000)
            lag = 'actum_lag_seconds{part="view",name="totals"}'
            found = await until(t, lambda found: found.get(lag, 0) >= 9)
            ready = 'actum_ready{part="view",name="totals"}'
            await until(t, lambda found: found[ready] == 0)
        again = await until(
            t, lambda found: found[ready] == 1 and found[lag] == 0 and sum(letters_in(found).values()) == 1
        )

    assert found['actum_lag{part="view",name="totals"}'] >= 1
    assert again['actum_lag{part="view",name="totals"}'] == 0
    assert list(letters_in(again)) in [
        [f'actum_letters{{action="deliver",status="{status}"}}'] for status in ("retrying", "dead")
    ]
    assert again['actum_queue_messages{queue="invoices"}'] == 0
    assert again["actum_live_entities"] >= 2
    assert again["actum_position"] >= 2
    assert again["actum_loop_delay_seconds"] >= 0


@pytest.mark.usefixtures("metered")
async def test_a_store_that_is_lost_shows_in_the_metrics(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Order, "a").place(2)
        await t.settle()
        await t.node.services.database.close()

        ready = 'actum_ready{part="store",name="database"}'
        found = await until(t, lambda found: found.get(ready) == 0)

    assert any(name.startswith('actum_store_errors_total{store="database"') for name in found)


@pytest.mark.usefixtures("metered")
async def test_an_action_that_hangs_shows_in_the_metrics() -> None:
    async with testing(app) as t:
        queue = t.node.services.queues
        assert "invoices" in queue
        is_over = asyncio.Event()
        worker = next(one for one in t.node.workers if one.name == "deliver")
        run, worker._attempts._run = worker._attempts._run, lambda *_: is_over.wait()
        await t.ctx.entity(Order, "a").place(2)
        t.clock.move_to(t.clock.now() + 5_000_000)

        lag, ready = (
            f'{name}{{part="action",name="deliver"}}' for name in ("actum_lag_seconds", "actum_ready")
        )
        found = await until(t, lambda found: found.get(lag, 0) >= 5 and found[ready] == 0)

        worker._attempts._run = run
        is_over.set()
        assert found['actum_lag{part="action",name="deliver"}'] == 1


async def test_nothing_is_paid_and_no_route_is_there_without_being_asked_for() -> None:
    async with testing(app) as t:
        services = t.node.services

        assert metrics_of(services.instruments) is None
        assert not services.instruments.has_listeners
        assert tracing.tracer is None
        assert type(services.entities).__name__ == "CommandDispatcher"
        assert type(services.database).__name__ != "_ReportedDatabase"
        assert not {"lags", "counts", "loop"} & {*t.node.supervisor._tasks}
        assert (await t.http.get("/-/metrics")).status_code == 404


async def test_collisions_are_counted_and_the_size_of_a_transaction() -> None:
    metrics = Metrics()
    batch: Any = [None, None, None]

    async def write(_: Any) -> Any:
        return [Landed(3), Collided(7), Collided(8)]

    await report_commit(Instruments([metrics]), batch, write)

    assert "actum_conflicts_total 2" in exposition(metrics)
    assert "actum_commit_writes_sum 3" in exposition(metrics)


def test_a_client_cannot_make_up_any_number_of_series() -> None:
    metrics = Metrics()
    for number in range(MAX_SERIES + 50):
        metrics.ended(Work("request", f"GET /{number}", "2xx"), 0.1, 1)

    assert len(metrics.histograms[REQUESTS]) == MAX_SERIES + 1
    assert sum(metrics.histograms[REQUESTS][OTHER, OTHER, OTHER].counts) == 50


def test_labels_are_escaped_and_every_metric_can_be_shown() -> None:
    metrics = Metrics()
    metrics.counted(STORE_ERRORS, ('a"b\\c\nd', "e"), 2)
    metrics.sampled([Sample(metric, metric.labels, 1.5) for metric in METRICS if metric.kind == "gauge"])

    shown = exposition(metrics)

    assert 'actum_store_errors_total{store="a\\"b\\\\c\\nd",error="e"} 2' in shown
    assert shown.count("# TYPE") == 1 + sum(metric.kind == "gauge" for metric in METRICS)
    assert 'actum_ready{part="part",name="name"} 1.5' in shown


def test_metrics_are_named_as_prometheus_asks() -> None:
    for metric in METRICS:
        assert metric.name.startswith("actum_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.name.endswith("_seconds") == (metric.unit == "s")
        assert bool(metric.bounds) == (metric.kind == "histogram")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


async def test_an_error_of_a_store_is_counted_once_and_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_METRICS", "on")
    async with testing(app) as t:
        found = metrics_of(t.node.services.instruments)
        assert found is not None
        journal: Any = t.node.services.journal

        async def head() -> int:
            raise Unavailable("away")

        monkeypatch.setattr(journal._journal, "head", head)
        with pytest.raises(Unavailable):
            await journal.head()
        monkeypatch.undo()

        assert found.counters[STORE_ERRORS]["journal", "Unavailable"] >= 1
