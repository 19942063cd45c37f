"""What a view makes of a history does not depend on where its batches end, nor does what it sets aside."""

import asyncio
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import field
from msgspec.json import decode

from actum import App, Entity, Event, View, command, reducer
from actum.model.event import Stored
from actum.model.view import view_type
from actum.ports.database import Database
from actum.runtime.views.projector import Projector
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of

EXAMPLES = int(os.environ.get("ACTUM_EXAMPLES", "100"))


class Did(Event):
    what: str
    rows: list[str]


class Thing(Entity, emits=[Did]):
    @command
    def do(self, events: list[Did]) -> None:
        for event in events:
            self.emit(event)


class Seen(View, version=7):
    """Does what its events say, each of which may leave it as no table could keep it."""

    id: str
    count: int = 0
    part: float = 0.0
    text: str = ""
    notes: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    @cached_property
    def doubled(self) -> int:
        return self.count * 2

    @reducer(key="rows")
    def did(self, event: Did) -> None:
        self.count = self.count + 1 if -1000 < self.count < 1000 else 7
        self.notes.append(self.doubled)
        ACTS[event.what](self)


def fail(row: Seen) -> None:
    row.count = 70
    raise ValueError("no")


def set_beside(row: Seen) -> None:
    row.beside = getattr(row, "beside", 0) + 1  # type: ignore[attr-defined]
    row.part = float(row.beside)  # type: ignore[attr-defined]


ACTS: dict[str, Any] = {
    "go on": lambda row: None,
    "restore": lambda row: [
        setattr(row, "text", "fine"),
        setattr(row, "part", 0.5),
        setattr(row, "count", 1),
    ],
    "restore lists": lambda row: [setattr(row, "notes", []), setattr(row, "numbers", [1])],
    "delete": lambda row: row.delete(),
    "fail": fail,
    "set beside": set_beside,
    "beyond 64 bits": lambda row: setattr(row, "count", 10**22),
    "no number": lambda row: setattr(row, "part", float("nan")),
    "another type": lambda row: setattr(row, "text", 7),
    "NUL": lambda row: setattr(row, "text", "a\0b"),
    "half a character": lambda row: setattr(row, "text", "\ud800"),
    "a tuple": lambda row: setattr(row, "numbers", (1, 2)),
    "a text among numbers": lambda row: row.numbers.append("7"),
    "a tuple within": lambda row: row.notes.append((1,)),
    "NUL within": lambda row: row.notes.append("a\0b"),
    "another key": lambda row: setattr(row, "id", "z"),
}
ROWS = st.sampled_from([["a"], ["a", "b"], [f"{name}" for name in "abcdefghijkl"]])
HARMLESS = ["go on", "restore", "restore lists", "delete"]
EVENTS = st.lists(
    st.builds(Did, st.sampled_from(HARMLESS) | st.sampled_from([*ACTS]), ROWS), min_size=3, max_size=8
)
ENDS = st.lists(st.booleans(), min_size=8, max_size=8)

app = App("things", entities=[Thing])
view = view_type(Seen)
Found = tuple[dict[str, Seen], list[tuple[str, int, int]]]


async def folded(t: Running, history: Sequence[Stored], ends: Sequence[bool]) -> Found:
    """Folds a history into a generation of its own, in batches that end where it is said."""
    services = t.node.services
    database: Database = services.database
    state = await database.rebuild_view(view)
    projector = Projector(view, state, database, services.feed, services.clock)
    batch = []
    for stored, is_end in zip(history, [*ends[: len(history) - 1], True], strict=True):
        batch.append(stored)
        if is_end:
            await projector.fold(batch)
            batch = []
    keys = sorted({key for stored in history for key in decode(stored.payload, type=Did).rows})
    rows = [view.row_from_sql(values) for values in await database.rows(view, state.generation, keys)]
    aside = await database.set_aside("seen", state.generation)
    return {row.id: row for row in rows}, sorted((one.key, one.position, one.waiting) for one in aside)  # type: ignore[attr-defined,misc]


def check(store: str, events: list[Did], ends: list[bool]) -> None:
    async def run() -> None:
        async with testing(app, store=store) as t:
            await t.node.services.database.prepare_view(view)
            await t.ctx.entity(Thing, "a").do(events)
            history: list[Stored] = []
            while len(history) < len(events):  # Other processes may have been first on PostgreSQL.
                history = await t.node.services.feed.read(0, 1_000)
                await asyncio.sleep(0)

            one_by_one = await folded(t, history, [True] * len(history))
            together = await folded(t, history, ends)

            assert together == one_by_one

    asyncio.run(run())


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(EVENTS, ENDS)
def test_batches_make_no_difference(events: list[Did], ends: list[bool]) -> None:
    check("memory:", events, ends)


@pytest.mark.parametrize("act", ACTS)
def test_what_a_later_event_puts_right_is_set_aside_all_the_same(act: str) -> None:
    """Though in one batch with that event no table would ever have been given the value."""
    events = [Did(what, ["a"]) for what in ("go on", act, "restore", "restore lists", "go on")]

    check("memory:", events, [False] * 5)


async def test_batches_make_no_difference_on_postgres(postgres: Any) -> None:
    for act in ACTS:
        await empty(postgres)
        events = [Did(what, ["a"]) for what in ("go on", act, "restore", "restore lists", "go on")]

        await asyncio.to_thread(check, url_of(postgres, schema="store"), events, [False] * 5)
