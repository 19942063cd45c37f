"""G12: queries that take long are cut off, and hold up nothing else: no command, no load, no other query."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Overloaded,
    View,
    command,
    query,
    reducer,
)
from actum.runtime.views import reading as views
from actum.stores import query_slots, read_limit
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of

ENDLESS = """SELECT count(*) FROM counts a, counts b, counts c, counts d, counts e
    WHERE a.n + b.n + c.n + d.n + e.n > :x"""


class Did(Event):
    n: int


class Thing(Entity):
    n: int = 0

    @command
    def do(self, n: int) -> int:
        self.emit(Did(n))
        return self.n

    @reducer
    def did(self, event: Did) -> None:
        self.n += event.n


class Counts(View):
    id: str
    n: int = 0

    @reducer
    def did(self, event: Did) -> None:
        self.n += event.n

    @query(ENDLESS)
    def endless(self, x: int) -> int:
        raise NotImplementedError

    @query(ENDLESS, timeout=timedelta(milliseconds=200))
    def brief(self, x: int) -> int:
        raise NotImplementedError

    @query("SELECT sum(n) FROM counts")
    def total(self) -> int | None:
        raise NotImplementedError


site = Actions()


@site.get("/brief")
async def ask_briefly(ctx: Context) -> int:
    return await ctx.view(Counts).brief(0)


app = App("counts", actions=[site], entities=[Thing], views=[Counts], query_timeout=timedelta(seconds=8))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'counts.db'}" if request.param == "sqlite" else "memory:"


async def fill(t: Running) -> None:
    """Makes rows enough for a query over their combinations to last for hours."""
    await asyncio.gather(*(t.ctx.entity(Thing, f"t{number}").do(1) for number in range(200)))
    await t.settle()


async def test_slow_queries_hold_up_no_command_no_load_and_no_other_query(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t)
        slow = [asyncio.create_task(t.new_context().view(Counts).endless(0)) for _ in range(4)]
        await asyncio.sleep(query_slots.QUICK * 2)

        warm = await t.new_context().entity(Thing, "t1").do(10)
        cold = await t.new_context().entity(Thing, "new").do(20)
        keyed = await t.new_context().entity(Thing, "t2", idempotency_key="k").do(30)
        total = await t.new_context().view(Counts).total()
        await t.node.settle()
        seen = await t.ctx.view(Counts).get("t1")
        are_running = [not task.done() for task in slow]
        answers = await asyncio.gather(*slow, return_exceptions=True)

        assert (warm, cold, keyed, seen) == (11, 20, 31, Counts("t1", 11))
        assert total is not None
        assert total >= 200
        assert any(are_running)
        assert all(isinstance(answer, Overloaded) for answer in answers)
        assert t.node.supervisor.failures == {}


async def test_a_query_is_cut_off_at_its_own_timeout(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t)

        with pytest.raises(Overloaded, match=r"took longer than 0\.2 s and was cut off"):
            await t.ctx.view(Counts).brief(0)

        assert await t.ctx.view(Counts).total() == 200


async def test_a_client_hears_that_a_query_was_cut_off(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t)

        answer = await t.http.get("/brief")

        assert (answer.status_code, answer.json()["type"]) == (503, "urn:actum:problem:overloaded")
        assert "took longer than 0.2 s and was cut off" in answer.json()["detail"]


async def test_a_query_without_a_timeout_is_cut_off_at_that_of_the_application(store: str) -> None:
    hasty = App("counts", entities=[Thing], views=[Counts], query_timeout=timedelta(milliseconds=300))
    async with testing(hasty, store=store) as t:
        await fill(t)

        with pytest.raises(Overloaded, match=r"took longer than 0\.3 s and was cut off"):
            await t.ctx.view(Counts).endless(0)


async def test_more_slow_queries_than_may_run_are_cut_off_soon_and_the_rest_goes_on(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.1)
    async with testing(app, store=store) as t:
        await fill(t)
        slow = [asyncio.create_task(t.new_context().view(Counts).endless(0)) for _ in range(6)]

        done, running = await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)

        assert running
        assert all("slow queries are running" in str(task.exception()) for task in done)
        assert await t.ctx.view(Counts).total() == 200
        await asyncio.gather(*slow, return_exceptions=True)


async def test_a_query_whose_caller_leaves_ends_and_gives_its_slot_back(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t)
        for _ in range(3):
            slow = [asyncio.create_task(t.new_context().view(Counts).endless(0)) for _ in range(2)]
            await asyncio.sleep(0.05)
            for task in slow:
                task.cancel()
            await asyncio.wait(slow)

        assert await t.ctx.view(Counts).total() == 200


async def test_a_burst_of_reads_is_refused_and_what_works_in_the_background_goes_on(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "MAX_WAITING", 40)
    monkeypatch.setattr(read_limit, "MAX_WAITING", 40)
    monkeypatch.setattr(views, "MAX_LOOKUPS", 40)
    async with testing(app, store=store) as t:
        await fill(t)

        async def read(ctx: Context, number: int) -> None:
            await ctx.history(Thing, f"t{number}")
            await ctx.view(Counts).get(f"t{number}")
            await ctx.view(Counts).total()

        reads = [asyncio.create_task(read(t.new_context(), number % 200)) for number in range(600)]
        await asyncio.gather(*(t.new_context().entity(Thing, f"n{number}").do(1) for number in range(20)))
        outcomes = await asyncio.gather(*reads, return_exceptions=True)
        await t.settle()

        assert {type(outcome) for outcome in outcomes} <= {type(None), Overloaded}
        assert any(isinstance(outcome, Overloaded) for outcome in outcomes)
        assert t.node.supervisor.failures == {}
        assert await t.ctx.view(Counts).total() == 220


@pytest.mark.parametrize("timeout", [5, 0.5, timedelta(0), timedelta(seconds=-1), "5 s"])
def test_a_timeout_is_a_length_of_time(timeout: Any) -> None:
    with pytest.raises(DefinitionError, match="is no length of time"):
        query("SELECT 1", timeout=timeout)
    with pytest.raises(DefinitionError, match=r"query_timeout=.* is no length of time"):
        App("counts", entities=[Thing], query_timeout=timeout)


def test_a_query_of_an_entity_has_no_timeout() -> None:
    with pytest.raises(DefinitionError, match="is for the SQL of a view"):
        query(lambda self: 1, timeout=timedelta(seconds=1))  # type: ignore[call-overload]
