"""Moves a SQLite file's log into the file: a short one between two commits, a long one beside them.

What is moved beside commits are the pages that were in the log when that began. Of what was written
meanwhile the next pass moves the most, until little is left; that is moved between two commits, because
only a log without a rest is overwritten from its beginning, instead of growing.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable

from actum.stores.sqlite.connection.completeness import move_beside, move_log, say_whole
from actum.stores.sqlite.connection.file_identity import FileIdentity
from actum.stores.sqlite.connection.log import Log
from actum.stores.sqlite.connection.opening import BUSY_TIMEOUT, connect_again

SHORT = 0.005
"""Seconds that commits may wait for a log that is moved between them."""
MOST_PASSES = 6
"""After so many, commits wait: they write faster than the disk takes their pages."""


class LogMover:
    """Decides when the log is moved, and moves it; every method is called by the writer's thread.

    A move that fails raises at the next call; commits until then lose nothing, because the log is not
    overwritten before all of it was moved.
    """

    def __init__(
        self, path: str, writer: sqlite3.Connection, place: FileIdentity, check_names: Callable[[], None]
    ) -> None:
        self._path = path
        self._writer = writer
        self._place = place
        self._check_names = check_names
        self._log = Log(path)
        self._took = 0.0
        self._beside: _Pass | None = None
        self._passes = 0
        self._mover: sqlite3.Connection | None = None
        self._pin: sqlite3.Connection | None = None

    def __repr__(self) -> str:
        return f"<LogMover {self._path}>"

    @property
    def error(self) -> Exception | None:
        """Why the move that was the last to begin has failed; None if it has not."""
        return None if self._beside is None else self._beside.error

    def committed(self) -> None:
        """Notes a commit, and moves the log if it is long."""
        self._log.committed(self._writer.total_changes)
        if self._beside is not None:
            if self._beside.is_done:
                self._continue(self._beside)
        elif self._log.is_long(self._place.log_size):
            if self._took < SHORT:
                self._took = self._move()
            else:
                self._took = 0.0
                self._passes = 0
                self._begin_pass()

    def empty(self) -> bool:
        """Moves the whole log and empties it; returns whether that has to wait for readers."""
        if self._beside is not None:
            if not self._beside.is_done:
                return True
            self._end_pass(self._beside)
        is_busy = move_log(self._writer, "TRUNCATE", busy_timeout=BUSY_TIMEOUT)
        self._moved()
        if not is_busy:
            self._place.log_size = 0
        return is_busy

    def close(self) -> None:
        """Waits for a move that has begun; what it leaves is moved when the file is closed."""
        if self._beside is not None:
            self._beside.join()
        for connection in (self._mover, self._pin):
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()

    def _move(self) -> float:
        began = time.perf_counter()
        move_log(self._writer, "PASSIVE")
        self._moved()
        return time.perf_counter() - began

    def _moved(self) -> None:
        self._log.moved()
        self._place.written()

    def _begin_pass(self) -> None:
        """Marks file and log, and lets a thread move what the log holds so far.

        The file has to say that it is not whole, and the log after it that they are; so the one mark is
        moved and the other is not, because a reader needs what was there between them.
        """
        if self._mover is None or self._pin is None:
            self._mover = connect_again(self._path, self._check_names)
            self._pin = connect_again(self._path, self._check_names)
        say_whole(self._writer, is_whole=False)
        self._pin.execute("BEGIN")
        try:
            self._pin.execute("SELECT count(*) FROM sqlite_master").fetchone()
            say_whole(self._writer)
            beside = _Pass(self._mover, self._pin, self._log.pages)
            self._place.is_moved = True
            beside.start()
        except BaseException as error:
            self._pin.execute("ROLLBACK")
            self._place.is_moved = False
            if not isinstance(error, RuntimeError):
                raise
            self._move()  # No more threads can be started.
        else:
            self._beside = beside
            self._passes += 1
            self._log.moved()

    def _continue(self, done: "_Pass") -> None:
        self._end_pass(done)
        left = done.took * self._log.pages / max(done.pages, 1)
        if left > SHORT and self._passes < MOST_PASSES:
            self._begin_pass()
        else:
            self._took += self._move()

    def _end_pass(self, done: "_Pass") -> None:
        done.join()
        self._beside = None
        self._place.is_moved = False
        self._place.written()
        self._took += done.took
        if done.error is not None:
            self._log.is_overdue = True
            raise done.error


class _Pass(threading.Thread):
    """Moves the pages that a log holds until where a reader, the pin, reads."""

    def __init__(self, mover: sqlite3.Connection, pin: sqlite3.Connection, pages: int) -> None:
        super().__init__(name="actum-sqlite-log", daemon=True)
        self._mover = mover
        self._pin = pin
        self.pages = pages
        self.took = 0.0
        self.error: Exception | None = None
        self.is_done = False

    def run(self) -> None:
        """Moves them."""
        began = time.perf_counter()
        try:
            try:
                move_beside(self._mover)
            finally:
                self._pin.execute("ROLLBACK")
        except (sqlite3.Error, OSError, MemoryError) as error:
            self.error = error
        self.took = time.perf_counter() - began
        self.is_done = True
