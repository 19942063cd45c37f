"""A file that is open already: what a second opening of it may and may not do."""

import subprocess
import sys
from pathlib import Path

import pytest

from actum.engine.sqlite import SqliteFile
from actum.errors import ForeignStore, StoreInUse

SCHEMA = ["CREATE TABLE IF NOT EXISTS notes (text)"]
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
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)

    with pytest.raises(ForeignStore, match="nor any SQLite file"):
        await SqliteFile.open(str(path), SCHEMA)

    assert path.read_bytes() == content
