"""The journal in SQLite, held to what every journal promises: in a file and in memory."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum.conformance.journal import DurableJournalConformance, JournalConformance
from actum.conformance.journal.bank import amounts, deposit, fill, have_landed, positions, versions
from actum.errors import Unavailable
from actum.ports.journal import Collided, Erased, EventRange, Journal, Landed
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import IN_MEMORY, SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA
from tests.faults.failing_work import fail


async def open_journal(path: str) -> SqliteJournal:
    return SqliteJournal(await SqliteFile.open(path, (SCHEMA,)))


class TestSqliteFile(DurableJournalConformance):
    @pytest.fixture
    async def journal(self, tmp_path: Path) -> AsyncIterator[Journal]:
        self.path = str(tmp_path / "bank.db")
        journal = await open_journal(self.path)
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return await open_journal(self.path)


class TestSqliteBesideFailingWork(JournalConformance):
    """Whatever the journal writes is undone and written again, because work beside it fails."""

    @pytest.fixture
    async def journal(self, tmp_path: Path, beside_failing_work: None) -> AsyncIterator[Journal]:
        journal = await open_journal(str(tmp_path / "bank.db"))
        yield journal
        await journal.close()


class TestSqliteInMemory(JournalConformance):
    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = await open_journal(IN_MEMORY)
        yield journal
        await journal.close()


async def test_versions_have_no_gap_when_a_shared_commit_is_undone() -> None:
    """The work of another may undo what an append has written; the journal must not go on from there."""
    file = await SqliteFile.open(
        IN_MEMORY, (SCHEMA, Part("notes", (("CREATE TABLE notes (text)", "INSERT INTO notes VALUES (1)"),)))
    )
    journal = SqliteJournal(file)
    await journal.append([deposit("a", 0, 1)])
    started, released = threading.Event(), threading.Event()

    def keep_busy(connection: sqlite3.Connection) -> None:
        started.set()
        assert released.wait(20)

    def drop_what_is_read(connection: sqlite3.Connection) -> None:
        reading = connection.execute("SELECT text FROM notes")
        connection.execute("DROP TABLE notes")
        reading.close()

    busy = asyncio.create_task(file.write(keep_busy))
    await asyncio.to_thread(started.wait, 20)
    undone = [
        asyncio.create_task(journal.append([deposit("a", 1, 2), deposit("b", 0, 3)])),
        asyncio.create_task(file.write(drop_what_is_read)),
    ]
    await asyncio.wait(undone, timeout=0)
    released.set()
    await busy

    errors = await asyncio.gather(*undone, return_exceptions=True)
    refused = await journal.append([deposit("a", 2, 4), deposit("b", 1, 5)])
    outcomes = await journal.append([deposit("a", 1, 6), deposit("b", 0, 7)])

    assert [type(error) for error in errors] == [Unavailable, Unavailable]
    assert refused == [Collided(1), Collided(0)]
    assert have_landed(outcomes) == [True, True]
    assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2]
    assert amounts(await journal.feed(0, 10)) == [1, 6, 7]
    assert positions(await journal.feed(0, 10)) == [1, 2, 3]
    await journal.close()


@pytest.mark.parametrize("count", [1, 2, 3, 31, 33, 64, 511, 512, 1_023, 1_024, 1_025, 2_100])
async def test_a_batch_of_any_size_is_kept_whole_and_in_order(tmp_path: Path, count: int) -> None:
    """Statements take as many rows as a power of two; what a batch leaves over stays empty."""
    journal = await open_journal(str(tmp_path / "bank.db"))
    ids = [f"{number % 7}" for number in range(count)]
    writes = [deposit(id, ids[:place].count(id), place) for place, id in enumerate(ids)]

    first, again = writes[: count // 2], writes[count // 2 :]
    outcomes = await journal.append(first) + await journal.append(again)
    await journal.close()
    journal = await open_journal(str(tmp_path / "bank.db"))

    found = await journal.feed(0, 10_000)
    assert have_landed(outcomes) == [True] * count
    assert amounts(found) == list(range(count))
    assert positions(found) == list(range(1, count + 1))
    assert versions(await journal.read(EventRange("Account", "0"))) == list(range(1, ids.count("0") + 1))
    assert await journal.append([deposit("0", ids.count("0") + 1, 1)]) == [Collided(ids.count("0"))]
    await journal.close()


async def test_a_batch_on_known_streams_is_one_statement(tmp_path: Path) -> None:
    """Every statement more would have the event loop and the writer thread wait for each other."""
    file = await SqliteFile.open(str(tmp_path / "bank.db"), (SCHEMA,))
    journal = SqliteJournal(file)
    await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
    statements: list[str] = []
    await file.write(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()

    await journal.append([deposit("a", 1, 3), deposit("b", 1, 4), deposit("a", 2, 5)])

    # What the trigger does is traced under the statement that set it off.
    assert {statement.partition("(")[0].split()[2] for statement in statements} == {"actum_events"}
    assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2, 3]
    await journal.close()


async def test_an_erasure_has_no_gap_before_it_when_it_was_undone_with_what_came_after(
    tmp_path: Path,
) -> None:
    """It is run again, and must not go on from what the append behind it had remembered."""
    file = await SqliteFile.open(str(tmp_path / "bank.db"), (SCHEMA,))
    journal = SqliteJournal(file)
    await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
    started, released = threading.Event(), threading.Event()

    def keep_busy(connection: sqlite3.Connection) -> None:
        started.set()
        assert released.wait(20)

    busy = asyncio.create_task(file.write(keep_busy))
    await asyncio.to_thread(started.wait, 20)
    together = [
        asyncio.create_task(journal.erase("Account", "a", time=0)),
        asyncio.create_task(journal.append([deposit("b", 1, 3)])),
        asyncio.create_task(file.write(fail)),
    ]
    await asyncio.wait(together, timeout=0)
    released.set()
    await busy
    erased, outcomes, error = await asyncio.gather(*together, return_exceptions=True)

    assert file.undone == 1
    assert erased == Erased(1, 3)
    assert outcomes == [Landed(4)]
    assert isinstance(error, ValueError)
    assert positions(await journal.feed(0, 10)) == [2, 3, 4]
    await journal.close()


async def test_waiting_behind_an_erased_event_does_not_spin(tmp_path: Path) -> None:
    """A reader that has seen the head waits, although an event stood behind it before."""
    journal = await open_journal(str(tmp_path / "bank.db"))
    await fill(journal, "a", 2)
    await fill(journal, "b", 1)
    await journal.erase("Account", "b", time=0)

    waiting = asyncio.create_task(journal.wait(await journal.head()))

    _, still_waiting = await asyncio.wait([waiting], timeout=0.05)
    assert still_waiting == {waiting}
    await journal.append([deposit("b", 0, 1)])
    await waiting
    await journal.close()
