"""Memory of live entities: what Python holds for each after its first command has been answered."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bank import account_id, bare
from benchmarks.callers import open_all
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Group

AT_ONCE = 1_000
ENTITIES = 5_000


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured."""
    yield {"a live entity with one field": lambda: run(_held(place, effort.of(ENTITIES)))}


async def _held(place: Place, entities: int) -> Sample:
    file = place.file()
    async with bare.running(store=f"sqlite:///{file}") as ctx:
        await open_all(ctx, [account_id(entities)])
        tracemalloc.start()
        try:
            # Twice, so that what only an entity's first command needs is freed.
            for _ in range(2):
                for start in range(0, entities, AT_ONCE):
                    some = range(start, min(start + AT_ONCE, entities))
                    await open_all(ctx, [account_id(number) for number in some])
            # The loop still has the tasks of the last, until it has taken a turn.
            await asyncio.sleep(0)
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    place.clear(file)
    return Sample(held / entities)


GROUP = Group("Memory", "bytes", contestants, {})
