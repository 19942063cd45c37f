"""Copies a SQLite store while a process runs on it: as it is at one moment, with what its log holds."""

import os
import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from actum.errors import StoreError
from actum.stores.sqlite.archive.checking import has_segments
from actum.stores.sqlite.backup.persons import forget_keys
from actum.stores.sqlite.backup.placing import Report, check_space
from actum.stores.sqlite.connection.completeness import IS_KEPT, SAY, check_log
from actum.stores.sqlite.connection.opening import check_format, configure

PAGES = 1_024
"""How many pages are copied between two reports."""


def copy_online(source: Path, target: Path, report: Report) -> None:
    """Copies a store into a new file, which is synced later.

    One transaction reads it, so that the copy is of one moment, whatever is written meanwhile. Writers do not
    wait for it; the log grows until it ends. Raises StoreError, with the fix.
    """
    check_log(str(source))
    with translated(source, target):
        _copy(source, target, report)


def finish_copy(file: Path, *, without_keys: bool, kept_views: Collection[str]) -> None:
    """Makes a copy a file of its own: it needs no log, and has no keys of persons where it is to have none.

    Of the views, a copy without keys has only those that are kept: the others may hold personal data.
    """
    with translated(file, file), closing(configure(str(file), must_exist=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        # The copy may be of the moment at which the log is moved, when the file says that it needs its log.
        if connection.execute(IS_KEPT).fetchone()[0]:
            connection.execute(SAY, (True, True))
        if has_segments(connection):
            # Of what the store was about to write or to remove, the copy has nothing.
            connection.execute("DELETE FROM actum_segments_unused")
        if without_keys:
            forget_keys(connection, kept_views)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


@contextmanager
def translated(source: Path, target: Path) -> Generator[None]:
    """Turns errors of a driver or of the system into one that says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _translated(error, source, target) from error


def _copy(source: Path, target: Path, report: Report) -> None:
    before = _identity(source)
    with (
        closing(configure(str(source), must_exist=True)) as reader,
        closing(sqlite3.connect(target, isolation_level=None)) as writer,
    ):
        reader.execute("PRAGMA query_only = ON")
        reader.execute("BEGIN")
        check_format(reader, str(source))
        if _identity(source) != before:
            raise StoreError(f"{source} was replaced while it was opened: begin again")
        size = reader.execute("PRAGMA page_size").fetchone()[0]
        check_space(target.parent, size * reader.execute("PRAGMA page_count").fetchone()[0])
        # What is half done is thrown away, so that nothing has to bring it back.
        writer.execute("PRAGMA journal_mode = OFF")
        writer.execute("PRAGMA synchronous = OFF")
        reader.backup(
            writer,
            pages=PAGES,
            progress=lambda _, left, total: report((total - left) * size, total * size),
        )
        reader.execute("ROLLBACK")


def _identity(file: Path) -> tuple[int, int]:
    found = os.stat(file)
    return found.st_dev, found.st_ino


def _translated(error: Exception, source: Path, target: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"the disk of {target.parent} is full: free some, or name a file on another disk")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{source} is not an Actum store, nor any SQLite file: name another file")
    if isinstance(error, OSError):
        return StoreError(f"{error.filename or source}: {error.strerror or error}")
    # What stopped here is the copy, and not the store.
    return StoreError(f"{source} could not be copied ({error}): check it with `actum doctor`")
