"""Checks that the files found under a SQLite store's names are still those that this process has open."""

import os
import sqlite3
import time
from contextlib import closing

from actum.errors import StoreFailed
from actum.stores.sqlite.connection.opening import MAX_LOG_BYTES, configure

Identity = tuple[int, int]
"""The device and the inode of a file."""

TICK = 100_000_000
"""Nanoseconds that are longer than a tick of any system's clock for files."""


class FileIdentity:
    """The names of an open store: its file, its log, the log's index, and the lock of its owner.

    Any program may move, replace or empty a file that another program has open; that program then writes to
    a file without a name. `check_content` before a commit and `check_names` after it make sure that every
    acknowledged write can be found under the store's name.
    """

    def __init__(self, path: str, *, is_owner: bool) -> None:
        self._path = path
        self._is_owner = is_owner
        real = os.path.realpath(path)
        self._is_linked = real != os.path.abspath(path)
        self._folder = os.path.dirname(real)
        self._log = f"{real}-wal"
        suffixes = ("", "-wal", "-shm", "-lock") if is_owner else ("", "-wal", "-shm")
        self._file = _identity(os.stat(path))
        self._names = {f"{real}{suffix}": _identity(os.stat(f"{real}{suffix}")) for suffix in suffixes}
        # Its size is taken from the open file: stat on its name would read its times too, and writing to a
        # file whose times were read makes a commit a tenth slower.
        self._log_file = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        self._folder_time = 0
        self.log_size: int = 0
        self.is_moved: bool = False
        """Whether this process writes the file now, so that its times say nothing."""
        self.written()

    def __repr__(self) -> str:
        return f"<FileIdentity {self._path}>"

    def close(self) -> None:
        """Closes the log."""
        os.close(self._log_file)

    def written(self) -> None:
        """Records that this process has written the file, which it does when it moves the log."""
        found = os.stat(self._path)
        self._size, self._time = found.st_size, found.st_mtime_ns

    def check_content(self) -> None:
        """Raises StoreFailed when another program has removed, emptied or overwritten the store."""
        try:
            found = os.stat(self._path)
        except OSError as error:
            raise self._moved(str(error.filename)) from error
        if _identity(found) != self._file:
            raise self._moved(self._path)
        log_size = os.lseek(self._log_file, 0, os.SEEK_END)
        if self.is_moved:
            is_same = found.st_size >= self._size
        else:
            is_same = found.st_size == self._size and found.st_mtime_ns == self._time
        if not is_same or log_size < min(self.log_size, MAX_LOG_BYTES):
            self.check_names()
            if self._is_owner:
                self._read_whole()
        self.log_size = log_size

    def check_names(self) -> None:
        """Raises StoreFailed when a name belongs to another file than the open one, or to none."""
        try:
            # Creating, renaming or deleting a file changes the modification time of its folder.
            changed = os.stat(self._folder).st_mtime_ns
        except OSError as error:
            raise self._moved(str(error.filename)) from error
        if changed != self._folder_time:
            for name, identity in self._names.items():
                if not _is_at(name, identity):
                    raise self._moved(name)
            # Two changes within one tick of the system's clock result in the same time.
            self._folder_time = changed if time.time_ns() - changed > TICK else 0
        if self._is_linked and not _is_at(self._path, self._file):
            raise self._moved(self._path)

    @property
    def lost_only_log(self) -> bool:
        """Whether the file and its lock are still in their places, and no other file replaced its log."""
        return _is_at(self._path, self._file) and all(
            _is_at(name, identity) or (name.endswith(("-wal", "-shm")) and not os.path.exists(name))
            for name, identity in self._names.items()
        )

    def _read_whole(self) -> None:
        """Checks the whole file after another program wrote to it, with a checkpoint or destructively."""
        try:
            with closing(configure(self._path, must_exist=True)) as connection:
                found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            raise self._destroyed(str(error)) from error
        if found != "ok":
            raise self._destroyed(" ".join(found.split()))
        self.written()

    def _moved(self, name: str) -> StoreFailed:
        what = "is gone" if not os.path.exists(name) else "is another file than the one that was opened"
        return StoreFailed(
            f"{name} {what}: it was deleted, moved or replaced while {self._path} was in use. Writes have "
            "stopped. Stop this process, put the files back or restore a backup, then start again",
            is_outcome_unknown=True,
        )

    def _destroyed(self, why: str) -> StoreFailed:
        return StoreFailed(
            f"{self._path} was emptied or overwritten by another program while it was in use ({why}): writes "
            "have stopped. Stop this process, restore a backup, then start again",
            is_outcome_unknown=True,
        )


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _is_at(name: str, identity: Identity) -> bool:
    try:
        return _identity(os.stat(name)) == identity
    except OSError:
        return False
