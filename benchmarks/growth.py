"""What a command, the start, memory and the file cost as entities and their events grow in number.

Each size is filled once by commands of the application itself, and then measured by processes of their own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from benchmarks.growth_sizes import Size, fill, process
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Against, Group

LIVE = 1_000
COMMANDS = 50_000
SPREAD = 20_000
FILE = "MB of file"
MEMORY = "MB of memory"
FILLED = "MB after the fill"
START = "ms to the first reply"


SMALLEST = Size(1_000, 2, 5)
USUAL = (SMALLEST, Size(10_000, 2, 5), Size(100_000, 2, 5))
LARGE = (SMALLEST, Size(100_000, 2, 5), Size(1_000, 100, 100), Size(1_000_000, 2, 5))
"""The third has as many events as the last, of as few entities as the first: its history alone is long."""
WAYS = {
    "live": f"64 callers over {LIVE:,} live entities",
    "spread": "64 callers over all entities",
    "alone": f"1 caller over {LIVE:,} live entities",
}


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured: each way of sending commands, in each size."""
    found: dict[str, Contestant] = {}
    filled = {size: fill(place, size) for size in sizes(effort)}
    for way in WAYS:
        for size, (file, after) in filled.items():
            found[name_of(way, size)] = _running(way, size, file, after, effort)
    yield found
    for file, _ in filled.values():
        place.clear(file)


def sizes(effort: Effort) -> Sequence[Size]:
    """Returns the sizes that are measured, beginning with the smallest."""
    if effort.is_large:
        return LARGE
    return [structs.replace(size, entities=effort.of(size.entities)) for size in USUAL]


def name_of(way: str, size: Size) -> str:
    """Returns the name of a line."""
    return f"{WAYS[way]}: {size}"


def _running(way: str, size: Size, file: Path, filled: float, effort: Effort) -> Contestant:
    commands = effort.of({"live": COMMANDS, "spread": SPREAD, "alone": SPREAD // 10}[way])

    def measure() -> Sample:
        sample = process(way, file, size.entities, min(LIVE, size.entities), commands)
        seen = {START: sample.seen["start"], MEMORY: sample.seen["memory"], FILLED: filled}
        return structs.replace(sample, seen={**seen, FILE: file.stat().st_size / 1e6})

    return measure


def _comparisons() -> dict[str, list[Against]]:
    found: dict[str, list[Against]] = {}
    efforts = [Effort(1, 1.0), Effort(1, 0.25), Effort(1, 1.0, is_large=True)]
    for smallest, *larger in map(sizes, efforts):
        for way in WAYS:
            base = name_of(way, smallest)
            for size in larger:
                found[name_of(way, size)] = [
                    Against(base, "the smallest"),
                    Against(base, "its p99", of="p99"),
                    Against(base, "its start", of=START),
                    Against(base, "its memory", of=MEMORY),
                ]
    return found


GROUP = Group("Growth, with a view and an action", "commands a second", contestants, _comparisons())
