"""A disk that is full: writes stop, nothing acknowledged is lost, and with space they go on (R12)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actum.conformance.journal.bank import have_landed
from actum.errors import StoreFailed
from actum.ports.journal import Journal, StreamListing
from tests.faults.disk import mount, small_disk
from tests.faults.scenario import write
from tests.faults.store import check_integrity, open_journal


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "1m") as directory:
        yield directory


async def fill_up(journal: Journal, acknowledged: list[int]) -> None:
    """Appends to one account after the other until an error comes."""
    while True:
        number = len(acknowledged)
        outcomes = await journal.append([write(f"a{number}", 0, 3), write("total", number, 1)])
        assert have_landed(outcomes) == [True, True]
        acknowledged.append(number)


async def test_a_full_disk_stops_writes_and_loses_nothing(disk: Path) -> None:
    store = disk / "bank.db"
    journal = await open_journal(store)
    acknowledged: list[int] = []

    with pytest.raises(StoreFailed, match="Fix the disk"):
        await fill_up(journal, acknowledged)

    with pytest.raises(StoreFailed, match="writes have stopped"):
        await journal.append([write("b", 0, 1)])
    feed = await journal.feed(0, 10_000)
    assert len(feed) == 4 * len(acknowledged) > 100
    await journal.close()
    with pytest.raises(StoreFailed, match="Fix the disk"):
        await open_journal(store)
    mount("-o", "remount,size=16m", str(disk))
    again = await open_journal(store)
    assert await again.feed(0, 10_000) == feed
    outcomes = await again.append([write("total", len(acknowledged), 1), write("b", 0, 1)])
    assert have_landed(outcomes) == [True, True]
    await again.close()
    await check_integrity(store)


async def test_a_store_on_a_full_disk_can_be_read(disk: Path) -> None:
    """While writes have stopped, every reader is answered."""
    store = disk / "bank.db"
    journal = await open_journal(store)
    acknowledged: list[int] = []
    with pytest.raises(StoreFailed):
        await fill_up(journal, acknowledged)

    [info, *_] = (await journal.streams(StreamListing("Account", limit=1))).items
    [loaded] = await journal.load([("Account", "total")], {})

    assert info.id == "a0"
    assert len(loaded.events) == len(acknowledged)
    await journal.close()
