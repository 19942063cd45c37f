"""Workflows, as the command line lists, shows and controls them."""

import asyncio
import sys
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from actum.testing import testing
from tests.cli.commands import CommandLine
from tests.cli.filling import STORE

SOURCE = """
from msgspec import Struct
from actum import App, Context, Rejected, Workflow

class Approved(Struct):
    by: str

async def charge(amount: int) -> int:
    return amount * 2

class Payment(Workflow):
    stage: str = "new"

    async def run(self, ctx: Context, amount: int) -> str:
        total = await self.step(charge, amount)
        self.stage = "charged"
        approved = await self.receive(Approved)
        if approved.by == "nobody":
            raise Rejected("nobody approved it")
        return f"{total} by {approved.by}"

app = App("shop", workflows=[Payment])
"""


@pytest.fixture
def payments(directory: Path) -> Path:
    """The directory of an application with two workflows that wait for a signal."""
    (directory / "shop.py").write_text(SOURCE)
    asyncio.run(run_app(start=True))
    return directory


async def run_app(*, start: bool = False) -> None:
    app = load_app("shop")
    payment = sys.modules["shop"].Payment
    async with testing(app, store=STORE) as t:
        if start:
            await t.ctx.workflow(payment, "p-1").start(3)
            await t.ctx.workflow(payment, "p-2").start(4)
        await t.settle(allows_failures=True)


def test_workflows_are_listed_by_kind_and_status(payments: Path, actum: CommandLine) -> None:
    table = actum("workflows", "list", "shop").out.splitlines()
    lines = actum("workflows", "list", "shop", "--json", "--kind", "Payment", "--status", "running").lines

    assert table[1].split()[:3] == ["Payment", "p-1", "running"]
    assert [(line["id"], line["state"], line["arguments"]) for line in lines] == [
        ("p-1", {"stage": "charged"}, [3]),
        ("p-2", {"stage": "charged"}, [4]),
    ]
    assert actum("workflows", "list", "shop", "--json", "--status", "failed").lines == []


def test_a_workflow_is_shown_with_what_its_steps_came_to(payments: Path, actum: CommandLine) -> None:
    shown = actum("workflows", "show", "shop", "Payment", "p-1").out
    [line] = actum("workflows", "show", "shop", "Payment", "p-1", "--json").lines

    assert "status  running" in shown
    assert [(one["step"], one["body"]["result"]) for one in line["records"]] == [("charge", 6)]


def test_a_workflow_is_signalled(payments: Path, actum: CommandLine) -> None:
    actum("workflows", "signal", "shop", "Payment", "p-1", "Approved", '{"by":"ann"}')
    asyncio.run(run_app())

    [line] = actum("workflows", "show", "shop", "Payment", "p-1", "--json").lines
    assert (line["status"], line["outcome"]) == ("completed", "6 by ann")


def test_a_workflow_is_cancelled_and_restarted(payments: Path, actum: CommandLine) -> None:
    told = actum("workflows", "cancel", "shop", "Payment", "p-1").out
    asyncio.run(run_app())
    [cancelled] = actum("workflows", "show", "shop", "Payment", "p-1", "--json").lines
    actum("workflows", "restart", "shop", "Payment", "p-1", "--step", "charge")
    asyncio.run(run_app())

    [restarted] = actum("workflows", "show", "shop", "Payment", "p-1", "--json").lines
    assert told == "Payment/p-1: requested; the application does it when it starts (cancel)\n"
    assert cancelled["status"] == "cancelled"
    assert (restarted["status"], restarted["generation"]) == ("running", 2)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["resume", "shop", "Payment", "p-1"], "is running: there is nothing to resume"),
        (["cancel", "shop", "Payment", "p-9"], "there is no workflow Payment/p-9"),
        (["show", "shop", "Other", "p-1"], "there is no workflow Other/p-1"),
        (["signal", "shop", "Payment", "p-1", "Approved", "{"], "the signal is no JSON"),
        (["restart", "shop", "Payment", "p-1", "--step", "pay"], "no record of a step 'pay'"),
    ],
)
def test_what_cannot_be_done_is_refused(
    payments: Path, actum: CommandLine, arguments: list[str], error: str
) -> None:
    result = actum("workflows", *arguments)

    assert error in result.err
    assert result.code == 1
