"""Memory and SQLite, asked the same: one random history has equal answers in both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from actum.conformance.journal.bank import fill
from actum.ports.journal import EventRange, Journal, Snapshot, StreamListing, Write
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.connection.file import IN_MEMORY, SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA

KINDS = ("Account", "Loan")
IDS = ("a", "b", "ü🏦")
KEYS = ("k-1", "k-2")
FINGERPRINTS = ("code-1", "code-2")
STREAMS = [(kind, id) for kind in KINDS for id in IDS]

streams = st.sampled_from(STREAMS)
times = st.integers(0, 9)
versions = st.integers(1, 9) | st.integers(1, 80)


class Planned(Struct, frozen=True):
    """A write before the versions are known: `off` is by how much its expected version is wrong."""

    stream: tuple[str, str]
    amounts: list[int]
    off: int
    time: int
    key: str | None
    group: int | None


# Most writes are right about their version, so that histories grow.
offs = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
planned = st.builds(
    Planned,
    stream=streams,
    amounts=st.lists(st.integers(0, 99), min_size=1, max_size=3),
    off=offs,
    time=times,
    key=st.sampled_from([None, None, None, *KEYS]),
    group=st.sampled_from([None, None, 1, 2]),
) | st.builds(
    Planned,
    stream=streams,
    amounts=st.just([]),
    off=offs,
    time=times,
    key=st.sampled_from(KEYS),
    group=st.sampled_from([None, 1]),
)
snapshots = st.builds(
    Snapshot, version=versions, time=times, fingerprint=st.sampled_from(FINGERPRINTS), state=st.just(b"{}")
)
operations = st.one_of(
    st.tuples(st.just("append"), st.lists(planned, max_size=5)),
    st.tuples(st.just("append"), st.lists(planned, max_size=5)),
    st.tuples(st.just("prune"), streams, versions),
    st.tuples(st.just("erase"), streams, times, st.sampled_from([None, None, 0])),
    st.tuples(st.just("snapshot"), streams, snapshots),
    st.tuples(st.just("forget"), times),
    st.tuples(st.just("list"), st.integers(1, 3), st.none() | times, st.none() | times, st.booleans()),
    st.tuples(st.just("read"), streams, versions, st.none() | versions, st.none() | versions, st.booleans()),
    st.tuples(st.just("landed"), st.lists(planned, max_size=3)),
)


async def written(journal: Journal, plans: list[Planned]) -> list[Write]:
    """Gives the writes that are planned, each resting on the ones before it."""
    writes = []
    heads: dict[tuple[str, str], int] = {}
    for plan in plans:
        if plan.stream not in heads:
            [loaded] = await journal.load([plan.stream], {})
            heads[plan.stream] = loaded.pruned + len(loaded.events)
        expected = max(heads[plan.stream] + plan.off, 0)
        events = [("Deposited", 1, b"%d" % amount) for amount in plan.amounts]
        writes.append(
            Write(
                *plan.stream,
                expected,
                events,
                b"{}",
                plan.time,
                plan.key,
                "call",
                b"%d" % expected,
                plan.group,
            )
        )
        heads[plan.stream] += len(events)
    return writes


async def listing(
    journal: Journal, kind: str, limit: int, after: int | None, before: int | None, reverse: bool
) -> Any:
    page = await journal.streams(
        StreamListing(kind, limit=limit, first_after=after, first_before=before, reverse=reverse)
    )
    found = [page]
    while page.next is not None:
        page = await journal.streams(page.next)
        found.append(page)
    return found


ANSWERS: dict[str, Callable[..., Awaitable[Any]]] = {
    "append": lambda journal, writes: journal.append(writes),
    "landed": lambda journal, writes: journal.landed(writes),
    "prune": lambda journal, stream, up_to: journal.prune(*stream, up_to),
    "erase": lambda journal, stream, time, since: journal.erase(*stream, time=time, since=since),
    "snapshot": lambda journal, stream, snapshot: journal.save_snapshot(*stream, snapshot),
    "forget": lambda journal, before: journal.forget_replies(before),
    "list": lambda journal, *asked: listing(journal, "Account", *asked),
    "read": lambda journal, stream, after, up_to, limit, reverse: journal.read(
        EventRange(*stream, after=after - 1, up_to=up_to, limit=limit, reverse=reverse)
    ),
}


async def everything(journal: Journal) -> list[Any]:
    """Gives all that can be asked of a journal."""
    return [
        await journal.head(),
        await journal.feed(0, 1_000),
        await journal.feed(5, 3),
        await journal.replies([(*stream, key) for stream in STREAMS for key in KEYS]),
        *[
            await listing(journal, kind, 2, None, None, reverse)
            for kind in KINDS
            for reverse in (False, True)
        ],
        *[await journal.load(STREAMS, dict.fromkeys(KINDS, code)) for code in FINGERPRINTS],
        *[await journal.read(EventRange(*stream)) for stream in STREAMS],
    ]


async def compare(length: int, history: list[tuple[Any, ...]]) -> None:
    memory = MemoryJournal()
    sqlite = SqliteJournal(await SqliteFile.open(IN_MEMORY, (SCHEMA,)))
    try:
        for journal in (memory, sqlite):
            await fill(journal, "a", length)
        for name, *asked in history:
            values = [await written(memory, asked[0])] if name in ("append", "landed") else asked
            assert await ANSWERS[name](sqlite, *values) == await ANSWERS[name](memory, *values)
        assert await everything(sqlite) == await everything(memory)
    finally:
        await sqlite.close()


@settings(max_examples=150, deadline=None)
@given(length=st.sampled_from([0, 31, 32, 33, 70]), history=st.lists(operations, max_size=25))
def test_memory_and_sqlite_give_equal_answers(length: int, history: list[tuple[Any, ...]]) -> None:
    """Whatever happens to a journal, a test in memory sees what production on SQLite would see."""
    asyncio.run(compare(length, history))
