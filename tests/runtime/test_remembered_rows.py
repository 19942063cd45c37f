"""The rows that a projector remembers between batches: as they are in the store, each by itself, and few."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import field

from actum import App, Entity, Event, View, command, reducer
from actum.model.rows.projection import FEW
from actum.runtime.views import projector
from actum.testing import testing
from actum.testing.application import Running


class Added(Event):
    keys: list[str]
    notes: list[str]


class Closed(Event):
    keys: list[str]


class Desk(Entity, emits=[Added, Closed]):
    @command
    def add(self, keys: list[str], notes: list[str]) -> None:
        self.emit(Added(keys, notes))

    @command
    def add_each(self, keys: list[str]) -> None:
        for key in keys:
            self.emit(Added([key], ["one"]))

    @command
    def close(self, keys: list[str]) -> None:
        self.emit(Closed(keys))


class Files(View):
    id: str
    count: int = 0
    notes: list[str] = field(default_factory=list)

    @reducer(key="keys")
    def added(self, event: Added) -> None:
        self.count += 1
        if self.notes:
            self.notes.append(event.notes[0])
        else:
            self.notes = event.notes

    @reducer(key="keys")
    def closed(self, event: Closed) -> None:
        self.delete()


def first_of(event: Added) -> str:
    if event.keys[0] == "none":
        raise ValueError("it has no key")
    return event.keys[0]


class Firsts(View):
    id: str
    count: int = 0

    @reducer(key=first_of)
    def added(self, event: Added) -> None:
        self.count += 1


app = App("desk", entities=[Desk], views=[Files, Firsts])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/desk.db" if request.param == "sqlite" else "memory:"


async def do(t: Running, name: str, *arguments: Any) -> None:
    """Sends one command, and has its event folded in a batch of its own."""
    await getattr(t.ctx.entity(Desk, "d"), name)(*arguments)
    await t.settle()


async def test_a_row_that_was_deleted_begins_anew(store: str) -> None:
    """What it was is not taken up again by an event of a later batch."""
    async with testing(app, store=store) as t:
        for name, arguments in (("add", (["a"], ["one"])), ("close", (["a"],)), ("add", (["a"], ["two"]))):
            await do(t, name, *arguments)

        assert await t.ctx.view(Files).get("a") == Files("a", 1, ["two"])


async def test_rows_of_one_event_change_each_by_itself_in_later_batches(store: str) -> None:
    """They are given the same event, and may have kept what is in it."""
    keys = [f"k{number}" for number in range(FEW + 2)]
    async with testing(app, store=store) as t:
        await do(t, "add", keys, ["one"])
        await do(t, "add", keys[:1], ["two"])
        await do(t, "add", keys[1:2], ["three"])

        rows = [await t.ctx.view(Files).get(key) for key in keys[:3]]
        assert [row and row.notes for row in rows] == [["one", "two"], ["one", "three"], ["one"]]


async def test_what_was_folded_apart_is_not_remembered_as_it_was_before(store: str) -> None:
    """A batch with an event that cannot be placed is folded event by event, straight into the store."""
    async with testing(app, store=store) as t:
        await do(t, "add_each", ["a"])
        await t.ctx.entity(Desk, "d").add_each(["none", "a"])
        await t.settle(allows_failures=True)
        await t.ctx.entity(Desk, "d").add_each(["a"])
        await t.settle(allows_failures=True)

        assert await t.ctx.view(Firsts).get("a") == Firsts("a", 3)


async def test_no_more_rows_are_remembered_than_fit(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "MAX_ROWS", 5)
    async with testing(app, store=store) as t:
        live = t.node.services.views.works["files"].live
        assert live is not None
        await do(t, "add", [f"k{number}" for number in range(4)], ["one"])
        at_first = len(live._rows)
        await do(t, "add", [f"l{number}" for number in range(4)], ["one"])

        assert (at_first, len(live._rows)) == (4, 0)
