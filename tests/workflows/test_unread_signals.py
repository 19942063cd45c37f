"""A signal that a release cannot read waits for one that can."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, defstruct

from actum import App, Context, Workflow
from actum.testing import testing


class Note(Struct):
    text: str


def release(*fields: tuple[str, Any]) -> tuple[App, type[Workflow], type[Struct]]:
    """Gives an application whose workflow takes a signal that has these fields."""
    given: Any = defstruct("Given", fields)

    class Asking(Workflow):
        async def run(self, ctx: Context) -> str:
            note = await self.receive(Note, within=timedelta(days=9))
            answer = await self.receive(given, within=timedelta(days=1))
            return f"{note and note.text} {answer}"

    return App("asking", workflows=[Asking]), Asking, given


async def test_a_signal_of_a_newer_release_is_read_by_it_after_a_rollback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = f"sqlite:///{tmp_path / 'asking.db'}"
    newer, asking, given = release(("who", str))
    async with testing(newer, store=store) as t:
        await t.ctx.workflow(asking, "a-1").start()
        await t.ctx.workflow(asking, "a-1").signal(given("ann"))
        await t.settle()

    older, of_older, _ = release(("number", int))
    async with testing(older, store=store) as t:
        await t.ctx.workflow(of_older, "a-1").signal(Note("now"))
        await t.settle()
        assert (await t.ctx.workflow(of_older, "a-1").status()).status == "running"

        await t.advance(minutes=25)
        assert (await t.ctx.workflow(of_older, "a-1").status()).status == "running"

    async with testing(newer, store=store) as t:
        await t.advance(hours=1)
        assert await t.ctx.workflow(asking, "a-1").result() == "now Given(who='ann')"
    said = [one.message for one in caplog.records if "a signal Given does not fit" in one.message]
    assert said
    assert said[0].startswith("Asking/a-1: a signal Given does not fit, and is passed over")


async def test_signals_that_can_be_read_overtake_one_that_cannot(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'asking.db'}"
    newer, asking, given = release(("who", str))
    async with testing(newer, store=store) as t:
        await t.ctx.workflow(asking, "a-1").start()
        await t.ctx.workflow(asking, "a-1").signal(given("ann"))
        await t.settle()

    older, of_older, of_number = release(("number", int))
    async with testing(older, store=store) as t:
        await t.ctx.workflow(of_older, "a-1").signal(of_number(7))
        await t.ctx.workflow(of_older, "a-1").signal(Note("now"))
        assert await t.ctx.workflow(of_older, "a-1").result() == "now Given(number=7)"


async def test_a_time_limit_ends_the_waiting_for_a_signal_that_cannot_be_read(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'asking.db'}"
    newer, asking, given = release(("who", str))
    async with testing(newer, store=store) as t:
        await t.ctx.workflow(asking, "a-1").start()
        await t.ctx.workflow(asking, "a-1").signal(given("ann"))
        await t.settle()

    older, of_older, _ = release(("number", int))
    async with testing(older, store=store) as t:
        await t.ctx.workflow(of_older, "a-1").signal(Note("now"))
        await t.settle()
        await t.advance(days=2)
        assert await t.ctx.workflow(of_older, "a-1").result() == "now None"
