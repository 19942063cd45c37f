"""What went wrong with a workflow, as callers and clients over HTTP learn of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from actum import (
    Actions,
    AlreadyStarted,
    App,
    Context,
    NotEnded,
    NotFound,
    Rejected,
    Retries,
    StepFailed,
    Unavailable,
    Workflow,
    WorkflowCancelled,
    WorkflowFailed,
    WrongStatus,
)
from actum.errors import DefinitionError
from actum.ports.workflows import StoredWorkflow
from actum.runtime.workflows import calls
from actum.testing import Running, testing

SOON = timedelta(milliseconds=20)


class Go(Struct):
    pass


class Order(Struct):
    how: str


async def break_down() -> None:
    raise RuntimeError("password=secret")


class Errand(Workflow, timeout=timedelta(days=1)):
    async def run(self, ctx: Context, order: Order) -> str:
        if order.how == "refused":
            raise Rejected("no", code="too_late", days=3)
        if order.how == "broken":
            await self.step(break_down, retries=Retries(attempts=1))
        await self.receive(Go)
        return order.how


class Impatient(Workflow):
    """Waits a day for an errand, then says so."""

    async def run(self, ctx: Context, id: str) -> str:
        try:
            return await ctx.workflow(Errand, id).result(within=timedelta(days=1) / 2)
        except NotEnded as error:
            return f"gave up: {error.workflow}"


class Rude(Workflow):
    """Does what an errand does not allow."""

    async def run(self, ctx: Context, id: str) -> list[str]:
        found = []
        try:
            await ctx.workflow(Errand, id).start(Order("other"))
        except AlreadyStarted as error:
            found.append(error.workflow)
        try:
            await ctx.workflow(Errand, id).resume()
        except WrongStatus as error:
            found.append(f"{error.workflow} {error.status}")
        await self.sleep(timedelta(minutes=1))
        return found


shop = Actions()
shop.post("/errands/{id:str}").start(Errand)


@shop.get("/errands/{id:str}")
async def result(ctx: Context, id: str) -> str:
    return await ctx.workflow(Errand, id).result(within=SOON)


@shop.post("/errands/{id:str}/go")
async def go(ctx: Context, id: str) -> None:
    await ctx.workflow(Errand, id).signal(Go())


@shop.post("/errands/{id:str}/pause")
async def pause(ctx: Context, id: str) -> None:
    await ctx.workflow(Errand, id).pause()


app = App("errands", workflows=[Errand, Impatient, Rude], actions=[shop])


async def ended(t: Running, id: str, how: str) -> None:
    """Brings an errand to an end."""
    await t.ctx.workflow(Errand, id).start(Order(how))
    await t.settle()
    match how:
        case "cancelled":
            await t.ctx.workflow(Errand, id).cancel()
            await t.settle()
        case "late":
            await t.advance(days=2)
        case "done":
            await t.ctx.workflow(Errand, id).signal(Go())
            await t.settle()


@pytest.mark.parametrize(
    ("how", "status", "name", "members"),
    [
        ("refused", 422, "rejected", {"code": "too_late", "days": 3}),
        ("broken", 500, "step-failed", {"code": "step-failed", "step": "break_down"}),
        ("late", 500, "workflow-failed", {"code": "workflow-failed"}),
        ("cancelled", 409, "workflow-cancelled", {"code": "workflow-cancelled"}),
        ("waiting", 409, "not-ended", {"code": "not-ended", "workflow": "Errand/e-1"}),
    ],
)
async def test_how_a_workflow_ended_is_a_problem_of_its_kind(
    how: str, status: int, name: str, members: dict[str, Any]
) -> None:
    async with testing(app) as t:
        await ended(t, "e-1", how)
        answer = await t.http.get("/errands/e-1")

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"urn:actum:problem:{name}")
    assert {key: problem[key] for key in members} == members
    assert answer.headers.get("retry-after") == ("1" if how == "waiting" else None)
    assert "secret" not in answer.text


async def test_what_a_workflow_does_not_allow_is_a_problem_of_its_kind() -> None:
    async with testing(app) as t:
        await ended(t, "e-1", "done")
        answers = [
            await t.http.post("/errands/e-1", json={"how": "other"}),
            await t.http.post("/errands/e-1/go"),
            await t.http.post("/errands/e-1/pause"),
            await t.http.post("/errands/e-2/go"),
            await t.http.get("/errands/e-2"),
        ]

    found = [(one.status_code, one.json()["type"].rpartition(":")[2]) for one in answers]
    assert found == [
        (409, "already-started"),
        (409, "wrong-status"),
        (409, "wrong-status"),
        (404, "not-found"),
        (404, "not-found"),
    ]
    assert answers[0].json()["workflow"] == "Errand/e-1"
    assert answers[1].json()["detail"] == "Errand/e-1 has ended (completed), and takes no signals"
    assert answers[2].json()["current"] == "completed"
    assert answers[3].json()["detail"] == "there is no workflow Errand/e-2"


async def test_errors_have_their_facts_and_their_class() -> None:
    async with testing(app) as t:
        for how, error in (
            ("broken", StepFailed),
            ("late", WorkflowFailed),
            ("cancelled", WorkflowCancelled),
        ):
            await ended(t, how, how)
            with pytest.raises(error):
                await t.ctx.workflow(Errand, how).result()
        with pytest.raises(NotFound):
            await t.ctx.workflow(Errand, "none").result(within=SOON)


async def test_whoever_waits_for_a_time_is_given_a_result_that_comes_within_it() -> None:
    async with testing(app) as t:
        await ended(t, "e-1", "done")

        assert await t.ctx.workflow(Errand, "e-1").result(within=timedelta(minutes=1)) == "done"
        with pytest.raises(DefinitionError, match=r"write a span, as in timedelta\(seconds=10\)"):
            await t.ctx.workflow(Errand, "e-1").result(within=10)  # type: ignore[arg-type]


async def test_whoever_waits_goes_on_waiting_while_the_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "POLL", 0.01)
    async with testing(app) as t:
        await ended(t, "e-1", "waiting")
        database = t.node.services.database
        look, refused = database.workflow, list[str]()

        async def refuse(kind: str, id: str) -> StoredWorkflow | None:
            refused.append(id)
            if len(refused) in (2, 3):
                raise Unavailable("the store restarts")
            return await look(kind, id)

        monkeypatch.setattr(database, "workflow", refuse)
        waiting = asyncio.create_task(t.ctx.workflow(Errand, "e-1").result())
        async with asyncio.timeout(30):
            while len(refused) < 4 and not waiting.done():  # noqa: ASYNC110 (the waiting one's doing)
                await asyncio.sleep(0.01)
        await t.ctx.workflow(Errand, "e-1").signal(Go())

        assert await waiting == "waiting"
        del refused[1:]
        with pytest.raises(Unavailable):
            await t.ctx.workflow(Errand, "e-1").result()


async def test_a_workflow_waits_for_another_for_a_time_that_is_recorded() -> None:
    async with testing(app) as t:
        await ended(t, "e-1", "waiting")
        await ended(t, "e-2", "waiting")
        await t.ctx.workflow(Impatient, "i-1").start("e-1")
        await t.ctx.workflow(Impatient, "i-2").start("e-2")
        await t.advance(hours=11)
        await t.ctx.workflow(Errand, "e-2").signal(Go())
        await t.advance(hours=2)

        assert await t.ctx.workflow(Impatient, "i-1").result() == "gave up: Errand/e-1"
        assert await t.ctx.workflow(Impatient, "i-2").result() == "waiting"


async def test_a_workflow_that_runs_again_is_given_errors_with_their_facts() -> None:
    async with testing(app) as t:
        await ended(t, "e-1", "waiting")
        await t.ctx.workflow(Rude, "r-1").start("e-1")
        await t.advance(minutes=2)

        assert await t.ctx.workflow(Rude, "r-1").result() == ["Errand/e-1", "Errand/e-1 running"]
