"""Opens a SQLite file: checks whose it is, takes its lock, migrates it, and makes commits durable."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from actum.errors import ForeignStore, StoreError, StoreInUse
from actum.stores.schema import VERSIONS, Part, is_current, missing_steps
from actum.stores.sqlite.connection import completeness
from actum.stores.sqlite.connection.errors import DRIVER

APPLICATION_ID = 0x4163746D
FORMAT = 2
"""The file's `user_version`: since 2 each part of the schema has its own version, in `actum_schema`."""
IN_MEMORY = ":memory:"
BUSY_TIMEOUT = 10.0
CACHED_STATEMENTS = 256
PATIENCE = 0.25
"""Seconds to wait for a lock that another process may hold only to find out whether the file is owned."""
SMALLEST = 512
"""Bytes in the smallest file that SQLite makes, apart from an empty one."""
MAX_LOG_BYTES = 64 * 1024 * 1024


def check_place(file: Path, *, is_owner: bool) -> None:
    """Raises StoreError for a place where no store can be, and ForeignStore for a file that cannot be one.

    Only its owner creates a file that does not exist.
    """
    # Only SQLite reads the file's content: closing the file here would release the locks that this process
    # holds on it through other connections, and another process could then delete its log.
    if file.is_dir():
        raise StoreError(f"{file} is a directory: name a file, as in sqlite:///{file}/app.db")
    if not file.parent.is_dir():
        raise StoreError(f"there is no directory {file.parent}: create it, or name another file")
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.R_OK | os.W_OK)):
        raise StoreError(f"{file} cannot be written: give this user write access to it and to its directory")
    if not is_owner and not file.exists():
        where = "" if file.is_absolute() else f" in {Path.cwd()}"
        raise StoreError(
            f"there is no store {file}{where}: start the application once, go to the folder of its store, or "
            "name another file"
        )
    if file.exists() and 0 < file.stat().st_size < SMALLEST:
        raise _foreign(file)


def take_lock(file: Path, *, patience: float = PATIENCE) -> FileLock:
    """Takes the lock that the single owner of a file holds; raises StoreInUse when another process has it."""
    # Links are resolved, because the same file under another name is the same store.
    lock = FileLock(f"{file.resolve()}-lock", thread_local=False)
    try:
        lock.acquire(timeout=patience, poll_interval=0.01)
    except Timeout as error:
        raise StoreInUse(
            f"{file} is in use by another process: stop that one first, or use a store that several may share"
        ) from error
    except OSError as error:
        raise StoreError(
            f"{lock.lock_file} cannot be locked ({error}): give this user write access"
        ) from error
    return lock


def is_owned(file: Path) -> bool:
    """Says whether a process owns a file."""
    try:
        take_lock(file, patience=0).release()
    except StoreInUse:
        return True
    return False


def file_versions(path: str) -> dict[str, int]:
    """Gives the version of each part of an existing file.

    A file that cannot be opened has none: opening the store reports why.
    """
    if not Path(path).is_file() or not Path(path).stat().st_size:
        return {}
    try:
        with closing(configure(path, must_exist=True)) as connection:
            # A file from before parts had versions has run the first step of each.
            return part_versions(connection) or {"tables": 1}
    except DRIVER:
        return {}


def file_sizes(path: str) -> dict[str, int]:
    """Gives the bytes of a file and of its log, as far as they are there."""
    files = [Path(path), Path(f"{path}-wal")]
    return {file.name: file.stat().st_size for file in files if file.is_file()}


def connect(path: str, parts: Sequence[Part], *, is_owner: bool) -> sqlite3.Connection:
    """Opens the connection that writes; the owner brings the file's tables up to date.

    Raises ForeignStore, StoreError, or the driver's own error.
    """
    if path != IN_MEMORY:
        completeness.check_log(path)
    try:
        connection = configure(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise _foreign(path) from error
        raise
    try:
        check_format(connection, path)
        is_ready = is_current(part_versions(connection), parts, path)
        if is_owner:
            _prepare(connection, path, parts)
        elif not is_ready:
            raise StoreError(f"{path} is not set up for this Actum yet: start the application on it once")
        else:
            completeness.repair_mark(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: str, check_names: Callable[[], None]) -> sqlite3.Connection:
    """Opens a connection that reads, and makes sure that it is to this file and not to a replacement."""
    connection = connect_again(path, check_names)
    connection.execute("PRAGMA query_only = ON")
    return connection


def connect_again(path: str, check_names: Callable[[], None]) -> sqlite3.Connection:
    """Opens another connection, and makes sure that it is to this file and not to a replacement."""
    check_names()
    connection = configure(path, must_exist=True)
    try:
        # SQLite opens the log at the first statement that reads.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        check_names()
    except BaseException:
        connection.close()
        raise
    return connection


def configure(path: str, *, must_exist: bool = False) -> sqlite3.Connection:
    """Opens a connection whose commits return only when they are on the disk."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=rw" if must_exist else path,
        uri=must_exist,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute("PRAGMA cache_size = -65536")
        # Deleted data is overwritten, so that it cannot be read in the file.
        connection.execute("PRAGMA secure_delete = ON")
        # SQLite's automatic checkpoints hide a failed sync; the writer runs checkpoints itself.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {MAX_LOG_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _foreign(path: str | Path) -> ForeignStore:
    return ForeignStore(f"{path} is not an Actum store, nor any SQLite file: name another file")


def check_format(connection: sqlite3.Connection, path: str) -> None:
    """Raises ForeignStore for a file of another program, or of a newer Actum."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise ForeignStore(f"{path} is a SQLite file of another program: name another file")
    if version > FORMAT:
        raise ForeignStore(
            f"{path} was written by a newer Actum (format {version}, this one knows {FORMAT}): "
            "upgrade Actum, or name another file"
        )


def part_versions(connection: sqlite3.Connection) -> dict[str, int]:
    """Gives the version of each part; none before format 2, whose only step can be repeated safely."""
    known = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'actum_schema'"
    return dict(connection.execute(VERSIONS)) if connection.execute(known).fetchone()[0] else {}


def _prepare(connection: sqlite3.Connection, path: str, parts: Sequence[Part]) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal" and path != IN_MEMORY:
        raise StoreError(f"{path} cannot have a write-ahead log (only {mode}): store it on a local disk")
    # The log may end in a commit whose sync failed, so that only the system's cache holds it. What is written
    # after it could be lost with it, so everything is moved into the file first.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute(completeness.MAKE)
    connection.execute(completeness.BEGIN)
    _migrate(connection, path, parts)
    connection.execute("COMMIT")
    if path != IN_MEMORY:
        # From here on, new writes are only in the log until the next checkpoint.
        completeness.move_log(connection, "TRUNCATE")


def _migrate(connection: sqlite3.Connection, path: str, parts: Sequence[Part]) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS actum_schema (part TEXT PRIMARY KEY, version INTEGER NOT NULL) "
        "WITHOUT ROWID"
    )
    versions = part_versions(connection)
    is_current(versions, parts, path)
    for part in parts:
        for statement in missing_steps(versions, part):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO actum_schema VALUES (?, ?) "
            "ON CONFLICT (part) DO UPDATE SET version = excluded.version",
            (part.name, len(part.steps)),
        )
