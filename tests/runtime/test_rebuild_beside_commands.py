"""A rebuild folds few events at a time beside commands, which wait while a batch is written."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actum import App, Entity, Event, View, command, reducer
from actum.model.event import Stored
from actum.model.view import ViewType
from actum.runtime.views.pace import LONG_BATCH, MIN_BATCH, QUIET_BATCHES
from actum.runtime.views.projector import Projector
from actum.testing import testing

HISTORY = 3 * LONG_BATCH


class Counted(Event):
    pass


class Counter(Entity):
    count: int = 0

    @command
    def increase(self, times: int) -> None:
        for _ in range(times):
            self.emit(Counted())

    @reducer
    def counted(self, event: Counted) -> None:
        self.count += 1


class Counts(View):
    id: str
    count: int = 0

    @reducer
    def counted(self, event: Counted) -> None:
        self.count += 1


app = App("counters", entities=[Counter], views=[Counts])


async def batches_of_a_rebuild(written: int, batches: int, waits: list[bool] | None = None) -> list[int]:
    """Returns how long the batches of a rebuild are; events are written during the first `batches`."""
    found: list[int] = []
    async with testing(app) as t:
        for _ in range(3):
            await t.ctx.entity(Counter, "old").increase(LONG_BATCH)
        await t.settle()
        views = t.ctx._services.views
        await views.rebuild("counts")
        building = views.projectors()[-1]
        fold = building.fold
        project = building._database.project

        async def noted(view: ViewType, generation: int, **given: Any) -> None:
            if waits is not None and generation == building.state.generation:
                waits.append(given["can_wait"])
            await project(view, generation, **given)

        async def recorded(batch: list[Stored]) -> None:
            found.append(len(batch))
            if len(found) <= batches and written:
                await t.ctx.entity(Counter, "new").increase(written)
            await fold(batch)

        building.fold = recorded  # type: ignore[method-assign]
        building._database.project = noted  # type: ignore[method-assign]
        await t.settle()
    assert sum(found) == HISTORY + written * batches
    return found


async def test_a_rebuild_takes_few_events_after_some_were_written() -> None:
    """The first batch is long, because nothing was written yet; those that follow are short."""
    batches = await batches_of_a_rebuild(written=1, batches=10)

    assert batches[0] == LONG_BATCH
    assert batches[1 : 1 + 10] == [MIN_BATCH] * 10


async def test_a_rebuild_takes_twice_what_was_written_so_that_it_catches_up() -> None:
    batches = await batches_of_a_rebuild(written=300, batches=10)

    assert batches[1 : 1 + 10] == [600] * 10


async def test_a_rebuild_shares_the_commits_of_commands() -> None:
    """What it writes waits for the next command, and costs no sync of its own."""
    waits: list[bool] = []

    await batches_of_a_rebuild(written=1, batches=10, waits=waits)

    assert waits[: 1 + 10] == [False, *[True] * 10]


async def test_a_rebuild_takes_many_events_again_once_nothing_was_written_for_a_while() -> None:
    batches = await batches_of_a_rebuild(written=1, batches=2)

    assert batches[3 : 3 + QUIET_BATCHES] == [MIN_BATCH] * QUIET_BATCHES
    assert max(batches[3 + QUIET_BATCHES :]) > MIN_BATCH


async def test_a_rebuild_takes_many_events_where_nothing_is_written() -> None:
    assert await batches_of_a_rebuild(written=0, batches=0) == [LONG_BATCH] * 3


async def test_a_view_that_is_new_takes_few_events_of_a_history_beside_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the live generation from its beginning, and writes as much as a rebuild."""
    store = f"sqlite:///{tmp_path / 'app.db'}"
    async with App("counters", entities=[Counter]).running(store=store) as ctx:
        for _ in range(3):
            await ctx.entity(Counter, "old").increase(LONG_BATCH)
    found: list[int] = []
    fold = Projector.fold

    async def recorded(projector: Projector, batch: list[Stored]) -> None:
        found.append(len(batch))
        if len(found) <= 5:
            await ctx.entity(Counter, "new").increase(1)
        await fold(projector, batch)

    monkeypatch.setattr(Projector, "fold", recorded)
    async with app.running(store=store) as ctx:
        while len(found) < 6:  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(0)
        monkeypatch.undo()

        row = await ctx.view(Counts).get("old")

    assert row is not None
    assert row.count == HISTORY
    assert found[1:6] == [MIN_BATCH] * 5
