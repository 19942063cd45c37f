"""Tells whether a SQLite file holds all acknowledged writes, or needs the log that belongs beside it.

A file in use is marked as incomplete; the log begins with a write that marks the two as complete. So a backup
that reads both is complete, and so is a file into which the log was moved, as at the last close. A file
without its log remains marked as incomplete.
"""

import os
import sqlite3
from contextlib import closing
from urllib.parse import quote

from actum.errors import StoreError

TABLE: str = "actum_whole"
MAKE: str = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
    one INTEGER PRIMARY KEY CHECK (one = 1), is_whole INTEGER NOT NULL)"""
BEGIN: str = f"INSERT OR IGNORE INTO {TABLE} VALUES (1, 1)"
SAY: str = f"UPDATE {TABLE} SET is_whole = ? WHERE is_whole <> ?"
IS_KEPT: str = f"SELECT count(*) FROM sqlite_master WHERE name = '{TABLE}'"
IS_WHOLE: str = f"SELECT min(is_whole) FROM {TABLE}"


def is_log_lost(path: str) -> bool:
    """Says whether a file needs a log that is not beside it. If there is a log, the file is not opened."""
    if (
        not os.path.isfile(path)
        or not os.path.getsize(path)
        or os.path.exists(f"{os.path.realpath(path)}-wal")
    ):
        return False
    # The file is read as it is on the disk, and no log is created.
    uri = f"file:{quote(path)}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return not _says_whole(connection)
    except sqlite3.DatabaseError:
        return False  # Opening the store reports what is wrong with the file.


def check_log(path: str) -> None:
    """Raises StoreError for a file that needs a log which is not beside it."""
    if is_log_lost(path):
        raise StoreError(
            f"{path} was not closed, and its log {path}-wal is gone, which alone holds what was written "
            "last. Put the log back beside the file, or restore a backup; to continue with what the file "
            "holds, run `actum adopt`"
        )


def say_whole(connection: sqlite3.Connection, *, is_whole: bool = True) -> None:
    """Marks the file, together with its log, as complete or not, unless it is marked so already.

    The mark is not synced: the next commit or checkpoint does that, and nothing depends on it before.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        connection.execute(SAY, (is_whole, is_whole))
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def repair_mark(connection: sqlite3.Connection) -> None:
    """Marks a file with its log as complete again, in case a process ended during a checkpoint."""
    if not _says_whole(connection):
        say_whole(connection)


def move_log(connection: sqlite3.Connection, mode: str, *, busy_timeout: float | None = None) -> bool:
    """Moves the log into the file, as far as readers allow; says whether they kept it from being emptied.

    With `busy_timeout` (that of the connection, in seconds) it does not wait for them.
    """
    say_whole(connection, is_whole=False)
    try:
        if busy_timeout is not None:
            connection.execute("PRAGMA busy_timeout = 0")
        [is_busy, *_] = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    finally:
        if busy_timeout is not None:
            connection.execute(f"PRAGMA busy_timeout = {round(busy_timeout * 1_000)}")
    say_whole(connection)
    return bool(is_busy)


def move_beside(connection: sqlite3.Connection) -> None:
    """Moves the log as far as readers allow, while another connection writes, which has marked both."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def accept(path: str) -> bool:
    """Marks a file whose log is lost as complete; says whether it was marked as incomplete."""
    if not is_log_lost(path):
        return False
    with (
        closing(sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True)) as connection,
        connection,
    ):
        connection.execute(SAY, (True, True))
    return True


def _says_whole(connection: sqlite3.Connection) -> bool:
    if not connection.execute(IS_KEPT).fetchone()[0]:
        return True
    return bool(connection.execute(IS_WHOLE).fetchone()[0])
