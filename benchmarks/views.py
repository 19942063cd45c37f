"""Events a second of a view's rebuild, compared with as many bare upserts."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bank import viewed
from benchmarks.bare_sqlite import upserting
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.recording import Recording, record
from benchmarks.results import Against, Group

ENTITIES = 1_000
EVENTS = 50_000

UPSERTS = "sqlite3, upserts, 1,000 a commit"
REBUILD = "a view rebuilt"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, over the same number of events."""
    events = effort.of(EVENTS)
    recording = record(place, entities=ENTITIES, events=events, app=viewed)
    yield {
        UPSERTS: lambda: upserting(place, ENTITIES + events, ENTITIES),
        REBUILD: lambda: run(_rebuilt(place, recording)),
    }


async def _rebuilt(place: Place, recording: Recording) -> Sample:
    file = place.file()
    shutil.copy(recording.file, file)
    async with viewed.running(store=f"sqlite:///{file}") as ctx:
        views, feed = ctx._services.views, ctx._services.feed
        [serving] = views.projectors()
        await serving.reached(feed.head)
        began = time.perf_counter()
        await views.rebuild(serving.view.name)
        await views.projectors()[-1].reached(feed.head)
        elapsed = time.perf_counter() - began
        events = feed.head
    place.clear(file)
    return Sample(events / elapsed)


GROUP = Group(
    "Views",
    "events or rows a second",
    contestants,
    {REBUILD: [Against(UPSERTS, "bare upserts", 0.6)]},
)
