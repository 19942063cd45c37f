"""Opening a SQLite file: whose it is, where it may be, and what is left of a process that died."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actum.errors import ForeignStore, StoreError, StoreFailed, StoreInUse
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile
from tests.faults.disk import mount, small_disk

SCHEMA = [Part("notes", (("CREATE TABLE notes (number INTEGER PRIMARY KEY)",),))]
OWNER = f"""
import asyncio, sys
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile

async def own():
    file = await SqliteFile.open(sys.argv[1], {SCHEMA})
    for number in range(20):
        await file.write(lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (number,)))
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(own())
"""


@contextlib.contextmanager
def another_owner(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Lets another process own a file, in which it has written 20 notes."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        try:
            yield owner
        finally:
            owner.kill()


async def count(file: SqliteFile) -> int:
    return await file.read(lambda connection: connection.execute("SELECT count(*) FROM notes").fetchone()[0])


async def test_a_second_process_is_told_that_the_file_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    in_use = pytest.raises(StoreInUse, match="in use by another process: stop that one first")

    with another_owner(path), in_use:
        await SqliteFile.open(str(path), SCHEMA)


async def test_the_same_file_under_another_name_is_in_use_too(tmp_path: Path) -> None:
    path, other = tmp_path / "notes.db", tmp_path / "link.db"
    with another_owner(path):
        other.symlink_to(path)

        with pytest.raises(StoreInUse):
            await SqliteFile.open(str(other), SCHEMA)


async def test_a_process_that_was_killed_leaves_its_file_to_the_next(tmp_path: Path) -> None:
    """All that it had written is there, and moved out of the log before anything is written behind it."""
    path = tmp_path / "notes.db"
    with another_owner(path) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    log = path.with_name("notes.db-wal")
    left = log.stat().st_size

    file = await SqliteFile.open(str(path), SCHEMA)

    assert await count(file) == 20
    assert log.stat().st_size < left / 4
    await file.close()


async def test_the_file_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (name)")
    before = path.read_bytes()

    with pytest.raises(ForeignStore, match="another program: name another file"):
        await SqliteFile.open(str(path), SCHEMA)

    assert path.read_bytes() == before
    assert not path.with_name("photos.db-wal").exists()


async def test_the_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    await (await SqliteFile.open(str(path), SCHEMA)).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(ForeignStore, match=r"newer Actum \(format 99.*upgrade"):
        await SqliteFile.open(str(path), SCHEMA)

    assert path.read_bytes() == before


async def test_a_file_with_a_newer_part_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "notes.db")
    newer = Part("notes", (*SCHEMA[0].steps, ("ALTER TABLE notes ADD COLUMN text TEXT",)))
    await (await SqliteFile.open(path, [newer])).close()

    with pytest.raises(ForeignStore, match=r"newer Actum \(notes schema 2, this one knows 1\): upgrade"):
        await SqliteFile.open(path, SCHEMA)


async def test_a_file_takes_each_step_that_it_lacks_once(tmp_path: Path) -> None:
    path = str(tmp_path / "notes.db")
    newer = Part("notes", (*SCHEMA[0].steps, ("ALTER TABLE notes ADD COLUMN text TEXT",)))
    await (await SqliteFile.open(path, SCHEMA)).close()

    with pytest.raises(StoreError, match="start the application on it once"):
        await SqliteFile.open(path, [newer], is_owner=False)
    await (await SqliteFile.open(path, [newer])).close()
    file = await SqliteFile.open(path, [newer])

    assert await file.read(lambda c: c.execute("SELECT count(text) FROM notes").fetchone()[0]) == 0
    await file.close()


async def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.touch()

    file = await SqliteFile.open(str(path), SCHEMA)

    assert await count(file) == 0
    await file.close()


async def test_a_directory_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a directory: name a file, as in sqlite:///.*/app\.db"):
        await SqliteFile.open(str(tmp_path), SCHEMA)


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no directory .*missing: create it, or name another file"):
        await SqliteFile.open(str(tmp_path / "missing" / "notes.db"), SCHEMA)


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """It is said to be damaged, and neither written nor left locked."""
    path = tmp_path / "notes.db"
    await (await SqliteFile.open(str(path), SCHEMA)).close()
    damaged = bytearray(path.read_bytes())
    damaged[100:] = b"\xff" * (len(damaged) - 100)
    path.write_bytes(damaged)

    for _ in range(2):
        with pytest.raises(StoreFailed, match="malformed"):
            await SqliteFile.open(str(path), SCHEMA)

    assert path.read_bytes() == damaged


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A directory with an old.db, where nobody may write: for root, who may everywhere, by a mount."""
    directory = tmp_path / "read-only"
    directory.mkdir()
    if os.geteuid() == 0:
        with small_disk(directory, "1m"):
            (directory / "old.db").touch()
            mount("-o", "remount,ro", str(directory))
            yield directory
    else:
        (directory / "old.db").touch()
        directory.chmod(0o555)
        yield directory
        directory.chmod(0o755)


@pytest.mark.parametrize("name", ["old.db", "new.db"])
async def test_where_nobody_may_write_it_is_said(read_only: Path, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be written: give this user write access"):
        await SqliteFile.open(str(read_only / name), SCHEMA)
