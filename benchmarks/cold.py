"""Commands on entities that are not in memory, new ones and those with a history, compared with live ones."""

import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bank import account_id, bare
from benchmarks.callers import call_all, open_all
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.results import Against, Group

CALLERS = 1_024
LIVE = 1_000
COMMANDS = 40_000
EVENTS = 5
AT_ONCE = 10_000
"""Commands that are sent at once to fill the file: fewer than may wait for entities to be loaded."""

WARM = "live entities"
NEW = "entities that nobody has used yet"
COLD = f"entities with {EVENTS} events that are not in memory"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, each with as many commands and callers."""
    count = effort.of(COMMANDS)
    order = random.Random(count)
    live = [account_id(order.randrange(LIVE)) for _ in range(count)]
    cold = [account_id(number) for number in range(count)]
    order.shuffle(cold)
    filled = place.file()
    run(_fill(filled, cold))
    yield {
        WARM: lambda: run(_measured(place, None, live, opened=sorted({*live}))),
        NEW: lambda: run(_measured(place, None, cold)),
        COLD: lambda: run(_measured(place, filled, cold)),
    }


async def _fill(file: Path, ids: Sequence[str]) -> None:
    async with bare.running(store=f"sqlite:///{file}") as ctx:
        for _ in range(EVENTS):
            for start in range(0, len(ids), AT_ONCE):
                await open_all(ctx, ids[start : start + AT_ONCE])


async def _measured(
    place: Place, filled: Path | None, ids: Sequence[str], opened: Sequence[str] = ()
) -> Sample:
    """Measures one command on each of the ids; `filled` is a file to begin with."""
    file = place.file()
    if filled is not None:
        shutil.copy(filled, file)
    latencies: list[float] = []
    async with bare.running(store=f"sqlite:///{file}") as ctx:
        await open_all(ctx, opened)
        shares = [ids[start::CALLERS] for start in range(CALLERS)]
        elapsed = await call_all(ctx, shares, latencies)
    place.clear(file)
    return of_latencies(latencies, elapsed)


GROUP = Group(
    "Entities that are not in memory, 1,024 callers",
    "commands a second",
    contestants,
    {NEW: [Against(WARM, "live entities", 0.5)], COLD: [Against(WARM, "live entities", 0.4)]},
)
