"""A SQLite file whose log was taken away while nothing ran: noticed before anything is written behind it."""

import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actum.errors import StoreError
from actum.stores.sqlite.connection.completeness import accept
from actum.stores.sqlite.connection.file import SqliteFile
from tests.engine.test_sqlite_opening import SCHEMA, another_owner, count

LOST = pytest.raises(StoreError, match=r"its log .*notes\.db-wal is gone.*actum adopt")


def killed(path: Path) -> Path:
    """Leaves a file with 20 notes as a process does that is killed."""
    with another_owner(path) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    return path


def remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def has_log(path: Path) -> bool:
    return Path(f"{path}-wal").exists()


async def note(file: SqliteFile, number: int) -> None:
    await file.write(lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (number,)))


async def notes_in(path: Path) -> int:
    file = await SqliteFile.open(str(path), SCHEMA)
    try:
        return await count(file)
    finally:
        await file.close()


@pytest.mark.parametrize("is_owner", [True, False])
async def test_a_file_whose_log_is_gone_is_refused_in_one_line(tmp_path: Path, is_owner: bool) -> None:
    """Whoever opens it, and again at the next try; with the log back nothing is lost."""
    path = killed(tmp_path / "notes.db")
    shutil.copy(f"{path}-wal", tmp_path / "kept")
    remove_log(path)

    for _ in range(2):
        with LOST as refused:
            await SqliteFile.open(str(path), SCHEMA, is_owner=is_owner)

    assert "\n" not in str(refused.value)
    shutil.copy(tmp_path / "kept", f"{path}-wal")
    assert await notes_in(path) == 20


async def test_a_copy_of_the_file_alone_is_refused_while_it_is_in_use(tmp_path: Path) -> None:
    """As a backup that was made without the log."""
    with another_owner(tmp_path / "notes.db"):
        (tmp_path / "copy").mkdir()
        shutil.copy(tmp_path / "notes.db", tmp_path / "copy" / "notes.db")

        with LOST:
            await SqliteFile.open(str(tmp_path / "copy" / "notes.db"), SCHEMA)


async def test_what_was_written_since_the_log_was_moved_is_missed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file says that it needs its log again after each moving."""
    monkeypatch.setattr("actum.stores.sqlite.connection.log.CHECKPOINT_COMMITS", 5)
    path, copy = tmp_path / "notes.db", tmp_path / "copy" / "notes.db"
    copy.parent.mkdir()
    file = await SqliteFile.open(str(path), SCHEMA)
    for number in range(13):
        await note(file, number)
    await file.scrub()
    await note(file, 99)
    shutil.copy(path, copy)
    await file.close()

    with LOST:
        await SqliteFile.open(str(copy), SCHEMA)


async def test_a_file_that_was_closed_needs_no_log(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    assert await notes_in(path) == 0

    assert not has_log(path)
    assert await notes_in(path) == 0


def vacuum_into(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("VACUUM INTO ?", (str(copy),))


def back_up(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as shell, closing(sqlite3.connect(copy)) as target:
        shell.backup(target)


def copy_both(path: Path, copy: Path) -> None:
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")


@pytest.mark.parametrize("make", [vacuum_into, back_up, copy_both])
async def test_a_backup_that_was_made_while_it_was_in_use_is_whole(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    copy = tmp_path / "copy.db"
    with another_owner(tmp_path / "notes.db"):
        make(tmp_path / "notes.db", copy)

        assert await notes_in(copy) == 20


async def test_a_log_that_another_program_moved_into_the_file_is_not_missed(tmp_path: Path) -> None:
    """Whoever closes a file last moves its log: a shell that looked into it after a crash."""
    path = killed(tmp_path / "notes.db")
    with closing(sqlite3.connect(path)) as shell:
        assert shell.execute("SELECT count(*) FROM notes").fetchone()[0] == 20

    assert not has_log(path)
    assert await notes_in(path) == 20


async def test_an_accepted_file_goes_on_with_what_it_holds(tmp_path: Path) -> None:
    path = killed(tmp_path / "notes.db")
    remove_log(path)

    assert [accept(str(path)), accept(str(path))] == [True, False]

    assert await notes_in(path) == 0


async def test_a_process_that_ends_while_it_moves_the_log_leaves_a_whole_file(tmp_path: Path) -> None:
    """It had said that the file needs its log, and not yet that both are whole; who looks in mends that."""
    path, copy = tmp_path / "notes.db", tmp_path / "copy.db"
    file = await SqliteFile.open(str(path), SCHEMA)
    await note(file, 1)
    await file.write(lambda connection: connection.execute("UPDATE actum_whole SET is_whole = 0"))
    copy_both(path, copy)
    await file.close()

    beside = await SqliteFile.open(str(copy), SCHEMA, is_owner=False)
    await beside.close()

    assert not has_log(copy)
    assert [await notes_in(copy), await notes_in(path)] == [1, 1]
