"""A reducer of a base class takes every event of it that is emitted; one of what nobody emits is refused."""

from pathlib import Path
from typing import Any

import pytest

from actum import App, DefinitionError, Deleted, Entity, Event, Recorded, View, command, reducer
from actum.app import definition_of
from actum.model.entity import entity_type
from actum.model.view import view_type
from actum.testing import testing


class Moved(Event):
    by: int


class Lifted(Moved):
    pass


class Dropped(Moved):
    pass


class Shifted(Dropped):
    to: str = ""


class Alone(Event):
    pass


class Thing(Entity, emits=[Lifted, Dropped, Shifted]):
    height: int = 0
    shifts: int = 0

    @command
    def move(self, by: int) -> None:
        self.emit(Lifted(by) if by > 0 else Dropped(by))

    @command
    def shift(self, by: int, to: str) -> None:
        self.emit(Shifted(by, to))

    @reducer
    def moved(self, event: Moved) -> None:
        self.height += event.by

    @reducer
    def shifted(self, event: Shifted) -> None:
        self.shifts += 1


class Heights(View):
    id: str
    height: int = 0
    versions: str = ""

    @reducer
    def moved(self, event: Moved, recorded: Recorded[Any]) -> None:
        self.height += event.by
        self.versions += str(recorded.version)


class Falls(View, key="by"):
    by: int
    falls: int = 0
    lifts: int = 0

    @reducer(key="by")
    def moved(self, event: Moved) -> None:
        self.lifts += 1

    @reducer(key="by")
    def dropped(self, event: Dropped) -> None:
        self.falls += 1


app = App("things", entities=[Thing], views=[Heights, Falls])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path / 'things.db'}" if request.param == "sqlite" else "memory:"


async def test_a_base_stands_for_all_its_events_and_the_nearest_reducer_counts(store: str) -> None:
    """In views, and in entities for the events that they list in emits=."""
    async with testing(app, store=store) as t:
        thing = t.ctx.entity(Thing, "t")
        for by in (5, -2, 3):
            await thing.move(by)
        await thing.shift(-2, "left")

        state = await t.ctx.state(Thing, "t")
        assert (state.height, state.shifts) == (6, 1)
        assert await t.ctx.view(Heights).get("t") == Heights("t", 4, "1234")
        assert await t.ctx.view(Falls).get(5) == Falls(5, 0, 1)
        assert await t.ctx.view(Falls).get(-2) == Falls(-2, 2, 0)


async def test_another_event_of_a_kind_has_the_view_built_anew() -> None:
    """Else rows would lack what was emitted before the reducer took it."""

    class Calm(Entity, name="Thing", emits=[Lifted]):
        pass

    [before] = definition_of(App("things", entities=[Calm], views=[Heights])).catalog.views.values()
    [after] = definition_of(App("things", entities=[Thing], views=[Heights])).catalog.views.values()

    assert before.fingerprint != after.fingerprint
    assert view_type(Heights).reductions.keys() == {Moved}


def test_a_view_without_bases_has_the_fingerprint_of_its_class() -> None:
    """What earlier versions built still serves."""

    class Lifts(View):
        id: str

        @reducer
        def lifted(self, event: Lifted) -> None: ...

    [found] = definition_of(App("things", entities=[Thing], views=[Lifts])).catalog.views.values()

    assert found.fingerprint == view_type(Lifts).fingerprint
    assert entity_type(Thing).reductions.keys() == {Moved, Lifted, Dropped, Shifted}


@pytest.mark.parametrize("named", [Alone, Shifted])
def test_a_reducer_of_what_nobody_emits_is_refused(named: type[Event]) -> None:
    """By name, with the fix, when the application is built."""

    class Still(Entity, emits=[Lifted]):
        pass

    class Odd(View):
        id: str

        @reducer
        def lifted(self, event: Lifted) -> None: ...

        @reducer
        def never(self, event: named) -> None: ...  # type: ignore[valid-type]

    Odd.never.__annotations__["event"] = named
    with pytest.raises(DefinitionError) as refused:
        App("things", entities=[Still], views=[Odd])

    assert f"Odd.never takes {named.__name__}" in str(refused.value)
    assert f"{named.__name__} in that entity's emits=[…]" in str(refused.value)


def test_a_reducer_of_deleted_is_of_what_no_entity_emits_and_is_called() -> None:
    class Kept(View):
        id: str

        @reducer
        def lifted(self, event: Lifted) -> None: ...

        @reducer
        def deleted(self, event: Deleted) -> None: ...

    App("things", entities=[Thing], views=[Kept])
