"""A SQLite file whose names are taken away while it is open: noticed before anything more is acknowledged."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from actum.errors import StoreFailed
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile

PARTS = (Part("notes", (("CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT)",),)),)
NUMBERS = "SELECT number FROM notes ORDER BY number"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "notes.db"


@pytest.fixture
async def file(path: Path) -> AsyncIterator[SqliteFile]:
    """A store with one note in its file, and another in its log."""
    file = await SqliteFile.open(str(path), PARTS)
    await file.write(note(0))
    await file.close()
    file = await SqliteFile.open(str(path), PARTS)
    await file.write(note(1))
    yield file
    await file.close()


def note(number: int, text: str = "x"):
    """Gives the work of writing one note."""
    return lambda connection: connection.execute("INSERT INTO notes VALUES (?, ?)", (number, text)).lastrowid


async def numbers(file: SqliteFile) -> list[int]:
    return await file.read(lambda connection: [row[0] for row in connection.execute(NUMBERS)])


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def delete(path: Path) -> None:
    path.unlink()


def is_there(path: Path) -> bool:
    return path.exists()


def replaced(path: Path) -> None:
    """Lets a copy take a file's name."""
    shutil.copy(path, beside(path, ".copy"))
    beside(path, ".copy").rename(path)


def folder_replaced(path: Path) -> None:
    """Lets a copy of the folder take its name, with the times of the old one."""
    path.parent.rename(path.parent.with_name("old"))
    shutil.copytree(path.parent.with_name("old"), path.parent)


TAKEN_AWAY: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "deleted with all beside it": lambda path: [one.unlink() for one in path.parent.glob("notes.db*")],
    "moved": lambda path: path.rename(beside(path, ".old")),
    "replaced": replaced,
    "its folder moved": lambda path: path.parent.rename(path.parent.with_name("old")),
    "its folder replaced": folder_replaced,
    "its log deleted": lambda path: beside(path, "-wal").unlink(),
    "its log replaced": lambda path: replaced(beside(path, "-wal")),
    "the log's index deleted": lambda path: beside(path, "-shm").unlink(),
    "the owner's lock deleted": lambda path: beside(path, "-lock").unlink(),
    "emptied": lambda path: os.truncate(path, 0),
    "cut off": lambda path: os.truncate(path, 4096),
    "its log emptied": lambda path: os.truncate(beside(path, "-wal"), 0),
}


@pytest.mark.parametrize("take_away", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
async def test_what_is_taken_away_is_noticed_before_the_next_acknowledgement(
    path: Path, file: SqliteFile, take_away: Callable[[Path], object]
) -> None:
    take_away(path)

    with pytest.raises(
        StoreFailed, match=r"(deleted, moved or replaced|emptied or overwritten).*start again"
    ):
        await file.write(note(2))

    with pytest.raises(StoreFailed, match="start again"):
        await file.write(note(3))
    assert "start again" in str(file.failure)


async def test_a_store_that_nobody_writes_to_says_that_its_file_is_gone(path: Path, file: SqliteFile) -> None:
    assert file.failure is None

    delete(path)

    assert "notes.db is gone" in str(file.failure)


async def test_a_store_under_a_link_is_gone_when_the_link_leads_elsewhere(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "one.db")
    file = await SqliteFile.open(str(link), PARTS)
    await file.write(note(1))
    (tmp_path / "elsewhere").mkdir()

    link.unlink()
    link.symlink_to(tmp_path / "elsewhere" / "two.db")

    with pytest.raises(StoreFailed, match=r"link\.db is gone"):
        await file.write(note(2))
    await file.close()


async def test_nothing_is_read_from_a_file_that_took_the_name_of_this_one(
    path: Path, file: SqliteFile
) -> None:
    delete(path)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (number INTEGER PRIMARY KEY)")
        other.execute("INSERT INTO notes VALUES (666)")
    other.close()

    with pytest.raises(StoreFailed, match="another file than the one that was opened"):
        await numbers(file)


async def test_reading_a_file_that_is_gone_does_not_make_another(path: Path, file: SqliteFile) -> None:
    delete(path)

    with pytest.raises(StoreFailed, match="is gone"):
        await numbers(file)

    assert not is_there(path)


async def test_what_was_acknowledged_before_the_log_was_deleted_is_kept(path: Path, file: SqliteFile) -> None:
    beside(path, "-wal").unlink()
    with pytest.raises(StoreFailed):
        await file.write(note(2))
    copy = shutil.copy(path, path.parent / "killed.db")

    again = await SqliteFile.open(str(copy), PARTS)

    assert 1 in await numbers(again)
    await again.close()


async def test_the_owner_whose_lock_was_deleted_writes_nothing_beside_the_next_owner(
    path: Path, file: SqliteFile
) -> None:
    beside(path, "-lock").unlink()
    next_owner = await SqliteFile.open(str(path), PARTS)
    await next_owner.write(note(5))

    with pytest.raises(StoreFailed, match="-lock is another file"):
        await file.write(note(6))

    await next_owner.write(note(7))
    await next_owner.close()


async def test_programs_that_leave_the_file_whole_are_no_failure(path: Path, file: SqliteFile) -> None:
    """A checkpoint, a vacuum and a backup beside the server; files that come and go in its folder."""
    for number in range(2, 400):
        await file.write(note(number, "x" * 1000))
    await file.write(lambda connection: connection.execute("DELETE FROM notes WHERE number < 390"))

    def tidy_up() -> None:
        with sqlite3.connect(path) as shell:
            shell.execute("VACUUM")
            assert shell.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
            shell.execute(f"VACUUM INTO '{path.parent / 'backup.db'}'")
        shell.close()
        (path.parent / "other.txt").write_text("x")
        (path.parent / "other.txt").unlink()

    await asyncio.to_thread(tidy_up)

    await file.write(note(1_000))
    assert await numbers(file) == [*range(390, 400), 1_000]
    assert file.failure is None


async def test_a_process_that_is_not_the_owner_notices_it_too(path: Path, file: SqliteFile) -> None:
    other = await SqliteFile.open(str(path), PARTS, is_owner=False)
    await other.write(note(2))
    await file.write(note(3))
    delete(path)

    with pytest.raises(StoreFailed, match="is gone"):
        await other.write(note(4))
    await other.close()


async def test_nothing_is_run_on_a_file_that_a_copy_of_the_same_age_has_replaced(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    file = await SqliteFile.open(str(path), [])
    copy = shutil.copy2(path, tmp_path / "copy.db")
    os.replace(copy, path)
    runs: list[int] = []

    with pytest.raises(StoreFailed, match="another file"):
        await file.write(lambda _: runs.append(1))

    assert runs == []
    await file.close()
