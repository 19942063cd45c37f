"""The first stores that are kept, of the shop: each opens today, and all of it is read as it was written."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actum import Context, KeyReused
from tests.servers.postgres import url_of
from tests.stores_of_versions.shop import BROKEN, KEY, TIMER, Line, Order, Orders, app, outside

pytestmark = pytest.mark.slow

STORES = Path(__file__).parent / "stores/shop"
VERSIONS = sorted(folder.name for folder in STORES.iterdir())


async def until(is_so: Callable[[], bool]) -> None:
    """Returns when a condition holds; the test's own limit ends a wait for nothing."""
    while not is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> AsyncIterator[str]:
    """A copy of a store that an earlier version wrote."""
    if request.param == "sqlite":
        shutil.copy(STORES / version / "store.sqlite", tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server: Any = request.getfixturevalue("postgres")
    connection = await asyncpg.connect(url_of(server))
    await connection.execute("DROP SCHEMA IF EXISTS landed CASCADE")
    await connection.execute("SET check_function_bodies = false")  # As pg_dump's own dumps have it.
    await connection.execute((STORES / version / "postgres.sql").read_text())
    await connection.close()
    yield url_of(server, schema="landed")


@pytest.fixture
async def ctx(url: str) -> AsyncIterator[Context]:
    """The application on that store, and an outside world in which nothing is broken any more."""
    outside.is_open, outside.is_broken = True, set()
    outside.shipped.clear()
    outside.thanked.clear()
    async with app.running(store=url) as ctx:
        yield ctx


@pytest.mark.parametrize("version", VERSIONS)
async def test_histories_and_states_are_as_they_were_written(ctx: Context) -> None:
    first = await ctx.state(Order, "o-1")
    history = [type(recorded.event).__name__ for recorded in await ctx.history(Order, "o-1")]

    assert (first.customer, first.paid, first.version) == ("c-1", 15, 6)
    assert first.lines == [Line("apple", 1), Line("pear ☂")]
    assert history == ["Placed", *["Paid"] * 5]
    assert (await ctx.state(Order, "o-4")).is_cancelled
    assert [info.id for info in (await ctx.ids(Order)).items] == ["o-1", "o-2", "o-3", "o-4", "o-5"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_versions_and_positions_go_on(ctx: Context) -> None:
    assert await ctx.entity(Order, "o-1").pay(100) == 115

    assert (await ctx.history(Order, "o-1", reverse=True, limit=1))[0].version == 7


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_key_answers_as_it_did(ctx: Context) -> None:
    assert await ctx.entity(Order, "o-2", idempotency_key=KEY).pay(20) == 20

    with pytest.raises(KeyReused):
        await ctx.entity(Order, "o-2", idempotency_key=KEY).pay(21)
    assert (await ctx.state(Order, "o-2")).paid == 20


@pytest.mark.parametrize("version", VERSIONS)
async def test_views_show_what_they_did(ctx: Context) -> None:
    row = await ctx.view(Orders).get("o-2")

    assert row is not None
    assert (row.customer, row.total, row.paid) == ("c-0", Decimal("2.50"), 20)
    assert await ctx.view(Orders).paid_by("c-1") == 15 + 30 + 31


@pytest.mark.parametrize("version", VERSIONS)
async def test_waiting_messages_are_worked_on_in_order(ctx: Context) -> None:
    await until(lambda: len(outside.shipped) >= 2)

    assert outside.shipped == ["o-1", "o-2"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_dead_letters_are_retried_and_nothing_else_is_done_again(ctx: Context) -> None:
    database = ctx._services.database
    letters = await database.letters()
    assert [(letter.key, letter.status) for letter in letters] == [
        (f"Order/{BROKEN}", "dead"),
        (f"Order/{BROKEN}", "waiting"),
    ]

    await database.request_letter(letters[0].id, "retry")
    await until(lambda: len(outside.thanked) >= 2)

    assert outside.thanked == [f"{BROKEN}:30", f"{BROKEN}:31"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_timers_are_still_set(ctx: Context) -> None:
    [timer] = await ctx.timers()
    assert (timer.name, timer.kind, timer.entity_id, timer.command) == (TIMER, "Order", "o-5", "cancel")

    assert await ctx.cancel(TIMER)
    assert await ctx.timers() == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_second_start_finds_the_same(url: str) -> None:
    for _ in range(2):
        async with app.running(store=url) as ctx:
            assert (await ctx.state(Order, BROKEN)).paid == 61
            await asyncio.sleep(0)
