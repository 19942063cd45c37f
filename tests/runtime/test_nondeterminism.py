"""Reads of the clock and random values in commands, reducers and queries, which development refuses."""

# ruff: noqa: DTZ002, DTZ007, DTZ011, PLW0108

import logging
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from actum import App, Context, Entity, Event, Workflow, command, query, reducer
from actum.errors import ImpureTurn
from actum.runtime.entities.input_output_guard import pure
from actum.testing import given, testing


class Drawn(Event):
    name: str


class Subclass(datetime):
    """A datetime of the author's own."""


REFUSED: dict[str, Callable[[], Any]] = {
    "date.today": lambda: date.today(),
    "datetime.now": lambda: datetime.now(UTC),
    "datetime.today": lambda: datetime.today(),
    "Subclass.now": lambda: Subclass.now(),
    "time.time": lambda: time.time(),
    "time.time_ns": lambda: time.time_ns(),
    "time.sleep": lambda: time.sleep(0),
    "random.random": lambda: random.random(),
    "random.randint": lambda: random.randint(1, 6),
    "random.shuffle": lambda: random.shuffle([1, 2, 3]),
    "random.choice": lambda: random.choice("abc"),
    "uuid.uuid1": lambda: uuid.uuid1(),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "os.urandom": lambda: os.urandom(2),
    "secrets.token_hex": lambda: secrets.token_hex(2),
    "secrets.choice": lambda: secrets.SystemRandom().choice("abc"),
}
ALLOWED: dict[str, Callable[[], Any]] = {
    "date": lambda: date(2026, 1, 1) + timedelta(days=1),
    "datetime": lambda: datetime(2026, 1, 1, tzinfo=UTC).astimezone(UTC).isoformat(),
    "fromisoformat": lambda: date.fromisoformat("2026-01-01"),
    "strptime": lambda: datetime.strptime("2026-01-01", "%Y-%m-%d"),
    "fromtimestamp": lambda: datetime.fromtimestamp(0, UTC),
    "UUID": lambda: uuid.UUID("12345678123456781234567812345678"),
    "uuid5": lambda: uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org"),
    "seeded": lambda: random.Random(7).shuffle([1, 2, 3]),
    "log": lambda: logging.getLogger("jobs").warning("said"),
}


class Lottery(Entity):
    name: str = ""

    @command
    def draw(self, name: str) -> None:
        self.emit(Drawn(name))

    @command
    def draw_here(self, name: str) -> None:
        run(name)

    @query
    def look(self, name: str) -> None:
        run(name)

    @reducer
    def drawn(self, event: Drawn) -> None:
        run(event.name)
        self.name = event.name


def run(name: str) -> None:
    (REFUSED.get(name) or ALLOWED[name])()


class Raffle(Workflow):
    async def run(self, ctx: Context, name: str) -> str:
        run(name)
        return name


app = App("lottery", entities=[Lottery], workflows=[Raffle])
HERE = r"\(.*test_nondeterminism\.py:\d+\)"


def said(name: str, clock: str, chance: str) -> str:
    """What the error says, for what has no audit event."""
    if name == "time.sleep":
        return rf"called time\.sleep\(\) {HERE}: (it waits for nothing|use await self\.sleep)"
    is_clock = name.startswith(("date", "time", "Subclass"))
    called = r"random\.\w+" if name == "secrets.choice" else name
    return rf"called {called}\(\) {HERE}: {clock if is_clock else chance}"


@pytest.mark.parametrize("call", ["draw", "draw_here", "look"])
@pytest.mark.parametrize("name", REFUSED)
async def test_development_refuses_it(name: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pure, "is_enforced", True)
    async with testing(app) as running:
        ctx = running.ctx
        with pytest.raises(ImpureTurn, match=said(name, r"use self\.now", r"draw it where .* ctx\.new_id")):
            await getattr(ctx.entity(Lottery, "x"), call)(name)

        assert await ctx.history(Lottery, "x") == []
    assert sys.getprofile() is None


@pytest.mark.parametrize("call", ["draw", "draw_here", "look"])
@pytest.mark.parametrize("name", ALLOWED)
async def test_development_allows_what_is_always_the_same(name: str, call: str) -> None:
    async with testing(app) as running:
        ctx = running.ctx
        await getattr(ctx.entity(Lottery, "x"), call)(name)


async def test_an_example_refuses_it() -> None:
    given(Lottery).when(Lottery.draw_here, "uuid.uuid4").raises(ImpureTurn, match="called uuid.uuid4()")


@pytest.mark.parametrize("name", REFUSED)
async def test_run_of_a_workflow_is_refused_it(name: str) -> None:
    """Which is called again after a restart."""
    with pytest.raises(AssertionError, match=said(name, r"use self\.now", r"use self\.new_id\(\) or")):
        (await given(Raffle).when(name)).then(name)


@pytest.mark.parametrize("name", ALLOWED)
async def test_run_of_a_workflow_is_allowed_what_is_always_the_same(name: str) -> None:
    (await given(Raffle).when(name)).then(name)


async def test_production_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pure, "is_enforced", False)
    async with app.running(store="memory:") as ctx:
        await ctx.entity(Lottery, "x").draw("time.time")

        assert len(await ctx.history(Lottery, "x")) == 1
