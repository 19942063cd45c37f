"""Workflows in flight when their code changes: matched by name, shown where they do not fit, and repaired."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import (
    App,
    Conflict,
    Context,
    Entity,
    Event,
    NotFound,
    Rejected,
    Retries,
    Workflow,
    command,
    reducer,
)
from actum.testing import testing

calls: list[str] = []


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    calls.clear()


async def first(x: int) -> int:
    calls.append("first")
    return x + 1


async def second(x: int) -> int:
    calls.append("second")
    return x * 2


async def third(x: int) -> str:
    calls.append("third")
    return f"={x}"


class Added(Event):
    amount: int


class Sum(Entity):
    total: int = 0

    @command
    def add(self, amount: int) -> int:
        self.emit(Added(amount))
        return self.total

    @reducer
    def added(self, event: Added) -> None:
        self.total += event.amount


Run = Callable[..., Coroutine[Any, Any, Any]]


def release(run: Run, name: str = "Job", retries: Retries | None = None) -> tuple[App, Any]:
    """Gives an application whose workflow has this `run`."""
    make: Any = type(Workflow)
    job = make(name, (Workflow,), {"run": run, "__module__": __name__}, retries=retries)
    return App("jobs", entities=[Sum], workflows=[job]), job


async def before(self: Workflow, ctx: Context, x: int) -> str:
    one = await self.step(first, x)
    two = await self.step(second, one)
    await ctx.entity(Sum, "s").add(two)
    await self.sleep(timedelta(days=1))
    return await self.step(third, two)


async def test_steps_are_found_by_name_after_a_deploy_that_moves_them(tmp_path: Path) -> None:
    """A local variable is renamed, a step added, one removed, and two change places: all of them end."""

    async def new(x: int) -> int:
        calls.append("new")
        return x

    async def after(self: Workflow, ctx: Context, x: int) -> str:
        await self.step(new, x)
        total = await ctx.entity(Sum, "s").add(x)
        doubled = await self.step(second, x)
        await self.sleep(timedelta(days=1))
        return f"{total} {await self.step(third, doubled)}"

    store = f"sqlite:///{tmp_path / 'app.db'}"
    old, job = release(before)
    async with testing(old, store=store) as t:
        for number in range(20):
            await t.ctx.workflow(job, f"j-{number}").start(number)
        await t.settle()
    changed, job = release(after)
    async with testing(changed, store=store) as t:
        await t.advance(days=1)

        found = [await t.ctx.workflow(job, f"j-{number}").result() for number in range(20)]
        assert [one.split()[1] for one in found] == [f"={(number + 1) * 2}" for number in range(20)]
        assert {name: calls.count(name) for name in calls} == {
            "first": 20,
            "second": 20,
            "new": 20,
            "third": 20,
        }
        assert (await t.ctx.state(Sum, "s")).total == sum((number + 1) * 2 for number in range(20))


class Receipt(Struct):
    number: int


async def test_a_recorded_result_that_no_longer_fits_is_shown_and_goes_on_after_the_fix(
    tmp_path: Path,
) -> None:
    async def third(x: int) -> Receipt:
        calls.append("third")
        return Receipt(x)

    async def second(x: int) -> Receipt:
        raise NotImplementedError

    async def broken(self: Workflow, ctx: Context, x: int) -> int:
        await self.sleep(timedelta(days=1))
        return (await self.step(second, x)).number

    store = f"sqlite:///{tmp_path / 'app.db'}"
    old, job = release(before)
    async with testing(old, store=store) as t:
        await t.ctx.workflow(job, "j-1").start(3)
        await t.settle()
    changed, job = release(broken)
    async with testing(changed, store=store) as t:
        await t.advance(days=1)

        [failure] = await t.failures()
        assert (failure.part, failure.name, failure.key) == ("workflow", "Job", "j-1")
        assert "step 'second': its recorded result 8 no longer fits" in failure.why
    repaired, job = release(before)
    async with testing(repaired, store=store) as t:
        # By itself: nobody resumes it.
        await t.settle()
        await t.advance(days=1)

        assert await t.ctx.workflow(job, "j-1").result() == "=8"
        assert calls == ["first", "second", "third"]


async def test_a_run_that_fails_by_mistake_is_shown_and_goes_on_when_it_is_resumed() -> None:
    is_fixed = False

    async def mistaken(self: Workflow, ctx: Context) -> str:
        await self.step(first, 1)
        if not is_fixed:
            raise KeyError("typo")
        return "done"

    app, job = release(mistaken, retries=Retries(attempts=3))
    async with testing(app) as t:
        await t.ctx.workflow(job, "j-1").start()
        await t.advance(minutes=5)
        [failure] = await t.failures()
        assert (failure.key, failure.why) == ("j-1", "KeyError: 'typo'")

        is_fixed = True
        await t.ctx.workflow(job, "j-1").resume()
        await t.settle()

        assert await t.ctx.workflow(job, "j-1").result() == "done"
        assert calls == ["first"]


async def test_a_workflow_whose_run_fails_by_mistake_can_be_cancelled() -> None:
    async def mistaken(self: Workflow, ctx: Context) -> str:
        await ctx.entity(Sum, "s").add(5)
        self.compensate(lambda: ctx.entity(Sum, "s").add(-5))
        raise KeyError("typo")

    app, job = release(mistaken, retries=Retries(attempts=1))
    async with testing(app) as t:
        await t.ctx.workflow(job, "j-1").start()
        await t.settle(allows_failures=True)
        assert (await t.ctx.workflow(job, "j-1").status()).status == "stalled"
        assert (await t.ctx.state(Sum, "s")).total == 5

        await t.ctx.workflow(job, "j-1").cancel()
        await t.settle()

        assert (await t.ctx.workflow(job, "j-1").status()).status == "cancelled"
        assert (await t.ctx.state(Sum, "s")).total == 0


async def test_workflows_of_a_class_that_is_gone_are_shown_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = f"sqlite:///{tmp_path / 'app.db'}"
    old, job = release(before)
    async with testing(old, store=store) as t:
        await t.ctx.workflow(job, "j-1").start(3)
        await t.settle()
    renamed, _ = release(before, "Work")
    async with testing(renamed, store=store) as t:
        [failure] = await t.failures()

        assert (failure.part, failure.name) == ("workflow", "Job")
        assert "1 are under way" in failure.why
        assert "class …(Workflow, name='Job')" in caplog.text


async def test_a_workflow_is_restarted_from_a_step() -> None:
    async def run(self: Workflow, ctx: Context, x: int) -> str:
        one = await self.step(first, x)
        await ctx.entity(Sum, "s").add(one)
        two = await self.step(second, one)
        return await self.step(third, two)

    app, job = release(run)
    async with testing(app) as t:
        reference: Any = t.ctx.workflow(job, "j-1")
        await reference.start(3)
        await t.settle()
        with pytest.raises(NotFound, match="no record of a step 'other'"):
            await reference.restart("other")

        await reference.restart("second")
        await t.settle()
        again = list(calls)
        await reference.restart()
        await t.settle()

        assert again == ["first", "second", "third", "second", "third"]
        assert calls == [*again, "first", "second", "third"]
        assert await reference.result() == "=8"
        assert (await t.ctx.state(Sum, "s")).total == 8
        assert (await reference.status()).generation == 3


async def test_a_workflow_that_failed_is_retried_from_the_step_that_failed() -> None:
    failures = [Rejected("no", code="no")]

    async def doubtful(x: int) -> int:
        calls.append("doubtful")
        if failures:
            raise failures.pop()
        return x

    async def run(self: Workflow, ctx: Context, x: int) -> int:
        return await self.step(doubtful, await self.step(first, x))

    app, job = release(run)
    async with testing(app) as t:
        reference: Any = t.ctx.workflow(job, "j-1")
        await reference.start(3)
        await t.settle()
        assert (await reference.status()).status == "failed"

        await reference.retry()
        await t.settle()

        assert await reference.result() == 4
        assert calls == ["first", "doubtful", "doubtful"]
        with pytest.raises(Conflict, match="is completed: there is nothing to retry"):
            await reference.retry()


async def test_input_and_output_outside_a_step_is_refused_in_development(tmp_path: Path) -> None:
    async def impure(self: Workflow, ctx: Context) -> str:
        return (tmp_path / "file").read_text()

    app, job = release(impure)
    async with testing(app) as t:
        await t.ctx.workflow(job, "j-1").start()
        await t.settle(allows_failures=True)

        status = await t.ctx.workflow(job, "j-1").status()
        assert status.status == "stalled"
        assert "do this in a step" in status.error


async def test_what_differs_each_time_is_refused_outside_a_step() -> None:
    async def reading(self: Workflow, ctx: Context) -> int:
        return (await ctx.state(Sum, "s")).total

    app, job = release(reading)
    async with testing(app) as t:
        await t.ctx.workflow(job, "j-1").start()
        await t.settle(allows_failures=True)

        status = await t.ctx.workflow(job, "j-1").status()
        assert "do this in a step, a function with a parameter `ctx: Context`" in status.error
