"""Faults at every method of the store of workflows: before, after, late and twice; and too many at once."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from msgspec import field

from actum import App, Context, Workflow
from actum.errors import TryLater
from actum.ports.workflows import WorkflowChange, WorkflowStore
from actum.runtime import supervisor
from actum.runtime.clock import ManualClock
from actum.runtime.node import Node
from actum.runtime.workflows import engine
from actum.stores.memory import MemoryJournal
from actum.testing import testing
from actum.testing.faults import FAULTS, Fault, Faults
from actum.testing.faulty_database import faulty_database
from tests.runtime.nodes import START, database_in_memory, node_on
from tests.workflows.transfers import Account, Approval, Approved, Ledger, Transfer, app

T = TypeVar("T")
SEED = int(os.environ.get("ACTUM_SEED") or 11)
OTHERS = {"workflows", "workflow_records", "workflow_counts", "remove_ended_workflows"}
METHODS = sorted(WorkflowStore.__abstractmethods__ - OTHERS)
"""What runs use; the others only show, or remove, whose faults are in `test_retention.py`."""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(supervisor, "MAX_PAUSE", 0.001)
    monkeypatch.setattr(engine, "POLL", 0.01)


async def again(call: Callable[[], Awaitable[T]]) -> T:
    """Gives what comes of a call that is made until it is answered."""
    while True:
        try:
            return await call()
        except TryLater:
            await asyncio.sleep(0)


async def settle(node: Node, clock: ManualClock, *, days: int = 0) -> None:
    """Returns when nothing is left to do, while time goes by."""
    end = clock.now() + timedelta(days=days) // timedelta(microseconds=1)
    while True:
        await again(node.settle)
        wake = clock.next_wake()
        if wake is None or wake > max(end, clock.now() + 60_000_000):
            break
        clock.move_to(wake)
    clock.move_to(end)
    await again(node.settle)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("method", METHODS)
async def test_no_fault_loses_or_doubles_anything(method: str, fault: Fault, ledger: Ledger) -> None:
    """Whatever is said to have failed, each step has its effect once, and each workflow ends."""
    faults = Faults(seed=SEED, rate=0.3, methods=[method])
    faults.plan(method, fault)
    clock = ManualClock(START)
    async with (
        database_in_memory() as database,
        node_on(app, MemoryJournal(), faulty_database(database, faults), clock=clock) as node,
    ):
        ctx = Context(node.services)
        await ctx.entity(Account, "ann").add(1_000)
        for number in range(5):
            await again(lambda n=number: ctx.workflow(Transfer, f"t-{n}").start("ann", "bob", 10))  # type: ignore[misc]
            await again(lambda n=number: ctx.workflow(Approval, f"a-{n}").start(3))  # type: ignore[misc]
        await settle(node, clock)
        await again(lambda: ctx.workflow(Approval, "a-0").signal(Approved("ann"), once="one"))
        await again(lambda: ctx.workflow(Approval, "a-1").cancel())
        await settle(node, clock, days=15)

        results = [await again(ctx.workflow(Transfer, f"t-{n}").result) for n in range(5)]
        statuses = [(await again(ctx.workflow(Approval, f"a-{n}").status)).status for n in range(5)]
        assert [result.split()[1:] for result in results] == [["for", "bob"]] * 5
        assert statuses == ["completed", "cancelled", "failed", "failed", "failed"]
        balances = [(await ctx.state(Account, id)).balance for id in ("ann", "bob", "fees")]
        assert balances == [950, 50, 3]
        expected = [f"t-{n}: 10" for n in range(5)] + [f"undo a-{n}" for n in range(1, 5)]
        assert sorted(ledger.done.values()) == sorted(expected)
        assert await database.workflow_counts() == []

    assert (method, fault) in faults.met


async def test_more_than_may_be_at_work_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_AT_WORK", 3)
    monkeypatch.setattr(engine, "PAGE", 2)
    most = 0

    class Watched(Ledger):
        async def post(self, key: str, what: str) -> int:
            nonlocal most
            [work] = [one for one in t.node.workflows if one.kind.cls is Transfer]
            assert work.engine is not None
            most = max(most, len(work.engine.live))
            await asyncio.sleep(0)
            return await super().post(key, what)

    async with testing(app, doubles={Ledger: Watched()}) as t:
        await t.ctx.entity(Account, "ann").add(1_000)
        for number in range(40):
            await t.ctx.workflow(Transfer, f"t-{number}").start("ann", "bob", 10)
        await t.advance(days=14)

        found = [await t.ctx.workflow(Transfer, f"t-{number}").status() for number in range(40)]
        assert {status.status for status in found} == {"completed"}
        assert (await t.ctx.state(Account, "bob")).balance == 400
        assert most == 3


async def test_a_workflow_that_cannot_begin_is_stalled_and_holds_up_no_other() -> None:
    is_built: bool = True

    def broken() -> list[int]:
        raise OSError("no default")

    class Broken(Workflow):
        numbers: list[int] = field(default_factory=lambda: [] if is_built else broken())

        async def run(self, ctx: Context) -> int:
            return 7

    broken_app = App("broken", workflows=[Broken])
    is_built = False
    async with testing(broken_app) as t:
        await t.ctx.workflow(Broken, "b").start()
        await t.settle(allows_failures=True)

        [failure] = await t.failures()
        assert (failure.key, failure.why) == ("b", "OSError: no default")
        is_built = True
        await t.ctx.workflow(Broken, "b").resume()
        await t.settle()
        assert await t.ctx.workflow(Broken, "b").result() == 7


async def test_a_workflow_whose_change_cannot_be_stored_is_stalled_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with testing(app) as t:
        database: Any = t.node.services.database
        record = database.record_workflows

        async def refuse(changes: Sequence[WorkflowChange]) -> Any:
            if any(b'"ann"' in one.body for change in changes for one in change.records):
                raise ValueError("no store takes this")
            return await record(changes)

        monkeypatch.setattr(database, "record_workflows", refuse)
        for number in range(4):
            await t.ctx.workflow(Approval, f"a-{number}").start(3)
        await t.settle()
        for number in range(4):
            name = "ann" if number == 2 else "bob"
            await t.ctx.workflow(Approval, f"a-{number}").signal(Approved(name))
        await t.settle(allows_failures=True)

        found = [await t.ctx.workflow(Approval, f"a-{number}").status() for number in range(4)]
        assert [one.status for one in found] == ["completed", "completed", "stalled", "completed"]
        assert found[2].error == "it cannot be recorded: ValueError: no store takes this"
