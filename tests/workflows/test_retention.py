"""How long workflows that have ended are kept: as long as their class says."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from actum import AlreadyStarted, App, Context, DefinitionError, NotFound, Unavailable, Workflow
from actum.runtime import clock
from actum.runtime.workflows import workflow_retention
from actum.runtime.workflows.workflow_retention import WorkflowRetention
from actum.testing import Running, testing


class Go(Struct):
    pass


calls: list[str] = []


async def call(id: str) -> int:
    calls.append(id)
    return len(calls)


class Brief(Workflow, keep_for=timedelta(days=2)):
    async def run(self, ctx: Context, how: str = "at once") -> int:
        done = await self.step(call, self.id)
        if how == "later":
            await self.receive(Go)
        return done


class Usual(Workflow):
    async def run(self, ctx: Context) -> int:
        return await self.step(call, self.id)


class Lasting(Workflow, keep_for=None):
    async def run(self, ctx: Context) -> int:
        return await self.step(call, self.id)


app = App("retention", workflows=[Brief, Usual, Lasting])


@pytest.fixture(autouse=True)
def nothing_called(monkeypatch: pytest.MonkeyPatch) -> None:
    calls.clear()
    monkeypatch.setattr(workflow_retention, "REST", 0)
    monkeypatch.setattr(clock, "LOOK", 3_600)


def retention(t: Running) -> WorkflowRetention:
    """What removes workflows in the background, to be run at once."""
    services = t.node.services
    return WorkflowRetention(
        services.catalog.workflows.values(), services.database, services.clock, lambda: True
    )


async def left(t: Running) -> list[str]:
    return [one.id for one in await t.node.services.database.workflows()]


async def test_a_workflow_that_has_ended_is_kept_as_long_as_its_class_says() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Brief, "b-1").start()
        await t.ctx.workflow(Brief, "b-2").start("later")
        await t.ctx.workflow(Usual, "u-1").start()
        await t.ctx.workflow(Lasting, "l-1").start()
        await t.settle()
        kept = []
        for days in (1, 2, 26, 2, 900):
            await t.advance(days=days)
            await retention(t).remove()
            kept.append(await left(t))

    everything = ["b-1", "b-2", "u-1", "l-1"]
    assert kept == [everything, everything[1:], everything[1:], ["b-2", "l-1"], ["b-2", "l-1"]]


async def test_a_workflow_is_started_once_for_an_id_while_it_is_kept() -> None:
    async with testing(app) as t:
        workflow = t.ctx.workflow(Brief, "b-1")
        assert await workflow.start()
        await t.advance(days=1)
        await retention(t).remove()
        assert not await workflow.start()
        with pytest.raises(AlreadyStarted):
            await workflow.start("later")
        assert await workflow.result() == 1

        await t.advance(days=1, seconds=1)
        await retention(t).remove()
        with pytest.raises(NotFound):
            await workflow.result()
        assert await workflow.start("later")
        await workflow.signal(Go())
        await t.settle()

        assert await workflow.result() == 2
        assert calls == ["b-1", "b-1"]


async def test_the_time_begins_at_the_end_and_not_at_the_start() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Brief, "b-1").start("later")
        await t.advance(days=5)
        await t.ctx.workflow(Brief, "b-1").signal(Go())
        await t.advance(days=1)

        assert await retention(t).remove() == 0
        assert await t.ctx.workflow(Brief, "b-1").result() == 1


async def test_many_are_removed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_retention, "PIECE", 20)
    async with testing(app) as t:
        for number in range(50):
            await t.ctx.workflow(Brief, f"b-{number}").start()
        await t.advance(days=3)
        database, pieces = t.node.services.database, list[int]()
        remove = database.remove_ended_workflows

        async def count(kind: str, before: int, limit: int) -> int:
            pieces.append(await remove(kind, before, limit))
            return pieces[-1]

        monkeypatch.setattr(database, "remove_ended_workflows", count)
        assert await retention(t).remove() == 50

    assert max(pieces) <= 10  # Each has a record, and counts as one itself.
    assert len(pieces) > 50 // 20


async def test_they_are_removed_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LOOK", 0.01)
    async with testing(app) as t:
        await t.ctx.workflow(Brief, "b-1").start()
        await t.settle()
        await t.advance(days=3)

        async with asyncio.timeout(30):
            while await left(t):  # noqa: ASYNC110 (the node's doing)
                await asyncio.sleep(0.01)


async def test_they_are_removed_later_where_the_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "LOOK", 0.01)
    async with testing(app) as t:
        await t.ctx.workflow(Brief, "b-1").start()
        await t.settle()
        database, refused = t.node.services.database, list[str]()
        remove = database.remove_ended_workflows

        async def refuse(kind: str, before: int, limit: int) -> int:
            if len(refused) < 2:
                refused.append(kind)
                raise Unavailable("the store restarts")
            return await remove(kind, before, limit)

        monkeypatch.setattr(database, "remove_ended_workflows", refuse)
        await t.advance(days=3)
        async with asyncio.timeout(30):
            while await left(t):
                await t.advance(hours=1)
                await asyncio.sleep(0.01)

    assert len(refused) == 2


async def test_of_several_processes_one_removes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Brief, "b-1").start()
        await t.settle()
        monkeypatch.setattr(clock, "LOOK", 0.001)
        looks: list[int] = []
        other = retention(t)

        def is_another_ones() -> bool:
            looks.append(1)
            return False

        other._is_mine = is_another_ones
        beside = asyncio.create_task(other.run())
        await t.advance(days=3)
        async with asyncio.timeout(30):
            while len(looks) < 3:  # noqa: ASYNC110 (its doing)
                await asyncio.sleep(0.001)
        beside.cancel()

        assert await left(t) == ["b-1"]


@pytest.mark.parametrize("span", [timedelta(), timedelta(days=-1), 30])
def test_a_time_that_is_none_is_refused(span: object) -> None:
    make: Any = type(Workflow)

    with pytest.raises(DefinitionError, match=r"write a positive span, as in keep_for=timedelta\(days=30\)"):
        make("Bad", (Workflow,), {"__module__": __name__}, keep_for=span)
