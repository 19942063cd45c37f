"""A very long stream: it is read in pages, and once a snapshot is kept never again as a whole."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest

from actum import App
from actum.model.event import Stored
from actum.ports.journal import EventRange, Journal, Loaded, StreamKey, Write
from actum.stores.open import open_stores
from tests.runtime.bank import Account

A_WRITE = 1_000
MAX_MEMORY = 4 * 1024 * 1024
"""Bytes: a page of events takes a third of it, and twenty thousand events at once twice as much."""

bank = App("bank", entities=[Account])


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bank.db"
    url: str = request.getfixturevalue("postgres_store")
    return url


@pytest.fixture
def events_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each reading of streams gave."""
    counts: list[int] = []
    for adapter in _all_adapters(Journal):
        load, read = adapter.load, adapter.read

        async def counted_load(
            journal: Journal, streams: Sequence[StreamKey], fingerprints: dict[str, str], load=load
        ) -> list[Loaded]:
            found = await load(journal, streams, fingerprints)
            counts.append(sum(len(one.events) for one in found))
            return found

        async def counted_read(journal: Journal, wanted: EventRange, read=read) -> list[Stored]:
            found = await read(journal, wanted)
            counts.append(len(found))
            return found

        monkeypatch.setattr(adapter, "load", counted_load)
        monkeypatch.setattr(adapter, "read", counted_read)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("length", [20_000, pytest.param(1_000_000, marks=pytest.mark.on_demand)])
@pytest.mark.timeout(900)
async def test_a_long_stream_takes_little_memory_and_is_read_as_a_whole_once(
    store: str, length: int, events_read: list[int]
) -> None:
    async with open_stores(store) as stores:
        for expected in range(0, length, A_WRITE):
            events = [("Deposited", 1, b'{"amount":1}')] * A_WRITE
            await stores.journal.append([Write("Account", "a", expected, events, b"{}", 1 + expected)])

    tracemalloc.start()
    try:
        async with bank.running(store=store) as ctx:
            first = await ctx.entity(Account, "a").deposit(5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    as_a_whole = sum(events_read)
    events_read.clear()
    async with bank.running(store=store) as ctx:
        second = await ctx.entity(Account, "a").deposit(5)

    assert (first, second) == (length + 5, length + 10)
    assert as_a_whole == length
    assert sum(events_read) <= Account.__entity_options__.snapshot_every
    assert peak < MAX_MEMORY


def _all_adapters(port: type[Journal]) -> list[type[Journal]]:
    found = []
    for adapter in port.__subclasses__():
        found += [adapter, *_all_adapters(adapter)]
    return [adapter for adapter in found if {"load", "read"} <= vars(adapter).keys()]
