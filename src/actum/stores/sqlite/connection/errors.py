"""Translates SQLite's errors into those that callers handle."""

import sqlite3
from traceback import clear_frames

from actum.errors import StoreError, StoreFailed, Unavailable

BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT})
FAILED = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
    }
)
NO_TEXT = "names in it are no text"
DRIVER = (sqlite3.Error, UnicodeDecodeError)
"""What sqlite3 raises; the second where a damaged file has names that are no text."""


def translate(error: Exception, path: str) -> Exception:
    """Turns a driver's error into one that says what to do; the driver's error is its cause."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, UnicodeDecodeError):
        return StoreFailed(
            f"{path} is damaged ({NO_TEXT}): examine the disk, and put a backup in its place with "
            "`actum restore`",
            is_outcome_unknown=True,
        )
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in BUSY:
        return Unavailable(f"{path} is held by another program ({error}): send again, or find who holds it")
    if code in FAILED or not isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StoreFailed(
            f"{path} failed ({error}; {name}): writes have stopped. Fix the disk (space, permissions, "
            "cable), then start again; acknowledged writes are kept",
            is_outcome_unknown=True,
        )
    return StoreError(f"{path}: {error}")


def end_statements(error: BaseException) -> None:
    """Ends the statements that an error has interrupted.

    Its tracebacks keep them, and with them the state that they read: a transaction would end without leaving
    that, and the next one on the connection would read it too.
    """
    left: list[BaseException | None] = [error]
    ended: set[int] = set()
    while left:
        one = left.pop()
        if one is not None and id(one) not in ended:
            ended.add(id(one))
            clear_frames(one.__traceback__)
            left += (one.__cause__, one.__context__)


def is_failure(error: BaseException) -> bool:
    """Says whether the file failed, and not the work that was run on it."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in FAILED | BUSY
