"""A workflow starts once for its id, does each thing once, and goes on after a restart."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actum import App, Conflict, Context, Invalid, NotFound, StepFailed, Workflow
from actum.runtime.workflows.run.execution import WorkflowExecution
from actum.runtime.workflows.run.live_workflow import LiveWorkflow
from actum.testing import Running, testing
from tests.workflows.transfers import Account, Ledger, Transfer, app


async def balance(t: Running, id: str) -> int:
    return (await t.ctx.state(Account, id)).balance


async def started(t: Running, id: str = "t-1") -> None:
    await t.ctx.entity(Account, "ann").add(100)
    await t.ctx.workflow(Transfer, id).start("ann", "bob", 30)
    await t.settle()


async def test_a_workflow_returns_what_its_run_returns(ledger: Ledger) -> None:
    async with testing(app) as t:
        await started(t)
        await t.advance(days=14)

        assert await t.ctx.workflow(Transfer, "t-1").result() == "1 for bob"
        assert (await balance(t, "ann"), await balance(t, "bob")) == (70, 30)
        assert ledger.calls == ["t-1: 30"]


async def test_a_workflow_is_started_once_for_its_id(ledger: Ledger) -> None:
    async with testing(app) as t:
        await started(t)

        again = await t.ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)

        await t.settle()
        assert again is False
        assert await balance(t, "ann") == 70
        assert ledger.calls == ["t-1: 30"]
        with pytest.raises(Conflict, match="other arguments"):
            await t.ctx.workflow(Transfer, "t-1").start("ann", "bob", 31)


async def test_a_workflow_shows_where_it_is() -> None:
    async with testing(app) as t:
        await started(t)

        status = await t.ctx.workflow(Transfer, "t-1").status()

        assert (status.status, status.state, status.error) == ("running", {"stage": "posted"}, "")
        assert status.wakes_at == t.now + timedelta(days=14)


@pytest.mark.parametrize("days", [0, 13, 14])
async def test_what_is_recorded_is_not_done_again_after_a_restart(
    ledger: Ledger, tmp_path: Path, days: int
) -> None:
    async with testing(app, store=f"sqlite:///{tmp_path / 'app.db'}") as t:
        await started(t)
        await t.advance(days=days)

        await t.restart()
        await t.advance(days=14)

        assert await t.ctx.workflow(Transfer, "t-1").result() == "1 for bob"
        assert (await balance(t, "ann"), await balance(t, "bob")) == (70, 30)
        assert ledger.calls == ["t-1: 30"]


async def test_a_workflow_never_wakes_early() -> None:
    async with testing(app) as t:
        await started(t)

        await t.advance(days=13, hours=23)
        before = await t.ctx.workflow(Transfer, "t-1").status()
        await t.advance(hours=1)

        assert before.status == "running"
        assert (await t.ctx.workflow(Transfer, "t-1").status()).status == "completed"


async def test_one_that_sleeps_is_not_in_memory() -> None:
    async with testing(app) as t:
        await started(t)

        [work] = [one for one in t.node.workflows if one.kind.cls is Transfer]
        assert work.engine is not None
        assert work.engine.live == {}


async def test_a_step_is_retried_and_keeps_its_key(ledger: Ledger) -> None:
    ledger.failures = [OSError("down"), OSError("still down")]
    async with testing(app) as t:
        await started(t)
        await t.advance(minutes=2)

        assert (await t.ctx.workflow(Transfer, "t-1").status()).state == {"stage": "posted"}
        assert len(ledger.calls) == 3
        assert list(ledger.done.values()) == ["t-1: 30"]


async def test_the_attempts_of_a_step_survive_a_restart(ledger: Ledger) -> None:
    """Of three attempts, two are left after a restart, whatever the process that made the first."""
    ledger.failures = [OSError("down")] * 9
    async with testing(app) as t:
        await started(t)
        await t.restart()
        await t.advance(minutes=5)

        with pytest.raises(StepFailed, match="OSError: down") as caught:
            await t.ctx.workflow(Transfer, "t-1").result()

        assert caught.value.step == "post"
        assert len(ledger.calls) == 3
        assert await balance(t, "ann") == 100


async def test_a_step_that_takes_too_long_is_cut_off_and_tried_again() -> None:
    calls: list[int] = []

    async def hang() -> int:
        calls.append(1)
        if len(calls) == 1:
            await t.node.services.clock.sleep(timedelta(days=999))
        return 7

    class Hanging(Workflow):
        async def run(self, ctx: Context) -> int:
            return await self.step(hang, timeout=timedelta(milliseconds=30))

    async with testing(App("hanging", workflows=[Hanging])) as t:
        await t.ctx.workflow(Hanging, "h").start()
        await t.advance(minutes=1)

        assert await t.ctx.workflow(Hanging, "h").result() == 7
        assert len(calls) == 2


async def test_time_ids_and_numbers_are_the_same_when_run_is_called_again() -> None:
    seen: list[tuple[datetime, str, str, float, float]] = []

    class Same(Workflow):
        async def run(self, ctx: Context) -> None:
            seen.append((self.now, self.new_id(), ctx.new_id(), self.random(), self.random()))
            await self.sleep(timedelta(days=1))
            seen.append((self.now, self.new_id(), ctx.new_id(), self.random(), self.random()))
            await self.sleep(timedelta(days=1))

    async with testing(App("same", workflows=[Same]), start=datetime(2031, 5, 1, tzinfo=UTC)) as t:
        await t.ctx.workflow(Same, "s").start()
        await t.advance(days=2)

    first, again, later, *rest = seen
    assert first == again == rest[0]
    assert later == rest[1]
    assert (first[0], later[0]) == (datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 2, tzinfo=UTC))
    assert len({*first[1:], *later[1:]}) == 8


async def test_wrong_arguments_are_refused_at_the_start() -> None:
    async with testing(app) as t:
        with pytest.raises(Invalid, match=r"Transfer\.run: amount"):
            await t.ctx.workflow(Transfer, "t").start("ann", "bob", "much")  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="no workflow Transfer/t"):
            await t.ctx.workflow(Transfer, "t").status()


async def test_workflows_that_ended_or_wait_leave_nothing_in_memory() -> None:
    class Brief(Workflow):
        async def run(self, ctx: Context) -> int:
            return 1

    class Lasting(Workflow):
        async def run(self, ctx: Context) -> None:
            await self.sleep(timedelta(days=1))

    async with testing(App("both", workflows=[Brief, Lasting])) as t:
        for number in range(20):
            await t.ctx.workflow(Brief, f"b-{number}").start()
            await t.ctx.workflow(Lasting, f"l-{number}").start()
        await t.settle()
        await asyncio.sleep(0)
        gc.collect()

        assert [one for one in gc.get_objects() if isinstance(one, LiveWorkflow | WorkflowExecution)] == []
