"""A log that is moved into the file beside commits: nobody waits for it, and nothing is lost if it fails."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actum.errors import StoreFailed
from actum.stores.sqlite.connection import log, log_mover
from actum.stores.sqlite.connection.completeness import is_log_lost
from actum.stores.sqlite.connection.file import SqliteFile
from tests.engine.test_sqlite_file import PATIENCE, SCHEMA, note, numbers

PASS = "actum-sqlite-log"


class HeldPass(log_mover._Pass):
    """A pass that begins when the test lets it, so that commits certainly happen meanwhile."""

    may_go = threading.Event()
    ended = threading.Event()

    def run(self) -> None:
        assert self.may_go.wait(PATIENCE)
        super().run()
        self.ended.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[HeldPass]]:
    """Every move of a log is long, and waits."""
    monkeypatch.setattr(log, "CHECKPOINT_COMMITS", 20)
    monkeypatch.setattr(log_mover, "SHORT", -1.0)
    monkeypatch.setattr(log_mover, "_Pass", HeldPass)
    HeldPass.may_go, HeldPass.ended = threading.Event(), threading.Event()
    yield HeldPass
    HeldPass.may_go.set()


async def write(file: SqliteFile, count: int) -> None:
    first = len(await numbers(file))
    for number in range(first, first + count):
        await file.write(note(number, "x" * 1_000))


async def ended(held: type[HeldPass]) -> None:
    held.may_go.set()
    assert await asyncio.to_thread(held.ended.wait, PATIENCE)


def is_under_way() -> bool:
    return any(thread.name == PASS for thread in threading.enumerate())


async def opened(tmp_path: Path) -> SqliteFile:
    return await SqliteFile.open(str(tmp_path / "notes.db"), SCHEMA)


async def test_commits_do_not_wait_for_a_long_log(tmp_path: Path, held: type[HeldPass]) -> None:
    file = await opened(tmp_path)
    size = (tmp_path / "notes.db").stat().st_size

    async with asyncio.timeout(PATIENCE):
        await write(file, 200)

    assert is_under_way()
    assert (tmp_path / "notes.db").stat().st_size == size
    await ended(held)
    await write(file, 1)
    assert (tmp_path / "notes.db").stat().st_size > size
    assert len(await numbers(file)) == 201
    await file.close()


async def test_the_log_is_overwritten_again_after_some_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: type[HeldPass]
) -> None:
    """What was written meanwhile is moved by more passes, and at last between two commits."""
    monkeypatch.setattr(log, "CHECKPOINT_COMMITS", 10)
    held.may_go.set()
    file = await opened(tmp_path)

    await write(file, 2_000)

    assert (tmp_path / "notes.db-wal").stat().st_size < (tmp_path / "notes.db").stat().st_size / 2
    assert len(await numbers(file)) == 2_000
    await file.close()


async def test_a_file_half_moved_says_that_it_needs_its_log_and_with_it_is_whole(
    tmp_path: Path, held: type[HeldPass]
) -> None:
    """Also in the middle of a move, for whoever copies the file alone, or both, or reads through the log."""
    file = await opened(tmp_path)
    await write(file, 200)
    await ended(held)

    alone, both = tmp_path / "alone.db", tmp_path / "both.db"
    shutil.copy(tmp_path / "notes.db", alone)
    shutil.copy(tmp_path / "notes.db", both)
    shutil.copy(tmp_path / "notes.db-wal", f"{both}-wal")
    with contextlib.closing(sqlite3.connect(tmp_path / "notes.db")) as shell:
        shell.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    await file.close()

    assert is_log_lost(str(alone))
    for name in ("both.db", "backup.db", "notes.db"):
        copy = await SqliteFile.open(str(tmp_path / name), SCHEMA)
        assert len(await numbers(copy)) == 200
        await copy.close()


@pytest.mark.parametrize(
    "error", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_FULL]
)
async def test_a_move_that_fails_stops_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: type[HeldPass], error: int
) -> None:
    """The next write is refused, and so is each one after it; what was acknowledged is found again."""
    monkeypatch.setattr(log_mover, "move_beside", failing(error))
    file = await opened(tmp_path)
    await write(file, 50)
    assert file.failure is None

    await ended(held)

    for number in (50, 51):
        with pytest.raises(StoreFailed, match="writes have stopped"):
            await file.write(note(number))
    assert file.failure is not None
    await file.close()
    again = await opened(tmp_path)
    assert await numbers(again) == list(range(50))
    await again.close()


async def test_a_move_that_fails_is_seen_without_another_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: type[HeldPass]
) -> None:
    monkeypatch.setattr(log_mover, "move_beside", failing(sqlite3.SQLITE_IOERR_FSYNC))
    file = await opened(tmp_path)
    await write(file, 50)

    await ended(held)

    assert file.failure is not None
    await file.close()


async def test_a_log_is_moved_between_commits_where_no_thread_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: type[HeldPass]
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    file = await opened(tmp_path)
    monkeypatch.setattr(held, "start", fail)

    await write(file, 100)

    assert (tmp_path / "notes.db-wal").stat().st_size < 60 * 4_096
    assert len(await numbers(file)) == 100
    await file.close()


async def test_closing_waits_for_a_move(tmp_path: Path, held: type[HeldPass]) -> None:
    file = await opened(tmp_path)
    await write(file, 100)
    asyncio.get_running_loop().call_later(0.05, held.may_go.set)

    await file.close()

    assert not is_under_way()
    assert not (tmp_path / "notes.db-wal").exists()
    again = await opened(tmp_path)
    assert len(await numbers(again)) == 100
    await again.close()


async def test_the_log_is_emptied_after_a_move_that_is_under_way(
    tmp_path: Path, held: type[HeldPass]
) -> None:
    """As after an erasure: what the log held before is gone when that returns."""
    file = await opened(tmp_path)
    await write(file, 100)
    asyncio.get_running_loop().call_later(0.05, held.may_go.set)

    async with asyncio.timeout(PATIENCE):
        await file.scrub()

    # At most the mark that it is whole is left.
    assert (tmp_path / "notes.db-wal").stat().st_size < 3 * 4_200
    await file.close()


DESTROYED: dict[str, Callable[[Path], Any]] = {
    "emptied": lambda path: os.truncate(path, 0),
    "cut off": lambda path: os.truncate(path, 4_096),
    "removed": os.remove,
    "replaced": lambda path: os.replace(shutil.copy(path, f"{path}.copy"), path),
}


@pytest.mark.parametrize("way", DESTROYED)
async def test_a_file_that_another_program_destroys_meanwhile_is_noticed(
    tmp_path: Path, held: type[HeldPass], way: str
) -> None:
    file = await opened(tmp_path)
    await write(file, 100)
    assert is_under_way()

    DESTROYED[way](tmp_path / "notes.db")

    with pytest.raises(StoreFailed):
        await file.write(note(100))
    held.may_go.set()
    await file.close()


def failing(code: int) -> Callable[[sqlite3.Connection], None]:
    def fail(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    return fail
