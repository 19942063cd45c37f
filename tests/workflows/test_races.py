"""What comes while a workflow is being recorded: signals that must be taken, and once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from actum import App, Context, Workflow
from actum.ports.workflows import WorkflowChange
from actum.runtime.workflows import engine
from actum.testing import Running, testing


class Paid(Struct):
    amount: int


class Reminded(Struct):
    pass


class Collection(Workflow):
    received: int = 0

    async def run(self, ctx: Context) -> int:
        for _ in range(2):
            self.received += (await self.receive(Paid)).amount
        return self.received


class Gate:
    """Holds what is recorded until it is opened."""

    def __init__(self, t: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = asyncio.Event()
        self.opened = asyncio.Event()
        database: Any = t.node.services.database
        record = database.record_workflows

        async def hold(changes: Sequence[WorkflowChange]) -> list[int | None]:
            self.held.set()
            await self.opened.wait()
            found: list[int | None] = await record(changes)
            return found

        monkeypatch.setattr(database, "record_workflows", hold)


COLLECTING = App("collecting", workflows=[Collection])


@pytest.fixture(autouse=True)
def short_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL", 0.01)


async def until_looked_at(t: Running) -> None:
    """Returns when the engine has seen what is new."""
    [work] = t.node.workflows
    before = work.taken
    async with asyncio.timeout(10):
        while work.taken < before + 1:  # noqa: ASYNC110 (the engine's doing)
            await asyncio.sleep(0.01)


async def test_a_signal_that_comes_while_a_workflow_leaves_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with testing(COLLECTING) as t:
        gate = Gate(t, monkeypatch)
        workflow = t.ctx.workflow(Collection, "c-1")
        await workflow.start()
        await gate.held.wait()

        await workflow.signal(Paid(3))
        await until_looked_at(t)
        gate.opened.set()
        await t.settle()

        assert (await workflow.status()).state == {"received": 3}


async def test_a_signal_that_was_taken_and_not_recorded_yet_is_not_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def book(amount: int) -> int:
        return amount

    class Booking(Workflow):
        async def run(self, ctx: Context) -> int:
            first = await self.receive(Paid)
            # The step waits for the record of the signal, and keeps the workflow at work meanwhile.
            step = self.step(book, first.amount)
            booked, _ = await self.gather(step, self.receive(Paid))
            return int(booked)

    async with testing(App("booking", workflows=[Booking])) as t:
        workflow = t.ctx.workflow(Booking, "b-1")
        await workflow.start()
        await t.settle()
        gate = Gate(t, monkeypatch)
        await workflow.signal(Paid(3))
        await gate.held.wait()

        await workflow.signal(Reminded())
        await until_looked_at(t)
        gate.opened.set()
        await t.settle()

        assert (await workflow.status()).status == "running"


async def test_a_part_that_sleeps_goes_on_in_time_though_another_is_at_work() -> None:
    entered, released, woken = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def long() -> int:
        entered.set()
        await released.wait()
        return 1

    async def note() -> int:
        woken.set()
        return 2

    class Both(Workflow):
        async def run(self, ctx: Context) -> int:
            async def later() -> int:
                await self.sleep(timedelta(seconds=5))
                return await self.step(note)

            return sum(await self.gather(self.step(long), later()))

    async with testing(App("both", workflows=[Both])) as t:
        await t.ctx.workflow(Both, "b").start()
        await entered.wait()
        for _ in range(20):
            await asyncio.sleep(0)

        t.clock.move_to(t.clock.now() + 5_000_000)

        async with asyncio.timeout(10):
            await woken.wait()
        released.set()
        assert await t.ctx.workflow(Both, "b").result() == 3


async def test_a_step_begins_when_what_it_depends_on_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a crash could give the first step another result than the one that the second was called with."""
    calls: list[str] = []

    async def one() -> int:
        calls.append("one")
        return 1

    async def two(given: int) -> int:
        calls.append("two")
        return given + 1

    class Chain(Workflow):
        async def run(self, ctx: Context) -> int:
            return await self.step(two, await self.step(one))

    async with testing(App("chain", workflows=[Chain])) as t:
        gate = Gate(t, monkeypatch)
        await t.ctx.workflow(Chain, "c").start()
        await gate.held.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        before = list(calls)
        gate.opened.set()

        assert await t.ctx.workflow(Chain, "c").result() == 2
        assert (before, calls) == (["one"], ["one", "two"])


async def test_a_step_and_the_end_that_follows_are_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, int]] = []

    async def one() -> int:
        return 1

    class Short(Workflow):
        async def run(self, ctx: Context) -> int:
            return await self.step(one)

    async with testing(App("short", workflows=[Short])) as t:
        database: Any = t.node.services.database
        record = database.record_workflows

        async def note(changes: Sequence[WorkflowChange]) -> Any:
            written.extend((change.status, len(change.records)) for change in changes)
            return await record(changes)

        monkeypatch.setattr(database, "record_workflows", note)
        await t.ctx.workflow(Short, "s").start()
        assert await t.ctx.workflow(Short, "s").result() == 1

    assert written == [("completed", 1)]


class Errand(Workflow):
    async def run(self, ctx: Context) -> int:
        await self.step(go, "there")
        return (await self.receive(Paid)).amount


class Errands:
    """Steps that wait at a gate, and what was done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.began = asyncio.Event()
        self.opened = asyncio.Event()


errands = Errands()


async def go(where: str) -> None:
    errands.began.set()
    await errands.opened.wait()
    errands.done.append(where)


async def test_what_was_loaded_while_a_workflow_left_memory_is_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has not seen the step that was recorded meanwhile, which would be done again."""
    errands.__init__()  # type: ignore[misc]
    async with testing(App("errands", workflows=[Errand])) as t:
        database: Any = t.node.services.database
        load = database.load_workflows
        loaded, released = asyncio.Event(), asyncio.Event()

        async def hold(kind: str, ids: Sequence[str]) -> Any:
            found = await load(kind, ids)
            if ids and not loaded.is_set():
                loaded.set()
                await released.wait()
            return found

        workflow = t.ctx.workflow(Errand, "e-1")
        await workflow.start()
        await errands.began.wait()
        monkeypatch.setattr(database, "load_workflows", hold)
        await workflow.signal(Reminded())
        await loaded.wait()
        errands.opened.set()
        [work] = t.node.workflows
        async with asyncio.timeout(10):
            while work.engine.has("e-1"):  # noqa: ASYNC110 (the engine's doing)
                await asyncio.sleep(0.01)
        released.set()
        await t.settle()
        await workflow.signal(Paid(3))
        await t.settle()

        assert await workflow.result() == 3
        assert errands.done == ["there"]
