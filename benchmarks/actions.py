"""Events that an action handles a second on PostgreSQL, in one process and in two that share its slices."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from actum import Context
from actum.runtime.actions.triggers.event_source import EventSource
from benchmarks.acting import NAME
from benchmarks.bank import Deposited, account_id, bare
from benchmarks.callers import call_all, distribute
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.postgres_server import Server, open_server
from benchmarks.results import Against, Group

ENTITIES = 1_000
EVENTS = {"empty": 40_000, "await": 40_000, "wait": 20_000, "compute": 6_000}
WHAT = {
    "empty": "an action that does nothing",
    "await": "one that awaits 1 ms",
    "wait": "one that awaits 20 ms",
    "compute": "one that computes for 1 ms",
}
POLL = 0.01


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    with open_server(place) as server:

        def contestant(sort: str, processes: int) -> Contestant:
            return lambda: _handled(server, sort, effort.of(EVENTS[sort]), processes)

        yield {_name(sort, processes): contestant(sort, processes) for sort in EVENTS for processes in (1, 2)}


def _name(sort: str, processes: int) -> str:
    return f"{WHAT[sort]}, {'one process' if processes == 1 else 'two processes'}"


def _handled(server: Server, sort: str, events: int, processes: int) -> Sample:
    schema = run(server.new_schema())
    url = server.url(schema)
    command = [sys.executable, "-m", "benchmarks.acting", url, sort, str(processes)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    elapsed = run(_until_handled(url, events))
    for process in started:
        process.communicate("end\n", timeout=60)
    run(server.drop(schema))
    return Sample(events / elapsed)


async def _until_handled(url: str, events: int) -> float:
    """Makes deposits in random order, and returns the seconds until the action is done with them."""
    shares = distribute([account_id(number) for number in range(ENTITIES)], 1_000, events)
    async with bare.running(store=url) as ctx:
        began = time.perf_counter()
        await call_all(ctx, shares, [])
        action = _observer(ctx)
        while not await action.is_settled():  # noqa: ASYNC110 (the other processes' doing)
            await asyncio.sleep(POLL)
        return time.perf_counter() - began


def _observer(ctx: Context) -> EventSource:
    services = ctx._services
    return EventSource(
        NAME,
        {Deposited.__event_type__.name},
        checkpoint=0,
        head=0,
        is_since_beginning=True,
        feed=services.feed,
        journal=services.journal,
        database=services.database,
        slices=services.database.slices,
    )


GROUP = Group(
    "Actions on PostgreSQL",
    "events a second, the time to write them included",
    contestants,
    {_name(sort, 2): [Against(_name(sort, 1), "one process")] for sort in EVENTS},
)
