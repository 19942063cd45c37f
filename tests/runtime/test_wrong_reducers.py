"""A reducer that sets a field to what its annotation does not allow, in development mode and the test kit."""

from datetime import date
from typing import Any, cast

import pytest
from msgspec import field

from actum import App, Entity, Event, command, reducer
from actum.errors import WrongState
from actum.runtime.entities.input_output_guard import pure
from actum.testing import given


class Planned(Event):
    day: date
    how: str = "well"


class Job(Entity):
    """Every field is of a type that JSON preserves, so nothing is checked in production."""

    day: date | None = None
    notes: tuple[str, ...] = ()
    count: int = 0

    @command
    def plan(self, day: date, how: str) -> None:
        self.emit(Planned(day))
        self.emit(Planned(day, how))

    @reducer
    def planned(self, event: Planned) -> None:
        self.count += 1
        self.day = event.day
        match event.how:
            case "list":
                self.day = cast(Any, [1, 2])
            case "text":
                self.day = cast(Any, "2027-01-01")
            case "notes":
                self.notes = cast(Any, ["a"])


class Board(Job):
    """With a mutable field, so that the state is copied for the check."""

    days: list[date] = field(default_factory=list)


app = App("jobs", entities=[Job, Board])
DAY = date(2027, 1, 1)
PLACE = r"test_wrong_reducers\.py:\d+"
FAULTS = {
    "list": rf"the reducer \w+\.planned \(.*{PLACE}\) set day to \[1, 2\], but \w+\.day is declared as "
    r"date \| None",
    "text": r"set day to '2027-01-01', but \w+\.day is declared as date \| None",
    "notes": r"set notes to \['a'\], but \w+\.notes is declared as tuple\[str, \.\.\.\]",
}


@pytest.mark.parametrize("kind", [Job, Board])
@pytest.mark.parametrize("how", FAULTS)
async def test_development_refuses_the_command_and_stores_nothing(
    kind: type[Job], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pure, "is_enforced", True)
    async with app.running(store="memory:") as ctx:
        job = ctx.entity(kind, "x")
        await job.plan(DAY, "well")
        with pytest.raises(WrongState, match=FAULTS[how]):
            await job.plan(DAY, how)

        assert len(await ctx.history(kind, "x")) == 2
        await job.plan(DAY, "well")
        assert len(await ctx.history(kind, "x")) == 4


@pytest.mark.parametrize("kind", [Job, Board])
@pytest.mark.parametrize("how", FAULTS)
def test_an_example_fails_and_names_the_reducer(kind: type[Job], how: str) -> None:
    with pytest.raises(AssertionError, match=FAULTS[how]):
        given(kind).when(kind.plan, DAY, how)
