"""States are what their events made of them, whatever a command or a query does beside."""

import logging
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from actum import App, Context, Entity, Event, Rejected, command, query, reducer
from actum.errors import ImpureTurn, WrongState
from actum.model.entity import entity_type
from actum.runtime.entities import development_checks
from actum.runtime.entities.input_output_guard import pure


class Panic(BaseException):
    """As libraries written in Rust raise it."""


class Full(Rejected):
    """A refusal of the author's own, which holds on to what it is given."""

    def __init__(self, items: Any) -> None:
        super().__init__("full")
        self.items = items


class Put(Event):
    what: str


class Line(Struct):
    what: str
    marks: list[int] = []


class Shelf(Entity, snapshot_every=3):
    """Immutable values alone."""

    count: int = 0
    last: str = ""

    @command
    def put(self, what: str) -> int:
        self.emit(Put(what))
        return self.count

    @command
    def spoil(self, how: str) -> int:
        self.count += 100
        fail(how, self.last)
        if how == "emits":
            self.emit(Put("spoilt"))
            self.last = "spoilt by hand"
        return self.count

    @query
    def peek(self, how: str) -> int:
        self.last = "peeked"
        fail(how, self.last)
        return self.count

    @query
    def note(self) -> None:
        self.noted = True  # type: ignore[attr-defined]

    @command
    def note_and_put(self) -> None:
        self.noted = True  # type: ignore[attr-defined]
        self.emit(Put("noted"))

    @query
    def held(self) -> list[str]:
        return [str(self.count), self.last]

    @reducer
    def was_put(self, event: Put) -> None:
        if event.what == "broken":
            self.count += 7
            raise ValueError("the reducer failed")
        self.count += 1
        self.last = event.what


class Basket(Entity, snapshot_every=3):
    """Lists in structs in a dict, changed where they lie."""

    shelves: dict[str, list[Line]] = field(default_factory=lambda: {"a": []})

    @command
    def put(self, what: str) -> int:
        self.emit(Put(what))
        return len(self.shelves["a"])

    @command
    def spoil(self, how: str) -> int:
        self.shelves["a"][0].marks.append(100)
        fail(how, self.shelves)
        if how == "emits":
            self.emit(Put("spoilt"))
        return len(self.shelves["a"])

    @command
    def refuse_with_its_lines(self) -> None:
        raise Full(self.shelves["a"])

    @command
    def refuse_with_facts(self) -> None:
        raise Rejected("full", lines=self.shelves["a"])

    @query
    def peek(self, how: str) -> int:
        self.shelves["a"][0].what = "peeked"
        fail(how, self.shelves)
        return len(self.shelves["a"])

    @query
    def held(self) -> list[str]:
        return [f"{line.what}{line.marks}" for line in self.shelves["a"]]

    @query
    def lines(self) -> list[Line]:
        return self.shelves["a"]

    @reducer
    def was_put(self, event: Put) -> None:
        self.shelves["a"].append(Line(event.what))
        if event.what == "broken":
            raise ValueError("the reducer failed")


app = App("shelves", entities=[Shelf, Basket])
KINDS: list[Any] = [Shelf, Basket]
ENDS = ["rejected", "error", "panic", "exit", "facts", "returns"]


def fail(how: str, held: object) -> None:
    match how:
        case "rejected":
            raise Rejected("no")
        case "facts":
            raise Rejected("no", held=held)
        case "error":
            raise ValueError("wrong")
        case "panic":
            raise Panic
        case "exit":
            raise GeneratorExit
        case _:
            return


@pytest.fixture(autouse=True)
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pure, "is_enforced", False)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a.db"
    url: str = request.getfixturevalue("postgres_store")
    return url


async def whatever_it_raises(call: Any) -> None:
    try:
        await call
    except BaseException as error:  # noqa: BLE001 (that is what is tried)
        assert type(error) in (Rejected, ValueError, Panic, GeneratorExit)  # noqa: PT017


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ENDS)
async def test_what_a_turn_without_events_changes_is_put_back(kind: Any, how: str, store: str) -> None:
    """By a command or a query, however it ends: in memory, in snapshots, and after a restart."""
    async with app.running(store=store) as ctx:
        entity = ctx.entity(kind, "x")
        await entity.put("one")
        before = await entity.held()
        await whatever_it_raises(entity.spoil(how))
        after_command = await entity.held()
        await whatever_it_raises(entity.peek(how))
        after_query = await entity.held()
        for what in ("two", "three", "four"):
            await entity.put(what)
        folded = await ctx.state(kind, "x", version=4)
        live = await entity.held()

    assert before == after_command == after_query
    assert live == held_by(kind, folded)
    if store != "memory:":
        async with app.running(store=store) as ctx:
            assert await ctx.entity(kind, "x").held() == live


@pytest.mark.parametrize("kind", KINDS)
async def test_a_unit_is_held_to_its_events_as_well(kind: Any) -> None:
    """What a refused command or a query of a unit changes is in none of its later turns."""
    async with app.running(store="memory:") as ctx:
        await ctx.entity(kind, "x").put("one")

        async def unit(within: Context) -> list[str]:
            entity = within.entity(kind, "x")
            await entity.put("two")
            await whatever_it_raises(entity.spoil("rejected"))
            await entity.peek("")
            await entity.spoil("returns")
            found: list[str] = await entity.held()
            return found

        told = await ctx.atomic(unit)
        folded = await ctx.state(kind, "x", version=2)

        assert told == await ctx.entity(kind, "x").held() == held_by(kind, folded)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reducer_that_fails_leaves_nothing_behind(kind: Any) -> None:
    async with app.running(store="memory:") as ctx:
        await ctx.entity(kind, "x").put("one")
        before = await ctx.entity(kind, "x").held()
        with pytest.raises(ValueError, match="the reducer failed"):
            await ctx.entity(kind, "x").put("broken")

        assert await ctx.entity(kind, "x").held() == before
        assert await ctx.entity(kind, "x").put("two") == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_no_snapshot_keeps_what_a_command_changed_beside_its_events(kind: Any, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/a.db"
    async with app.running(store=store) as ctx:
        for what in ("one", "two"):
            await ctx.entity(kind, "x").put(what)
        await ctx.entity(kind, "x").spoil("emits")
        for what in ("four", "five", "six"):
            await ctx.entity(kind, "x").put(what)
        await ctx._services.directory.save_snapshots()
        live = await ctx.entity(kind, "x").held()
        folded = held_by(kind, await ctx.state(kind, "x", version=6))

    assert live == folded
    async with app.running(store=store) as ctx:
        assert await ctx.entity(kind, "x").held() == folded


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_command_changed_beside_its_events_is_gone_at_the_next_look(kind: Any) -> None:
    """In production, where nothing compares at once, and long before a snapshot is due."""
    async with app.running(store="memory:") as ctx:
        directory = ctx._services.directory
        await ctx.entity(kind, "x").put("one")
        await ctx.entity(kind, "x").spoil("emits")
        directory.sweep()
        await directory.save_snapshots()
        live = await ctx.entity(kind, "x").held()
        await ctx.entity(kind, "x").put("two")

        assert live == held_by(kind, await ctx.state(kind, "x", version=2))
        assert await ctx.entity(kind, "x").held() == held_by(kind, await ctx.state(kind, "x", version=3))


async def test_nobody_who_was_answered_or_refused_can_change_a_state() -> None:
    """Replies, facts, and the errors of authors share nothing with it."""
    async with app.running(store="memory:") as ctx:
        basket = ctx.entity(Basket, "x")
        await basket.put("one")
        before = await basket.held()

        (await basket.lines()).clear()
        with pytest.raises(Rejected) as with_facts:
            await basket.refuse_with_facts()
        with_facts.value.facts["lines"][0].what = "changed"
        with pytest.raises(Full) as full:
            await basket.refuse_with_its_lines()
        full.value.items.clear()

        assert await basket.held() == before


async def test_what_is_no_field_outlives_no_turn() -> None:
    """A query may not leave it for the next; a command that emits beside it is refused, with the fix."""
    async with app.running(store="memory:") as ctx:
        await ctx.entity(Shelf, "x").note()
        with pytest.raises(WrongState, match=r"noted was set but is no field of Shelf, .* declare it"):
            await ctx.entity(Shelf, "x").note_and_put()

        actor = ctx._services.directory.live["Shelf", "x"]
        assert vars(actor.instance.state) == {}
        assert await ctx.history(Shelf, "x") == []


async def test_production_says_once_which_command_changes_the_state(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(development_checks, "_told", set())
    caplog.set_level(logging.WARNING, "actum.turns")
    async with app.running(store="memory:") as ctx:
        await ctx.entity(Shelf, "x").spoil("returns")
        await ctx.entity(Shelf, "x").spoil("returns")

    assert [record.getMessage() for record in caplog.records].count(
        "Shelf.spoil changed count without an event that says so; it was put back: change the state in a "
        "@reducer"
    ) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", ["spoil", "peek"])
@pytest.mark.parametrize("how", ["rejected", "returns", "error"])
async def test_development_refuses_it(
    kind: Any, call: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In refused turns and queries too, and says which field."""
    monkeypatch.setattr(pure, "is_enforced", True)
    async with app.running(store="memory:") as ctx:
        await ctx.entity(kind, "x").put("one")
        before = await ctx.entity(kind, "x").held()
        with pytest.raises(ImpureTurn, match=rf"{call} changed (count|last|shelves) without an event"):
            await getattr(ctx.entity(kind, "x"), call)(how)

        assert await ctx.entity(kind, "x").held() == before


async def test_queries_and_refusals_that_only_look_load_nothing_anew() -> None:
    """What is shown to be harmless, or found unchanged, costs no reading of the history."""
    async with app.running(store="memory:") as ctx:
        basket = ctx.entity(Basket, "x")
        await basket.put("one")
        actor = ctx._services.directory.live["Basket", "x"]
        await basket.held()
        await basket.lines()
        with pytest.raises(Rejected):
            await basket.refuse_with_facts()

        assert ctx._services.directory.live["Basket", "x"] is actor


def test_what_only_looks_is_told_from_what_may_change() -> None:
    basket = entity_type(Basket)

    assert {name for name, one in basket.commands.items() if one.is_harmless} == {"put", "refuse_with_facts"}
    assert {name for name, one in basket.queries.items() if one.is_harmless} == {"held", "lines"}


def held_by(kind: Any, state: Any) -> Any:
    return kind.held.function(state)
