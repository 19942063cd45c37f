"""Whether a SQLite file holds all that was acknowledged, or needs the log that belongs beside it.

A file in use says of itself that it needs its log, and the first words of the log say that the two are whole.
Whoever reads both, as a backup does, and whoever moves the log into the file, as the last to close it does,
has a file that is whole; a file that was left alone says that something is missing.
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
    """Says whether a file needs a log that is not beside it. Nothing is opened where there is a log."""
    if (
        not os.path.isfile(path)
        or not os.path.getsize(path)
        or os.path.exists(f"{os.path.realpath(path)}-wal")
    ):
        return False
    # As it is on the disk, without making a log.
    uri = f"file:{quote(path)}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return not _says_whole(connection)
    except sqlite3.DatabaseError:
        return False  # What kind of file it is, is found out by whoever opens it.


def check_log(path: str) -> None:
    """Raises StoreError for a file that needs a log which is not beside it."""
    if is_log_lost(path):
        raise StoreError(
            f"{path} was not closed, and its log {path}-wal is gone: what was written last is in that alone. "
            "Put the log back beside the file, or restore a backup; to go on with what the file holds, run "
            "`actum adopt`"
        )


def say_whole(connection: sqlite3.Connection, *, is_whole: bool = True) -> None:
    """Writes that the file, as whoever reads it now sees it, is whole or not; nothing if it says so already.

    It need not be synced: it is by the next commit or the moving of the log, or nothing rests on it.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        connection.execute(SAY, (is_whole, is_whole))
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def mend(connection: sqlite3.Connection) -> None:
    """Has a file say again that it is whole together with its log, should a process have ended in between."""
    if not _says_whole(connection):
        say_whole(connection)


def move_log(connection: sqlite3.Connection, mode: str, *, busy_timeout: float | None = None) -> bool:
    """Moves the log into the file, as far as readers let it; gives whether they kept it from being emptied.

    With `busy_timeout` (in seconds, the connection's own) it does not wait for them.
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


def accept(path: str) -> bool:
    """Takes a file for whole whose log is lost; gives whether it was not."""
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
