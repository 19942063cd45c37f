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


NEWER, ASKING, GIVEN = release(("who", str))
OLDER, OF_OLDER, OF_NUMBER = release(("number", int))


@pytest.fixture
async def store(tmp_path: Path) -> str:
    """A store in which a workflow has a signal of the newer release."""
    url = f"sqlite:///{tmp_path / 'asking.db'}"
    async with testing(NEWER, store=url) as t:
        await t.ctx.workflow(ASKING, "a-1").start()
        await t.ctx.workflow(ASKING, "a-1").signal(GIVEN("ann"))
        await t.settle()
    return url


async def test_a_signal_of_a_newer_release_is_read_by_it_after_a_rollback(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with testing(OLDER, store=store) as t:
        await t.ctx.workflow(OF_OLDER, "a-1").signal(Note("now"))
        await t.settle()
        assert (await t.ctx.workflow(OF_OLDER, "a-1").status()).status == "running"

        await t.advance(minutes=25)
        assert (await t.ctx.workflow(OF_OLDER, "a-1").status()).status == "running"

    async with testing(NEWER, store=store) as t:
        await t.advance(hours=1)
        assert await t.ctx.workflow(ASKING, "a-1").result() == "now Given(who='ann')"
    said = [one.message for one in caplog.records if "a signal Given does not fit" in one.message]
    assert said
    assert said[0].startswith("Asking/a-1: a signal Given does not fit, and is passed over")


async def test_signals_that_can_be_read_overtake_one_that_cannot(store: str) -> None:
    async with testing(OLDER, store=store) as t:
        await t.ctx.workflow(OF_OLDER, "a-1").signal(OF_NUMBER(7))
        await t.ctx.workflow(OF_OLDER, "a-1").signal(Note("now"))
        assert await t.ctx.workflow(OF_OLDER, "a-1").result() == "now Given(number=7)"


async def test_a_time_limit_ends_the_waiting_for_a_signal_that_cannot_be_read(store: str) -> None:
    async with testing(OLDER, store=store) as t:
        await t.ctx.workflow(OF_OLDER, "a-1").signal(Note("now"))
        await t.settle()
        await t.advance(days=2)
        assert await t.ctx.workflow(OF_OLDER, "a-1").result() == "now None"
