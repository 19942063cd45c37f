"""G8: whatever a tick, a timer's command, an `on_failure=` or an upcast raises is a letter on every store."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import Actions, App, Context, Entity, Event, Retries, command, reducer
from actum.runtime.context.context import Context as RunningContext
from actum.testing import testing
from tests.runtime.test_containment import RAISED

ONE = Retries(attempts=1)


class Happened(Event):
    n: int


class Thing(Entity, emits=[Happened]):
    @command
    def happen(self, n: int) -> None:
        self.emit(Happened(n))

    @command
    def fail(self, kind: str) -> None:
        raise RAISED[kind]()


def application(kind: str, done: list[Any]) -> App:
    actions = Actions()

    async def give_up(ctx: Context) -> None:
        raise RAISED[kind]()

    @actions.every(hours=1)
    async def tick(ctx: Context) -> None:
        raise RAISED[kind]()

    @actions.every(hours=1)
    async def tock(ctx: Context) -> None:
        done.append("tock")

    @actions.on(Happened, retries=ONE, on_failure=give_up)
    async def react(ctx: Context, event: Happened) -> None:
        if event.n == 13:
            raise OSError("down")
        done.append(event.n)

    return App("things", entities=[Thing], actions=[actions])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path / 'things.db'}" if request.param == "sqlite" else "memory:"


@pytest.mark.parametrize("kind", RAISED)
async def test_whatever_a_trigger_raises_is_its_own_letter(store: str, kind: str) -> None:
    """Others are done once, and no part of the application ends."""
    done: list[Any] = []
    async with testing(application(kind, done), store=store) as t:
        await t.ctx.entity(Thing, "a").happen(13)
        await t.ctx.entity(Thing, "b").happen(14)
        await t.ctx.schedule(Thing.fail, "c", after=timedelta(minutes=5))(kind)
        await t.ctx.schedule(Thing.happen, "d", after=timedelta(minutes=5))(15)
        await t.settle(allows_failures=True)
        for _ in range(3):
            await t.advance(hours=1)
        letters = await t.node.services.database.letters()
        failures = t.node.supervisor.failures

    assert {letter.action for letter in letters} == {"tick@clock", "react", "timers"}
    assert all("\0" not in letter.error and letter.error for letter in letters)
    assert (sorted(one for one in done if one != "tock"), "tock" in done) == ([14, 15], True)
    assert failures == {}


@pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("kind", RAISED)
async def test_whatever_an_upcast_raises_is_an_error_of_the_event(store: str, kind: str) -> None:
    """Its entity cannot be loaded, its action has a letter, and others go on; fixed, all is well."""

    class Said(Event):
        n: int

    class Talker(Entity, emits=[Said]):
        @command
        def say(self, n: int) -> None:
            self.emit(Said(n))

    class SaidNow(Event, name="Said", version=2):
        n: int

    is_fixed: list[bool] = []

    @SaidNow.upcast(1)
    def up(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["n"] == 13 and not is_fixed:
            raise RAISED[kind]()
        return payload

    class TalkerNow(Entity, name="Talker"):
        last: int = 0

        @reducer
        def said(self, event: SaidNow) -> None:
            self.last = event.n

        @command
        def say(self, n: int) -> None:
            self.emit(SaidNow(n))

    seen: list[int] = []
    actions = Actions()

    @actions.on(SaidNow, retries=ONE, since="beginning")
    async def hear(ctx: RunningContext, event: SaidNow) -> None:
        seen.append(event.n)

    async with testing(App("talk", entities=[Talker]), store=store) as t:
        await t.ctx.entity(Talker, "a").say(13)
        await t.ctx.entity(Talker, "b").say(14)
    async with testing(App("talk", entities=[TalkerNow], actions=[actions]), store=store) as t:
        with pytest.raises(Exception):  # noqa: B017, PT011 (any that a caller can handle)
            await t.ctx.entity(TalkerNow, "a").say(1)
        await t.ctx.entity(TalkerNow, "b").say(15)
        await t.settle(allows_failures=True)
        [letter] = await t.node.services.database.letters()
        failures = t.node.supervisor.failures
        is_fixed.append(True)
        await t.ctx.entity(TalkerNow, "a").say(1)

    assert letter.key == "Talker/a"
    assert sorted(seen)[:2] == [14, 15]
    assert failures == {}
