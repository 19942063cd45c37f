"""Signals, time limits and cancellation; and what is undone when a workflow does not succeed."""

from datetime import timedelta
from pathlib import Path

import pytest

from actum import App, Conflict, Context, NotFound, Rejected, Workflow, WorkflowCancelled, WorkflowFailed
from actum.testing import Running, testing
from tests.workflows.transfers import Account, Approval, Approved, Ledger, Limited, app, open_ledger, post


async def fees(t: Running) -> int:
    return (await t.ctx.state(Account, "fees")).balance


async def started(t: Running) -> None:
    await t.ctx.workflow(Approval, "a-1").start(5)
    await t.settle()


async def test_a_signal_is_received(ledger: Ledger) -> None:
    async with testing(app) as t:
        await started(t)

        await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))

        assert await t.ctx.workflow(Approval, "a-1").result() == "ann"
        assert await fees(t) == 5
        assert ledger.calls == []


async def test_a_signal_that_came_before_it_is_asked_for_is_kept() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Approval, "a-1").start(5)
        await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))
        await t.ctx.workflow(Approval, "a-1").signal(Approved("bob"))
        await t.settle()

        assert await t.ctx.workflow(Approval, "a-1").result() == "ann"


async def test_a_signal_with_a_mark_is_sent_once() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Limited, "l-1").start()

        for _ in range(2):
            await t.ctx.workflow(Limited, "l-1").signal(Approved("ann"), once="m-1")
        await t.settle()

        assert await t.ctx.workflow(Limited, "l-1").result() == "ann"


async def test_no_signal_in_time_is_none_and_what_fails_then_is_undone_in_reverse(ledger: Ledger) -> None:
    async with testing(app) as t:
        await started(t)
        assert await fees(t) == 5

        await t.advance(days=2)

        with pytest.raises(Rejected, match="nobody approved it") as caught:
            await t.ctx.workflow(Approval, "a-1").result()
        assert (caught.value.code, caught.value.facts) == ("late", {"waited": 2})
        assert ledger.calls == ["undo a-1"]
        assert await fees(t) == 0
        assert (await t.ctx.workflow(Approval, "a-1").status()).error == "Rejected: nobody approved it"


async def test_compensations_run_in_reverse_order() -> None:
    undone: list[str] = []

    async def undo(what: str) -> None:
        undone.append(what)

    class Trip(Workflow):
        async def run(self, ctx: Context) -> None:
            for what in ("flight", "hotel", "car"):
                self.compensate(lambda what=what: self.step(undo, what))  # type: ignore[misc]
            raise Rejected("the weather is bad")

    async with testing(App("trip", workflows=[Trip])) as t:
        await t.ctx.workflow(Trip, "t").start()
        await t.settle()

    assert undone == ["car", "hotel", "flight"]


async def test_signals_to_what_never_began_or_has_ended_are_refused() -> None:
    async with testing(app) as t:
        with pytest.raises(NotFound):
            await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))
        await started(t)
        await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))
        await t.settle()

        with pytest.raises(Conflict, match="has ended"):
            await t.ctx.workflow(Approval, "a-1").signal(Approved("bob"))


async def test_a_cancelled_workflow_is_undone(ledger: Ledger) -> None:
    async with testing(app) as t:
        await started(t)

        await t.ctx.workflow(Approval, "a-1").cancel()

        with pytest.raises(WorkflowCancelled):
            await t.ctx.workflow(Approval, "a-1").result()
        assert (await t.ctx.workflow(Approval, "a-1").status()).status == "cancelled"
        assert ledger.calls == ["undo a-1"]
        assert await fees(t) == 0


async def test_a_workflow_that_takes_longer_than_its_limit_fails_and_is_undone() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Limited, "l-1").start()
        await t.advance(days=29)
        assert (await t.ctx.workflow(Limited, "l-1").status()).status == "running"

        await t.advance(days=1)

        with pytest.raises(WorkflowFailed, match="took longer than 30 days"):
            await t.ctx.workflow(Limited, "l-1").result()
        assert (await t.ctx.state(Account, "limited")).balance == 1


async def test_nothing_new_is_begun_when_the_limit_passed_while_no_process_ran(
    ledger: Ledger, tmp_path: Path
) -> None:
    class Late(Workflow, timeout=timedelta(days=2)):
        async def run(self, ctx: Context) -> int:
            await self.sleep(timedelta(days=1))
            return await self.step(post, "too late")

    late = App("late", workflows=[Late], resources=[open_ledger])
    store = f"sqlite:///{tmp_path / 'app.db'}"
    async with testing(late, store=store) as t:
        await t.ctx.workflow(Late, "l").start()
        later = t.now + timedelta(days=3)
    async with testing(late, store=store, start=later) as t:
        await t.settle()

        assert (await t.ctx.workflow(Late, "l").status()).status == "failed"
    assert ledger.calls == []


async def test_a_compensation_is_retried_and_then_stands_still_until_it_is_resumed(ledger: Ledger) -> None:
    ledger.failures = [OSError("down")] * 5
    async with testing(app) as t:
        await started(t)
        await t.ctx.workflow(Approval, "a-1").cancel()
        await t.advance(hours=1)

        stalled = await t.ctx.workflow(Approval, "a-1").status()
        assert stalled.status == "stalled"
        assert "a compensation failed: StepFailed: the step post failed: OSError: down" in stalled.error
        assert (len(ledger.calls), await fees(t)) == (5, 5)

        await t.ctx.workflow(Approval, "a-1").resume()
        await t.settle(allows_failures=True)

        assert (await t.ctx.workflow(Approval, "a-1").status()).status == "cancelled"
        assert (len(ledger.calls), await fees(t)) == (6, 0)


async def test_a_restart_among_compensations_goes_on_with_those_that_are_left(ledger: Ledger) -> None:
    ledger.failures = [OSError("down")] * 2
    async with testing(app) as t:
        await started(t)
        await t.ctx.workflow(Approval, "a-1").cancel()
        await t.settle()

        await t.restart()
        await t.advance(hours=1)

        assert (await t.ctx.workflow(Approval, "a-1").status()).status == "cancelled"
        assert (len(ledger.calls), await fees(t)) == (3, 0)


async def test_a_paused_workflow_begins_nothing_until_it_is_resumed() -> None:
    async with testing(app) as t:
        await started(t)
        await t.ctx.workflow(Approval, "a-1").pause()
        await t.settle()

        await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))
        await t.advance(days=1)
        paused = await t.ctx.workflow(Approval, "a-1").status()
        await t.ctx.workflow(Approval, "a-1").resume()
        await t.settle()

        assert (paused.status, paused.wakes_at) == ("paused", None)
        assert await t.ctx.workflow(Approval, "a-1").result() == "ann"


async def test_results_of_many_that_wait_are_given_when_they_end() -> None:
    async with testing(app) as t:
        for number in range(30):
            await t.ctx.workflow(Approval, f"a-{number}").start(1)
        await t.settle()
        for number in range(30):
            await t.ctx.workflow(Approval, f"a-{number}").signal(Approved(f"by {number}"))
        await t.advance(milliseconds=1)

        found = [await t.ctx.workflow(Approval, f"a-{number}").result() for number in range(30)]

        assert found == [f"by {number}" for number in range(30)]
        assert timedelta(milliseconds=1) < timedelta(days=2)
