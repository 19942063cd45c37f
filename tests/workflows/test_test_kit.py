"""What the test kit does for workflows: steps that a test answers, and doubles of resources."""

from datetime import timedelta

import pytest

from actum import Rejected, StepFailed
from actum.testing import testing
from tests.workflows.transfers import Account, Approval, Approved, Ledger, Transfer, app, open_ledger, post


async def test_a_step_is_answered_by_the_test(ledger: Ledger) -> None:
    async with testing(app) as t:
        t.answer(post, 41)
        await t.ctx.entity(Account, "ann").add(100)
        await t.ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)
        await t.restart()
        await t.advance(days=14)

        assert await t.ctx.workflow(Transfer, "t-1").result() == "41 for bob"
        assert t.asked(post) == [("t-1: 30",)]
        assert ledger.calls == []


async def test_a_step_answers_with_errors_too_one_for_each_call() -> None:
    async with testing(app) as t:
        t.answer(post, OSError("down"), 7, OSError("gone"))
        await t.ctx.entity(Account, "ann").add(100)
        await t.ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)
        await t.advance(days=15)
        await t.ctx.workflow(Transfer, "t-2").start("ann", "bob", 30)
        await t.advance(days=15)

        assert await t.ctx.workflow(Transfer, "t-1").result() == "7 for bob"
        with pytest.raises(StepFailed, match="gone"):
            await t.ctx.workflow(Transfer, "t-2").result()
        assert len(t.asked(post)) == 5


async def test_commands_that_a_workflow_sends_are_answered_by_the_test_and_others_are_not() -> None:
    async with testing(app) as t:
        t.answer(post, 41)
        t.answer(Account.add, 5, Rejected("no"), 5)
        await t.ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)
        await t.advance(days=14)

        with pytest.raises(Rejected):
            await t.ctx.workflow(Transfer, "t-1").result()
        assert t.asked(Account.add)[:2] == [("ann", -30), ("bob", 30)]
        assert await t.ctx.entity(Account, "ann").add(7) == 7


async def test_a_double_stands_in_for_a_resource(ledger: Ledger) -> None:
    double = Ledger()
    async with testing(app, doubles={Ledger: double}) as t:
        await t.ctx.workflow(Approval, "a-1").start(5)
        await t.advance(days=3)

        assert double.calls == ["undo a-1"]
        assert ledger.calls == []


async def test_signals_and_time_come_from_the_test() -> None:
    async with testing(app) as t:
        await t.ctx.workflow(Approval, "a-1").start(5)
        await t.advance(days=1)
        await t.ctx.workflow(Approval, "a-1").signal(Approved("ann"))
        await t.settle()

        assert (await t.ctx.workflow(Approval, "a-1").status()).changed_at == t.now
        assert t.now - (await t.ctx.workflow(Approval, "a-1").status()).started_at == timedelta(days=1)


async def test_what_cannot_stand_in_is_refused() -> None:
    async with testing(app) as t:
        with pytest.raises(TypeError, match="no async function"):
            t.answer(len, 3)
        with pytest.raises(TypeError, match="say what post answers"):
            t.answer(post)
        with pytest.raises(TypeError, match=r"use t\.answer\(post, …\) first"):
            t.asked(post)
    with pytest.raises(TypeError, match="doubles= names str"):
        async with testing(app, doubles={str: "x"}):
            pass
    assert open_ledger.__name__ == "open_ledger"
