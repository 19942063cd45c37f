"""One SQLite file at work: shared commits, bounds, closing, and what it says when it cannot go on."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum.errors import Overloaded, StoreError, StoreFailed, Unavailable
from actum.stores.schema import Part
from actum.stores.sqlite.connection import postponed
from actum.stores.sqlite.connection.file import IN_MEMORY, SqliteFile

SCHEMA = [Part("notes", (("CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT)",),))]
PATIENCE = 20.0


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    yield file
    await file.close()


def note(number: int, text: str = "x"):
    """Gives the work of writing one note."""
    return lambda connection: connection.execute("INSERT INTO notes VALUES (?, ?)", (number, text)).lastrowid


async def numbers(file: SqliteFile) -> list[int]:
    return await file.read(
        lambda connection: [row[0] for row in connection.execute("SELECT number FROM notes ORDER BY number")]
    )


@contextlib.asynccontextmanager
async def a_busy_writer(file: SqliteFile) -> AsyncIterator[None]:
    """Keeps the writer at work, so that what is sent meanwhile waits together."""
    started, released = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        started.set()
        assert released.wait(PATIENCE)

    working = asyncio.create_task(file.write(work))
    await asyncio.to_thread(started.wait, PATIENCE)
    try:
        yield
    finally:
        released.set()
        await working


async def sent(*writes: object) -> list[asyncio.Task[object]]:
    """Sends writes, and gives what they wait for."""
    tasks = [asyncio.ensure_future(write) for write in writes]
    await asyncio.wait(tasks, timeout=0)
    return tasks


async def test_what_waits_together_shares_one_commit(file: SqliteFile) -> None:
    statements: list[str] = []
    await file.write(lambda connection: connection.set_trace_callback(statements.append))
    async with a_busy_writer(file):
        tasks = await sent(*(file.write(note(number)) for number in range(50)))
        statements.clear()

    await asyncio.gather(*tasks)

    # The first commit is that of the busy writer.
    assert statements.count("COMMIT") == 2
    assert await numbers(file) == list(range(50))


async def test_a_work_that_fails_leaves_those_beside_it_alone(file: SqliteFile) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        note(3)(connection)
        raise ValueError("a mistake of its own")

    async with a_busy_writer(file):
        tasks = await sent(file.write(note(1)), file.write(fail), file.write(note(1)), file.write(note(4)))

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [outcomes[0], outcomes[3]] == [1, 4]
    assert isinstance(outcomes[1], ValueError)
    assert isinstance(outcomes[2], sqlite3.IntegrityError)
    assert await numbers(file) == [1, 4]


@pytest.mark.parametrize("error", [ValueError("x"), StopIteration(), MemoryError(), SystemError("x")])
async def test_a_work_that_fails_alone_leaves_nothing_behind(file: SqliteFile, error: Exception) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        note(1)(connection)
        raise error

    with pytest.raises((type(error), RuntimeError)):
        await asyncio.wait_for(file.write(fail), PATIENCE)

    await file.write(note(2))
    assert await numbers(file) == [2]


async def test_a_work_that_begins_its_transaction_itself_finds_one_open_only_beside_others(
    file: SqliteFile,
) -> None:
    def is_in_transaction(connection: sqlite3.Connection) -> bool:
        return connection.in_transaction

    alone = [await file.write(is_in_transaction, begins=begins) for begins in (False, True)]
    async with a_busy_writer(file):
        tasks = await sent(file.write(note(1)), file.write(is_in_transaction, begins=True))
    beside = (await asyncio.gather(*tasks))[1]

    assert alone == [True, False]
    assert beside is True


async def test_what_a_work_began_itself_is_committed_for_it_or_undone(file: SqliteFile) -> None:
    def begin(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        note(1)(connection)

    def begin_and_fail(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        note(2)(connection)
        raise ValueError("a mistake of its own")

    await file.write(begin, begins=True)
    with pytest.raises(ValueError, match="its own"):
        await file.write(begin_and_fail, begins=True)
    with pytest.raises(sqlite3.IntegrityError):
        await file.write(note(1), begins=True)
    await file.write(note(3), begins=True)

    assert await numbers(file) == [1, 3]


async def test_readers_see_only_what_is_committed(file: SqliteFile) -> None:
    await file.write(note(1))
    written, released = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        note(2)(connection)
        written.set()
        assert released.wait(PATIENCE)

    writing = asyncio.create_task(file.write(work))
    await asyncio.to_thread(written.wait, PATIENCE)

    before = await numbers(file)
    released.set()
    await writing

    assert before == [1]
    assert await numbers(file) == [1, 2]


async def test_a_read_sees_one_state_whatever_is_written_meanwhile(file: SqliteFile) -> None:
    """What one statement of it has seen, the next has not lost."""
    began, written = threading.Event(), threading.Event()
    count = "SELECT count(*) FROM notes"

    def count_twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = connection.execute(count).fetchone()[0]
        began.set()
        assert written.wait(PATIENCE)
        return first, connection.execute(count).fetchone()[0]

    counting = asyncio.create_task(file.read(count_twice))
    await asyncio.to_thread(began.wait, PATIENCE)
    await file.write(note(1))
    written.set()

    assert await counting == (0, 0)
    assert await numbers(file) == [1]


@pytest.mark.parametrize("cause", [None, LookupError("no file")])
async def test_a_read_that_failed_midway_leaves_its_thread_no_older_state(
    file: SqliteFile, cause: Exception | None
) -> None:
    """A statement that is not over keeps the state that it reads, and the error keeps the statement."""
    await file.write(note(1))
    await file.write(note(2))

    def look_up(connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT number FROM notes")
        found = rows.fetchone()
        raise cause or LookupError(f"no {found}")

    def fail(connection: sqlite3.Connection) -> None:
        try:
            look_up(connection)
        except LookupError as error:
            if cause is None:
                raise
            raise ValueError("not read") from error

    async def failed() -> Exception:
        with pytest.raises((LookupError, ValueError)) as raised:
            await file.read(fail)
        return raised.value

    kept = await asyncio.gather(*(failed() for _ in range(20)))
    await file.write(note(3))

    seen = await asyncio.gather(*(numbers(file) for _ in range(20)))
    assert seen == [[1, 2, 3]] * 20
    assert all(error.__traceback__ is not None for error in kept)


async def test_a_reader_cannot_write(file: SqliteFile) -> None:
    with pytest.raises(StoreError):
        await file.read(note(1))

    await file.write(note(2))
    assert await numbers(file) == [2]


async def test_too_many_waiting_writes_are_refused_at_once(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.stores.sqlite.connection.file.MAX_WAITING", 5)
    async with a_busy_writer(file):
        tasks = await sent(*(file.write(note(number)) for number in range(4)))

        with pytest.raises(Overloaded, match="send again later"):
            await file.write(note(99))

    await asyncio.gather(*tasks)
    await file.write(note(7))
    assert await numbers(file) == [0, 1, 2, 3, 7]


async def test_a_write_counts_until_it_is_done_though_nobody_waits_for_it(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.stores.sqlite.connection.file.MAX_WAITING", 5)
    async with a_busy_writer(file):
        tasks = await sent(*(file.write(note(number)) for number in range(4)))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

        with pytest.raises(Overloaded):
            await file.write(note(99))

    await file.write(note(7))
    assert await numbers(file) == [0, 1, 2, 3, 7]


async def test_too_many_waiting_reads_of_callers_are_refused_at_once(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read in the background is not among them."""
    monkeypatch.setattr("actum.stores.read_limit.MAX_WAITING", 3)
    released = threading.Event()

    async def read() -> bool:
        async with file.callers.taken():
            return await file.read(lambda connection: released.wait(PATIENCE))

    tasks = await sent(*(read() for _ in range(6)))

    with pytest.raises(Overloaded, match="send again later"):
        await read()
    assert await numbers(file) == []

    released.set()
    assert await asyncio.gather(*tasks) == [True] * 6


async def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    async with a_busy_writer(file):
        tasks = await sent(*(file.write(note(number)) for number in range(300)), numbers(file))
        closing = asyncio.create_task(file.close())
        await asyncio.wait([closing], timeout=0)

    written = await asyncio.gather(*tasks[:300])
    await closing

    again = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    assert await numbers(again) == written == list(range(300))
    assert tasks[300].done()
    await again.close()


@pytest.mark.parametrize("path", ["notes.db", IN_MEMORY])
async def test_a_closed_file_is_unavailable(tmp_path: Path, path: str) -> None:
    file = await SqliteFile.open(path if path == IN_MEMORY else str(tmp_path / path), SCHEMA)
    await file.close()
    await file.close()

    with pytest.raises(Unavailable, match="closed"):
        await file.write(note(1))
    with pytest.raises(Unavailable, match="closed"):
        await numbers(file)


async def test_a_file_in_memory_has_shared_commits_and_readers_too() -> None:
    file = await SqliteFile.open(IN_MEMORY, SCHEMA)
    async with a_busy_writer(file):
        tasks = await sent(*(file.write(note(number)) for number in range(9)), numbers(file))

    assert (await asyncio.gather(*tasks))[-1] == list(range(9))
    await file.close()


async def test_the_log_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actum.stores.sqlite.connection.log.CHECKPOINT_PAGES", 40)
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)

    for number in range(400):
        await file.write(note(number, "x" * 1_000))

    pages = (tmp_path / "notes.db-wal").stat().st_size // 4_096
    assert pages < 120
    assert len(await numbers(file)) == 400
    await file.close()


async def test_a_log_of_small_commits_is_soon_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.stores.sqlite.connection.log.CHECKPOINT_COMMITS", 20)
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)

    for number in range(400):
        await file.write(note(number))

    pages = (tmp_path / "notes.db-wal").stat().st_size // 4_096
    assert pages < 60
    assert len(await numbers(file)) == 400
    await file.close()


async def test_large_rows_are_moved_out_of_the_log_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.stores.sqlite.connection.log.CHECKPOINT_BYTES", 400_000)
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)

    for number in range(60):
        await file.write(note(number, "x" * 100_000))

    # A pass may be under way; a commit after it moves what it left.
    number = 60
    async with asyncio.timeout(30):
        while (tmp_path / "notes.db").stat().st_size < 4_000_000:
            await file.write(note(number))
            number += 1
    await file.close()


async def test_a_full_disk_stops_writes_and_loses_nothing(tmp_path: Path) -> None:
    """A file that may not grow fails like a disk that is full."""
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    await file.write(lambda connection: connection.execute("PRAGMA max_page_count = 40").fetchone())
    acknowledged: list[int] = []

    async def write_on() -> None:
        for number in range(1_000):
            acknowledged.append(await file.write(note(number, "x" * 1_000)))

    with pytest.raises(StoreFailed, match=r"SQLITE_FULL.*Fix the disk"):
        await write_on()

    for number in (5_000, 5_001):
        with pytest.raises(StoreFailed, match="writes have stopped"):
            await file.write(note(number))
    assert "SQLITE_FULL" in (file.failure or "")
    assert await numbers(file) == acknowledged
    await file.close()
    again = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    assert await numbers(again) == acknowledged
    assert await again.write(note(5_000)) == 5_000
    await again.close()


async def test_all_that_shared_a_commit_that_failed_hear_of_it(tmp_path: Path) -> None:
    """No work of a transaction that did not commit is acknowledged, whoever of them filled the disk."""
    file = await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)
    await file.write(lambda connection: connection.execute("PRAGMA max_page_count = 20").fetchone())
    async with a_busy_writer(file):
        tasks = await sent(file.write(note(1)), file.write(note(2, "x" * 200_000)), file.write(note(3)))

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [StoreFailed] * 3
    assert await numbers(file) == []
    await file.close()


async def test_works_run_again_without_the_one_that_failed_beside_them(file: SqliteFile) -> None:
    """And what the failed one wrote before it failed is gone, as is what they wrote at first."""
    runs: list[int] = []

    def counted(number: int):
        def work(connection: sqlite3.Connection) -> object:
            runs.append(number)
            return note(number)(connection)

        return work

    def fail(connection: sqlite3.Connection) -> None:
        note(2)(connection)
        raise ValueError("a mistake of its own")

    async with a_busy_writer(file):
        tasks = await sent(file.write(counted(1)), file.write(fail), file.write(counted(3)))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [int, ValueError, int]
    assert runs == [1, 1, 3]
    assert file.undone == 1
    assert await numbers(file) == [1, 3]


async def test_work_that_has_waited_long_enough_shares_the_commit_of_the_next_that_cannot_wait(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponed, "PAUSE", 3_600)
    monkeypatch.setattr(postponed, "LONGEST", 0)
    statements: list[str] = []
    await file.write(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()

    waiting = await sent(file.write(note(1), can_wait=True), file.write(note(2), can_wait=True))
    assert await numbers(file) == []
    await file.write(note(3))
    await asyncio.gather(*waiting)

    assert statements.count("COMMIT") == 1
    assert await numbers(file) == [1, 2, 3]


async def test_work_that_can_wait_does_not_wait_for_ever(file: SqliteFile) -> None:
    await asyncio.wait_for(file.write(note(1), can_wait=True), PATIENCE)
    assert await numbers(file) == [1]


@pytest.mark.parametrize("end", ["hurry", "close"])
async def test_work_that_can_wait_is_done_at_once_when_somebody_waits_for_it(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(postponed, "PAUSE", 3_600)
    (waiting,) = await sent(file.write(note(1), can_wait=True))

    if end == "hurry":
        file.hurry()
    else:
        await file.close()

    assert await asyncio.wait_for(waiting, PATIENCE) == 1


async def test_work_that_can_wait_is_refused_like_any_other_once_the_file_is_lost(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponed, "PAUSE", 3_600)
    monkeypatch.setattr(postponed, "LONGEST", 0)
    (waiting,) = await sent(file.write(note(1), can_wait=True))
    await asyncio.to_thread(Path(file.path).unlink)

    with pytest.raises(StoreFailed):
        await file.write(note(2))
    with pytest.raises(StoreFailed):
        await asyncio.wait_for(waiting, PATIENCE)
