"""Entities that keep their state alone: commands set fields, and no history grows."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from actum import (
    Actions,
    App,
    Changed,
    Context,
    DefinitionError,
    Deleted,
    Entity,
    Event,
    Rejected,
    Taken,
    View,
    WrongVersion,
    command,
    query,
    reducer,
)
from actum.ports.journal import EventRange
from actum.runtime.clock import SystemClock
from actum.stores.memory import MemoryJournal
from actum.testing import given, testing
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.nodes import database_in_memory, node_on


class Settings(Entity, keeps="state"):
    theme: str = "plain"
    tags: list[str] = field(default_factory=list)
    changes: int = 0

    @command
    def set_theme(self, theme: str) -> str:
        before, self.theme = self.theme, theme
        self.changes += 1
        return before

    @command
    def tag(self, tags: list[str]) -> list[str]:
        self.tags = tags
        return self.tags

    @command
    def refuse(self, text: str) -> None:
        self.theme = text
        self.tags.append(text)
        raise Rejected("no")

    @command
    def fail(self) -> None:
        self.tags.append("lost")
        raise ValueError("broken")

    @command
    def look(self) -> str:
        return self.theme

    @command
    def name_it(self, name: str) -> None:
        self.claim("name", name)

    @query
    def whole(self) -> tuple[str, list[str], int]:
        return self.theme, self.tags, self.changes


class Short(Entity, keeps="state", expires_after=timedelta(days=3)):
    count: int = 0

    @command
    def add(self) -> int:
        self.count += 1
        return self.count


class Themes(View):
    id: str
    theme: str = ""

    @reducer
    def changed(self, event: Changed[Settings]) -> None:
        self.theme = event.state.theme


heard: list[str] = []
actions = Actions()


@actions.on(Changed[Settings])
async def hear(ctx: Context, event: Changed[Settings]) -> None:
    heard.append(f"{ctx.event.id}@{ctx.event.version}: {event.state.theme}")


@actions.on(Deleted, of=Settings)
async def hear_gone(ctx: Context, event: Deleted) -> None:
    heard.append(f"{event.id}: {event.why}")


app = App("prefs", entities=[Settings, Short], views=[Themes], actions=[actions])


@pytest.fixture(autouse=True)
def nothing_heard() -> None:
    heard.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/prefs.db"


async def test_commands_set_fields_and_the_newest_state_alone_is_kept(store: str) -> None:
    """Versions go on, views and actions follow, and a restart finds the state."""
    async with testing(app, store=store) as t:
        settings = t.ctx.entity(Settings, "ann")
        replies = [await settings.set_theme(theme) for theme in ("dark", "light", "blue")]
        await settings.look()
        await settings.tag(["x"])
        await t.settle()

        assert replies == ["plain", "dark", "light"]
        assert [one.version for one in await t.ctx.history(Settings, "ann")] == [4]
        assert await t.ctx.view(Themes).get("ann") == Themes("ann", "blue")
        assert heard[-1] == "ann@4: blue"
        journal = t.node.services.journal
        assert [one.version for one in await journal.feed(0, 100)] == [4]
        assert [one.type for one in await journal.read(EventRange("Settings", "ann"))] == ["Settings.Changed"]

        await t.restart()
        assert await t.ctx.entity(Settings, "ann").whole() == ("blue", ["x"], 3)
        await t.ctx.entity(Settings, "ann", expected_version=4).set_theme("red")
        assert (await t.ctx.state(Settings, "ann")).theme == "red"


async def test_many_commands_at_once_leave_one_event_each(store: str) -> None:
    async with testing(app, store=store) as t:
        await asyncio.gather(
            *(t.new_context().entity(Settings, f"u{n % 3}").set_theme(f"{n}") for n in range(60))
        )

        for number in range(3):
            whole = await t.ctx.entity(Settings, f"u{number}").whole()
            assert whole[2] == 20
            assert [one.version for one in await t.ctx.history(Settings, f"u{number}")] == [20]
        assert len(await t.node.services.journal.feed(0, 100)) == 3


async def test_versions_keys_units_and_claims_work_as_with_events(store: str) -> None:
    async with testing(app, store=store) as t:
        ctx = t.ctx
        once = [await t.new_context().entity(Settings, "a", idempotency_key="k").set_theme("d") for _ in "ab"]
        assert once == ["plain", "plain"]
        with pytest.raises(WrongVersion):
            await ctx.entity(Settings, "a", expected_version=7).set_theme("late")

        async def both(unit: Context) -> None:
            await unit.entity(Settings, "a").set_theme("one")
            await unit.entity(Settings, "a").set_theme("two")
            await unit.entity(Settings, "b").set_theme("three")

        await ctx.atomic(both)
        await ctx.entity(Settings, "a").name_it("ann")
        with pytest.raises(Taken):
            await ctx.entity(Settings, "b").name_it("ann")

        assert [one.version for one in await ctx.history(Settings, "a")] == [4]
        assert await ctx.entity(Settings, "a").whole() == ("two", [], 3)
        await ctx.delete(Settings, "a", erase=True, why="left")
        await ctx.entity(Settings, "b").name_it("ann")
        assert await ctx.entity(Settings, "a").whole() == ("plain", [], 0)
        await t.settle()
        assert await t.ctx.view(Themes).get("a") is None
        assert "a: left" in heard


async def test_what_fails_changes_nothing(store: str) -> None:
    """Neither what a refused command set, nor what it put into a list, nor what a caller holds."""
    async with testing(app, store=store) as t:
        ctx = t.ctx
        mine = ["mine"]
        reply = await ctx.entity(Settings, "a").tag(mine)
        mine.append("later")
        reply.append("later still")
        with pytest.raises(Rejected):
            await ctx.entity(Settings, "a").refuse("x")
        with pytest.raises(ValueError, match="broken"):
            await ctx.entity(Settings, "a").fail()
        with pytest.raises(Rejected):
            await ctx.entity(Settings, "new").refuse("x")

        assert await ctx.entity(Settings, "a").whole() == ("plain", ["mine"], 0)
        assert await ctx.history(Settings, "new") == []
        assert [one.version for one in await ctx.history(Settings, "a")] == [1]


async def test_it_expires_after_its_last_change(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Short, "a").add()
        await t.advance(days=2)
        await t.new_context().entity(Short, "a").add()
        await t.advance(days=2)
        before = await t.new_context().history(Short, "a")
        await t.advance(days=1)

        assert [one.version for one in before] == [2]
        assert await t.new_context().history(Short, "a") == []


async def test_a_view_that_is_rebuilt_agrees_with_the_one_that_followed(store: str) -> None:
    async with testing(app, store=store) as t:
        for number in range(5):
            await t.ctx.entity(Settings, f"u{number % 2}").set_theme(f"{number}")
        await t.settle()
        followed = [await t.ctx.view(Themes).get(f"u{number}") for number in range(2)]
        await t.node.services.database.request_rebuild("themes")
        await t.restart()
        await t.settle()

        assert [await t.ctx.view(Themes).get(f"u{number}") for number in range(2)] == followed


class SettingsNow(Entity, keeps="state", name="Settings", version=2):
    """The settings when the theme had become a colour."""

    colour: str = "plain"
    tags: list[str] = field(default_factory=list)
    changes: int = 0

    @command
    def set(self, colour: str) -> None:
        self.colour = colour


@Changed[SettingsNow].upcast(1)
def to_colour(state: dict[str, Any]) -> dict[str, Any]:
    theme = state.pop("theme")
    return state | {"colour": theme}


class Colours(View):
    id: str
    colour: str = ""

    @reducer
    def changed(self, event: Changed[SettingsNow]) -> None:
        self.colour = event.state.colour


async def test_a_state_of_an_older_shape_is_upcast(store: str) -> None:
    async with testing(App("prefs", entities=[Settings], views=[Themes]), store=store) as t:
        await t.ctx.entity(Settings, "a").set_theme("dark")
        t.app = App("prefs", entities=[SettingsNow], views=[Colours])
        await t.restart()
        await t.settle()

        assert (await t.ctx.state(SettingsNow, "a")).colour == "dark"
        assert await t.ctx.view(Colours).get("a") == Colours("a", "dark")
        await t.ctx.entity(SettingsNow, "a").set("blue")
        assert [one.version for one in await t.ctx.history(SettingsNow, "a")] == [2]


async def test_a_command_whose_answer_was_lost_takes_effect_once() -> None:
    """The journal stored a batch and did not say so; of the batch, only the newest state is left."""
    journal = FaultyJournal(MemoryJournal())
    clock = SystemClock()
    async with database_in_memory() as database, node_on(app, journal, database, clock=clock) as node:
        journal.plan("append", Fault.AFTER)
        replies = await asyncio.gather(
            *(Context(node.services).entity(Settings, "a").set_theme(f"{n}") for n in range(5))
        )

        assert replies == ["plain", "0", "1", "2", "3"]
        assert await Context(node.services).entity(Settings, "a").whole() == ("4", [], 5)


def test_an_example_begins_with_a_state() -> None:
    given(Settings(theme="dark")).when(Settings.set_theme, "light").state(theme="light", changes=1)
    given(Settings(theme="dark")).when(Settings.set_theme, "light").then(
        Changed[Settings](Settings(theme="light", changes=1)), reply="dark"
    )
    given(Settings).when(Settings.refuse, "x").rejected("no")
    given(Settings(theme="dark")).when(Settings.look).then(reply="dark")


class Opened(Event):
    name: str


def test_it_declares_neither_events_nor_reducers() -> None:
    class Both(Entity, keeps="state", emits=[Opened]):
        name: str = ""

    class Reducing(Entity, keeps="state"):
        name: str = ""

        @reducer
        def opened(self, event: Opened) -> None: ...

    class Waiting(Entity, keeps="state"):
        name: str = ""

        @command
        def wait(self) -> None:
            self.schedule(Waiting.wait, after=timedelta(days=1))

    for cls, match in (
        (Both, "has no events"),
        (Reducing, "has no events"),
        (Waiting, "schedules a deadline"),
    ):
        with pytest.raises(DefinitionError, match=match):
            App("wrong", entities=[cls])
    with pytest.raises(DefinitionError, match="'events' or 'state'"):

        class Neither(Entity, keeps="nothing"):  # type: ignore[call-arg]
            pass


def test_changed_is_of_an_entity_that_keeps_its_state_alone() -> None:
    class Plain(Entity):
        pass

    class Other(Struct):
        pass

    for cls in (Plain, Other):
        with pytest.raises(DefinitionError, match="keeps its state alone"):
            Changed[cls]  # type: ignore[type-var]


async def test_a_store_that_cannot_keep_states_says_so_at_the_start() -> None:
    journal = MemoryJournal()
    journal.why_no_states = "it cannot"
    async with database_in_memory() as database:
        with pytest.raises(
            DefinitionError, match="Settings keeps its state alone, which this store cannot: it"
        ):
            async with node_on(app, journal, database):
                pass
