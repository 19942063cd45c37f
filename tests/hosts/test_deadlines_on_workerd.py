"""Deadlines of entities in Durable Objects on a real workerd: their own alarms run them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actum.ports.journal import EventRange
from actum.stores.open import open_stores
from tests.cli.commands import CommandLine
from tests.runtime.deadlines import Alarm, app, due, rung

pytestmark = pytest.mark.slow
TEXTS = ["ready", "soft"]


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Returns when something is so that an object or a timer brings about."""
    async with asyncio.timeout(60):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_deadline_fires_once_while_the_process_runs(objects_url: str, tmp_path: Path) -> None:
    """Object and process both send its command, under one key; what was cancelled does not fire."""
    store = app.store_url(objects_url, f"sqlite:///{tmp_path / 'alarms.db'}")
    async with app.running(store=store) as ctx:
        await ctx.entity(Alarm, "a").set("tea", 0.2, "ready")
        await ctx.entity(Alarm, "a").set("cup", 30, "never")
        await ctx.entity(Alarm, "a").unset("cup")
        await ctx.entity(Alarm, "a").set("egg", 1.0, "soft")

        async def is_over() -> bool:
            return not await due(ctx) and await rung(ctx) == TEXTS

        await until(is_over)
        history = [type(recorded.event).__name__ for recorded in await ctx.history(Alarm, "a")]

    assert sorted(history) == ["Cancelled", "Rang", "Rang", "Set", "Set", "Set"]


async def test_a_deadline_fires_while_no_process_runs_and_not_again_when_one_does(
    objects_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`actum timers` lists what waits, from the database of the process."""
    store = app.store_url(objects_url, f"sqlite:///{tmp_path / 'alarms.db'}")
    async with app.running(store=store) as ctx:
        await ctx.entity(Alarm, "a").set("tea", 2, "ready")
        await ctx.entity(Alarm, "a").set("egg", 3_600, "soft")

        async def is_listed() -> bool:
            return "a egg" in await due(ctx)

        await until(is_listed)
    listed = await asyncio.to_thread(
        CommandLine(capsys), "timers", "tests.runtime.deadlines", "--store", store
    )
    async with open_stores(store) as stores:

        async def has_rung() -> bool:
            events = await stores.journal.read(EventRange("Alarm", "a"))
            return [event.type for event in events] == ["Set", "Set", "Rang"]

        await until(has_rung)
    async with app.running(store=store) as ctx:

        async def is_left() -> bool:
            return await due(ctx) == ["a egg"]

        await until(is_left)
        assert await rung(ctx) == ["ready"]

    assert listed.code == 0, listed.err
    assert "egg" in listed.out
