"""A file that is open already: what a second opening of it may and may not do."""

import subprocess
import sys
from pathlib import Path

import pytest

from actum.errors import ForeignStore, StoreError, StoreInUse
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.opening import is_owned

SCHEMA = [Part("notes", (("CREATE TABLE IF NOT EXISTS notes (text)",),))]
COUNT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM notes").fetchone()[0])
connection.close()
"""


def count_elsewhere(path: Path) -> int:
    """Counts the notes in another process, which lets go of the file afterwards."""
    done = subprocess.run([sys.executable, "-c", COUNT, str(path)], capture_output=True, check=True)
    return int(done.stdout)


def names_in(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


def log_of(path: Path) -> bytes:
    return Path(f"{path}-wal").read_bytes()


async def test_a_second_opening_in_one_process_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Another process that looks in and leaves must not take the log away that the owner goes on writing."""
    path = tmp_path / "notes.db"
    file = await SqliteFile.open(str(path), SCHEMA)
    with pytest.raises(StoreInUse):
        await SqliteFile.open(str(path), SCHEMA)
    before = count_elsewhere(path)

    await file.write(lambda connection: connection.execute("INSERT INTO notes VALUES ('kept')"))

    assert (before, count_elsewhere(path)) == (0, 1)
    await file.close()


@pytest.mark.parametrize("content", [b"x", b"x" * 100, b"x" * 5_000])
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)

    with pytest.raises(ForeignStore, match="nor any SQLite file"):
        await SqliteFile.open(str(path), SCHEMA)

    assert path.read_bytes() == content


async def test_looking_into_a_file_that_is_not_there_does_not_make_one(tmp_path: Path) -> None:
    path = tmp_path / "nots.db"

    with pytest.raises(StoreError, match="there is no store"):
        await SqliteFile.open(str(path), SCHEMA, is_owner=False)

    assert names_in(tmp_path) == []


async def test_looking_into_an_empty_file_leaves_it_empty(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.touch()

    with pytest.raises(StoreError, match="start the application on it once"):
        await SqliteFile.open(str(path), SCHEMA, is_owner=False)

    assert path.read_bytes() == b""


async def test_who_looks_in_beside_the_owner_sees_what_is_written_and_may_write(tmp_path: Path) -> None:
    path = str(tmp_path / "notes.db")
    owner = await SqliteFile.open(path, SCHEMA)
    guest = await SqliteFile.open(path, SCHEMA, is_owner=False)

    await owner.write(lambda connection: connection.execute("INSERT INTO notes VALUES ('owner')"))
    await guest.write(lambda connection: connection.execute("INSERT INTO notes VALUES ('guest')"))
    seen = await guest.read(lambda connection: connection.execute("SELECT text FROM notes").fetchall())
    await guest.close()
    await owner.write(lambda connection: connection.execute("INSERT INTO notes VALUES ('owner again')"))
    await owner.close()

    assert seen == [("owner",), ("guest",)]
    assert count_elsewhere(Path(path)) == 3


async def test_looking_in_writes_nothing(tmp_path: Path) -> None:
    """Otherwise every look would hold up the owner's next commit by a sync."""
    path = tmp_path / "notes.db"
    owner = await SqliteFile.open(str(path), SCHEMA)
    before = log_of(path)

    guest = await SqliteFile.open(str(path), SCHEMA, is_owner=False)
    await guest.read(lambda connection: connection.execute("SELECT * FROM notes").fetchall())
    await guest.close()

    assert log_of(path) == before
    await owner.close()


async def test_asking_whether_a_file_is_owned_does_not_keep_its_owner_out(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"

    before = is_owned(path)
    file = await SqliteFile.open(str(path), SCHEMA)
    during = is_owned(path)
    await file.close()

    assert (before, during, is_owned(path)) == (False, True, False)
