"""Commands a second on PostgreSQL, views rebuilt and the feed read there, compared with bare asyncpg."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bank import account_id, bare, viewed
from benchmarks.bare_postgres import Recording, inserting, record, selecting
from benchmarks.callers import call_all, distribute, open_all
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.postgres_eventsourcing import depositing
from benchmarks.postgres_server import Server, open_server
from benchmarks.results import Against, Group

ENTITIES = 1_000
MANY = 40_000
FEW = 2_000
COLD = 20_000
PAGE = 1_000

INSERTS = "asyncpg, unnest, 1,000 rows a commit"
MANY_CALLERS = "1,024 callers"
ONE_ENTITY = "256 callers, one entity"
LIBRARY = "eventsourcing, one thread"
LIBRARY_16 = "eventsourcing, 16 threads"
ONE = "cold entities, one process"
TWO = "cold entities, two processes"
SELECTS = "asyncpg, events read in order"
FEED = "the feed read"
REBUILD = "a view rebuilt"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    many, few, cold = effort.of(MANY), effort.of(FEW), effort.of(COLD)
    with open_server(place) as server:
        recording = run(record(server, entities=ENTITIES, events=many))
        yield {
            INSERTS: lambda: run(inserting(server, recording, many)),
            MANY_CALLERS: lambda: run(_commands(server, 1_024, ENTITIES, many)),
            ONE_ENTITY: lambda: run(_commands(server, 256, 1, many)),
            LIBRARY: lambda: _library(server, few, threads=1),
            LIBRARY_16: lambda: _library(server, few, threads=16),
            ONE: lambda: _cold(server, cold, processes=1),
            TWO: lambda: _cold(server, cold, processes=2),
            SELECTS: lambda: run(selecting(server, recording)),
            FEED: lambda: run(_feed(server, recording)),
            REBUILD: lambda: run(_rebuilt(server, recording)),
        }


async def _commands(server: Server, callers: int, entities: int, commands: int) -> Sample:
    schema = await server.new_schema()
    ids = [account_id(number) for number in range(entities)]
    shares = distribute(ids, callers, commands)
    latencies: list[float] = []
    async with bare.running(store=server.url(schema)) as ctx:
        await open_all(ctx, ids)
        elapsed = await call_all(ctx, shares, latencies)
    await server.drop(schema)
    return of_latencies(latencies, elapsed)


def _library(server: Server, count: int, *, threads: int) -> Sample:
    schema = run(server.new_schema())
    sample = depositing(server, schema, count, ENTITIES, threads=threads)
    run(server.drop(schema))
    return sample


def _cold(server: Server, commands: int, *, processes: int) -> Sample:
    schema = run(server.new_schema())
    started = []
    for number in range(processes):
        share = [str(value) for value in (f"p{number}", 512, commands // processes)]
        command = [sys.executable, "-m", "benchmarks.cold_callers", server.url(schema), *share]
        started.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        )
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("begin\n")
    moments = [list(map(float, process.communicate(timeout=120)[0].split())) for process in started]
    elapsed = max(end for _, end in moments) - min(begin for begin, _ in moments)
    run(server.drop(schema))
    return Sample(commands // processes * processes / elapsed)


async def _feed(server: Server, recording: Recording) -> Sample:
    async with bare.running(store=server.url(recording.schema)) as ctx:
        journal = ctx._services.journal
        count, last = 0, 0
        began = time.perf_counter()
        while events := await journal.feed(last, PAGE):
            last = events[-1].position
            count += len(events)
        elapsed = time.perf_counter() - began
    return Sample(count / elapsed)


async def _rebuilt(server: Server, recording: Recording) -> Sample:
    async with viewed.running(store=server.url(recording.schema)) as ctx:
        views, feed = ctx._services.views, ctx._services.feed
        [serving] = views.projectors()
        await serving.reached(feed.head)
        began = time.perf_counter()
        await views.rebuild(serving.view.name)
        await views.projectors()[-1].reached(feed.head)
        elapsed = time.perf_counter() - began
    return Sample(len(recording.rows) / elapsed)


GROUP = Group(
    "PostgreSQL",
    "commands, rows or events a second",
    contestants,
    {
        MANY_CALLERS: [
            Against(INSERTS, "bare batched insert", 0.6),
            Against(LIBRARY, "eventsourcing, one thread", 25),
            Against(LIBRARY_16, "eventsourcing, 16 threads"),
        ],
        ONE_ENTITY: [Against(MANY_CALLERS, "1,024 callers")],
        TWO: [Against(ONE, "one process", 1.0)],
        FEED: [Against(SELECTS, "bare selects", 0.6)],
        REBUILD: [Against(INSERTS, "bare batched insert")],
    },
)
