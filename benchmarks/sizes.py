"""Commands of many events, large events, and entities with many fields, compared with their bare rows."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from actum import App, Entity, Event, command, reducer
from benchmarks.bank import AMOUNT
from benchmarks.bare_sqlite import A_COMMIT, Rows, inserting, same_rows
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.recording import Recording
from benchmarks.results import Against, Group

CALLERS = 256
ENTITIES = 1_000
FIELDS = 100
KILOBYTE = 1_000


class Noted(Event):
    amount: int
    text: str = ""


class Shelf(Entity):
    """Takes so many events at once, each with a text."""

    total: int = 0

    @command
    def note(self, times: int, text: str) -> int:
        for _ in range(times):
            self.emit(Noted(AMOUNT, text))
        return self.total

    @reducer
    def noted(self, event: Noted) -> None:
        self.total += event.amount


NAMES = [f"field_{number}" for number in range(FIELDS)]
Fields: Any = type(
    "Fields",
    (Entity,),
    {"__annotations__": dict.fromkeys(NAMES, int), "__module__": __name__, **dict.fromkeys(NAMES, 0)},
)


class Wide(Fields):
    """The same with many fields, one of which changes."""

    @command
    def note(self, times: int, text: str) -> int:
        for _ in range(times):
            self.emit(Noted(AMOUNT, text))
        return int(self.field_7)

    @reducer
    def noted(self, event: Noted) -> None:
        self.field_7 += event.amount


class Shape(Struct, frozen=True):
    """What is measured: how many commands, of how many events, with how many characters of text."""

    commands: int
    events: int = 1
    size: int = 0
    kind: type[Entity] = Shelf


SMALL = "1 event"
SHAPES = {
    SMALL: Shape(100_000),
    "10 events": Shape(20_000, events=10),
    "100 events": Shape(2_000, events=100),
    f"{FIELDS} fields": Shape(100_000, kind=Wide),
    "1 KB": Shape(50_000, size=KILOBYTE),
    "10 KB": Shape(10_000, size=10 * KILOBYTE),
    "100 KB": Shape(1_000, size=100 * KILOBYTE),
}
shelves = App("shelves", entities=[Shelf, Wide])


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured: each shape, and the rows that it wrote, inserted by bare sqlite3."""
    found: dict[str, Contestant] = {}
    for name, shape in SHAPES.items():
        file = place.file()
        run(_measured(file, shape, effort))
        rows = same_rows(Recording(file, ENTITIES))
        found[_bare(name)] = _inserting(place, rows)
        found[name] = _running(place, shape, effort)
        place.clear(file)
    yield found


def _inserting(place: Place, rows: Rows) -> Contestant:
    count = len(rows.rows) - rows.before
    return lambda: inserting(place, rows, count, a_commit=A_COMMIT)


def _running(place: Place, shape: Shape, effort: Effort) -> Contestant:
    def measure() -> Sample:
        file = place.file()
        sample = run(_measured(file, shape, effort))
        place.clear(file)
        return sample

    return measure


async def _measured(file: Path, shape: Shape, effort: Effort) -> Sample:
    """Measures events a second."""
    text = "x" * shape.size
    count = max(CALLERS, effort.of(shape.commands))
    latencies: list[float] = []
    async with shelves.running(store=f"sqlite:///{file}") as ctx:
        ids = [f"shelf-{number}" for number in range(ENTITIES)]
        await asyncio.gather(*(ctx.entity(shape.kind, id).note(1, "") for id in ids))  # type: ignore[attr-defined]
        left = iter(range(count))

        async def call() -> None:
            for number in left:
                began = time.perf_counter()
                await ctx.entity(shape.kind, ids[number % ENTITIES]).note(shape.events, text)  # type: ignore[attr-defined]
                latencies.append(time.perf_counter() - began)

        gc.collect()
        began = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(CALLERS)))
        elapsed = time.perf_counter() - began
    sample = of_latencies(latencies, elapsed)
    return structs.replace(sample, rate=sample.rate * shape.events)


def _bare(name: str) -> str:
    return f"sqlite3, the same rows as {name}"


GROUP = Group(
    "Sizes, 256 callers over 1,000 entities",
    "events or rows a second",
    contestants,
    {name: [Against(_bare(name), "bare sqlite3")] for name in SHAPES},
)
