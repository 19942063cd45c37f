"""Events a second of a fold: a stream read from the journal and folded, and events that are in memory."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from actum.model.entity import entity_type
from actum.model.event import Stored
from actum.model.turn import Instance
from actum.ports.journal import EventRange
from benchmarks.bank import AMOUNT, Account, account_id, bare
from benchmarks.bare_sqlite import selecting
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.recording import Recording, record
from benchmarks.results import Against, Group

EVENTS = 100_000
ID = account_id(0)

ROWS = "sqlite3, the same rows read"
READ = "a stream read from the journal and folded"
FOLDED = "the same events, in memory, folded"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, over one long stream."""
    recording = record(place, entities=1, events=effort.of(EVENTS))
    stored = run(_stored(recording))
    yield {
        ROWS: lambda: selecting(recording, len(stored)),
        READ: lambda: run(_read_and_folded(recording, len(stored))),
        FOLDED: lambda: _folded(stored),
    }


async def _stored(recording: Recording) -> list[Stored]:
    async with bare.running(store=f"sqlite:///{recording.file}") as ctx:
        return await ctx._services.journal.read(EventRange("Account", ID))


async def _read_and_folded(recording: Recording, events: int) -> Sample:
    async with bare.running(store=f"sqlite:///{recording.file}") as ctx:
        await asyncio.sleep(0)
        began = time.perf_counter()
        account = await ctx.state(Account, ID, version=events)
        elapsed = time.perf_counter() - began
        assert account.balance == events * AMOUNT
    return Sample(events / elapsed)


def _folded(stored: list[Stored]) -> Sample:
    instance = Instance(entity_type(Account), ID)
    began = time.perf_counter()
    instance.replay(stored)
    return Sample(len(stored) / (time.perf_counter() - began))


GROUP = Group(
    "Folds",
    "events or rows a second",
    contestants,
    {READ: [Against(ROWS, "reading alone")]},
    {FOLDED: 500_000},
)
