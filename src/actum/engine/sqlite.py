"""One SQLite file: its one writer thread, its readers, its lock, and its refusal to write after a failed sync."""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from actum.errors import ForeignStore, Overloaded, StoreError, StoreFailed, StoreInUse, Unavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

APPLICATION_ID = 0x4163746D
SCHEMA_VERSION = 1
READERS = 4
MOST_WAITING = 10_000
MOST_JOBS_A_COMMIT = 128
BUSY_TIMEOUT = 10.0
CACHED_STATEMENTS = 256
CHECKPOINT_PAGES = 4_000
IN_MEMORY = ":memory:"
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


class Job:
    """A piece of work for the writer thread, and where its result goes."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Work[Any], future: "asyncio.Future[Any]") -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteFile:
    """One database file of this process, or one in memory (path ":memory:").

    `write` runs work in a transaction on the single writer thread; works that wait together share one commit and one
    sync, each in a savepoint of its own. `read` runs work on one of a few reader threads, on the last committed
    state. After a commit or sync has failed every write raises StoreFailed: what the file holds is then only known
    after it has been opened anew.
    """

    def __init__(self, path: str, lock: FileLock | None, writer: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._writer = writer
        self._failure: str | None = None
        self._is_closed = False
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._reading = 0
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="actum-sqlite-reader")
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_forever, name="actum-sqlite-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<SqliteFile {self.path}{' failed' if self._failure else ''}>"

    @classmethod
    async def open(cls, path: str, schema: Sequence[str], *, is_owner: bool = True) -> "SqliteFile":
        """Opens a file, creating it if there is none, and brings its tables up to `schema`.

        The owner holds a lock for as long as the file is open; a process that is not the owner may read, and write
        what is not events. Raises StoreInUse, ForeignStore, or StoreError with what to do.
        """
        if path == IN_MEMORY:
            return cls(path, None, _connect(path, schema))
        file = Path(path)
        _check_header(file)
        lock = _take_lock(file) if is_owner else None
        try:
            return cls(path, lock, await asyncio.to_thread(_connect, path, schema))
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @property
    def failure(self) -> str | None:
        """Why writes have stopped, or None while they go on."""
        return self._failure

    async def write(self, work: Work[T]) -> T:
        """Runs work in a transaction; when this returns, what it wrote is durable."""
        if self._failure or self._is_closed:
            raise self._stopped()
        if self._waiting >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING:,} writes are waiting for {self.path}: send again later")
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting += 1
        self._jobs.put(Job(work, future))
        try:
            return await future
        finally:
            self._waiting -= 1

    async def read(self, work: Work[T]) -> T:
        """Runs work that only reads, on the last committed state."""
        if self.path == IN_MEMORY:
            return await self.write(work)
        if self._is_closed:
            raise self._stopped()
        if self._reading >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING:,} reads are waiting for {self.path}: send again later")
        self._reading += 1
        try:
            return await self._loop.run_in_executor(self._readers, self._read, work)
        finally:
            self._reading -= 1

    async def close(self) -> None:
        """Finishes what is waiting, then lets go of the file."""
        if self._is_closed:
            return
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._connections:
            connection.close()
        self._writer.close()
        if self._lock is not None:
            self._lock.release()

    def _read(self, work: Work[T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _configure(self.path)
            connection.execute("PRAGMA query_only = ON")
            self._connections.append(connection)
        try:
            return work(connection)
        except sqlite3.OperationalError as error:
            raise translate(error, self.path) from error

    def _write_forever(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            while len(jobs) < MOST_JOBS_A_COMMIT and not self._jobs.empty():
                another = self._jobs.get()
                if another is None:
                    self._jobs.put(None)
                    break
                jobs.append(another)
            self._commit(jobs)
            try:
                self._loop.call_soon_threadsafe(_deliver, jobs)
            except RuntimeError:
                return  # The loop is gone, and with it everyone who could hear the outcome.

    def _commit(self, jobs: list[Job]) -> None:
        if self._failure:
            for job in jobs:
                job.error = self._stopped()
            return
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            if len(jobs) == 1:
                self._run_alone(jobs[0])
            else:
                for job in jobs:
                    self._run_beside(job)
            if writer.in_transaction:
                writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(jobs, error)

    def _run_alone(self, job: Job) -> None:
        try:
            job.result = job.work(self._writer)
        except Exception as error:
            if _is_failure(error):
                raise
            job.error = error
            self._writer.execute("ROLLBACK")

    def _run_beside(self, job: Job) -> None:
        writer = self._writer
        writer.execute("SAVEPOINT job")
        try:
            job.result = job.work(writer)
        except Exception as error:
            if _is_failure(error):
                raise
            job.error = error
            writer.execute("ROLLBACK TO job")
        writer.execute("RELEASE job")

    def _give_up(self, jobs: list[Job], error: sqlite3.Error) -> None:
        """Fails every job of a transaction that did not commit, and stops writing unless the file was only busy."""
        translated = translate(error, self.path)
        if isinstance(translated, StoreFailed):
            self._failure = str(translated)
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as failed:
            self._failure = self._failure or str(translate(failed, self.path))
        for job in jobs:
            job.error = translate(error, self.path)
            job.error.__cause__ = error

    def _stopped(self) -> Exception:
        if self._failure:
            return StoreFailed(self._failure)
        return Unavailable(f"{self.path} is closed")


def translate(error: sqlite3.Error, path: str) -> Exception:
    """Turns a driver's error into one that says what to do; the driver's own stays its cause."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in BUSY:
        return Unavailable(f"{path} is held by another program ({error}): send again, or find who holds it")
    if code in FAILED:
        return StoreFailed(
            f"writing {path} failed ({error}; {getattr(error, 'sqlite_errorname', 'unknown')}): writes have stopped. "
            "Mend the disk (space, permissions, cable), then start again; what was acknowledged is kept",
            is_outcome_unknown=True,
        )
    return StoreError(f"{path}: {error}")


def _is_failure(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in FAILED | BUSY


def _deliver(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _check_header(file: Path) -> None:
    if file.is_dir():
        raise StoreError(f"{file} is a directory: name a file, as in sqlite:///{file}/app.db")
    if not file.parent.is_dir():
        raise StoreError(f"there is no directory {file.parent}: make it, or name another file")
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.R_OK | os.W_OK)):
        raise StoreError(f"{file} cannot be written: give this user write access to it and to its directory")
    if not file.exists():
        return
    with file.open("rb") as opened:
        header = opened.read(16)
    if header and header != b"SQLite format 3\0":
        raise ForeignStore(f"{file} is not an Actum store, nor any SQLite file: name another file")


def _take_lock(file: Path) -> FileLock:
    lock = FileLock(f"{file}-lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreInUse(
            f"{file} is in use by another process: stop that one first, or use a store that several may share"
        ) from error
    return lock


def _configure(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def _connect(path: str, schema: Sequence[str]) -> sqlite3.Connection:
    try:
        connection = _configure(path)
        _check_ownership(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        for statement in schema:
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return connection


def _check_ownership(connection: sqlite3.Connection, path: str) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise ForeignStore(f"{path} is a SQLite file of another program: name another file")
    if version > SCHEMA_VERSION:
        raise ForeignStore(f"{path} was written by a newer Actum (schema {version}, this one knows {SCHEMA_VERSION}): upgrade")
