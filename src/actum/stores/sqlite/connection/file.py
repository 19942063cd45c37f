"""One SQLite file: its one writer thread, its readers, and its refusal to write after a failed sync."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from actum.errors import Overloaded, StoreFailed, Unavailable
from actum.stores.read_limit import ReadLimit
from actum.stores.schema import Part
from actum.stores.sqlite.connection.completeness import repair_mark
from actum.stores.sqlite.connection.errors import DRIVER, end_statements, is_failure, translate
from actum.stores.sqlite.connection.file_identity import FileIdentity
from actum.stores.sqlite.connection.job import Job, Work
from actum.stores.sqlite.connection.log_mover import LogMover
from actum.stores.sqlite.connection.opening import (
    IN_MEMORY,
    check_place,
    connect,
    connect_reader,
    take_lock,
)
from actum.stores.sqlite.connection.postponed import Postponed
from actum.stores.sqlite.connection.query_deadline import QueryDeadline
from actum.stores.sqlite.connection.query_threads import QueryThreads
from actum.stores.sqlite.connection.read_threads import ReadThreads

T = TypeVar("T")

READERS = 4
QUICK_QUERIES = 4
SLOW_QUERIES = 4
QUICK_IN_MEMORY = timedelta(milliseconds=100)
"""How long a query may block the only connection of a store in memory before it is run on a copy."""
MAX_WAITING = 10_000
MAX_JOBS_A_COMMIT = 128
SCRUBS = 100
SCRUB_PAUSE = 0.05
"""Seconds between two attempts, of at most SCRUBS, to empty a log that readers still read."""
HANDOVER = 50e-6
"""Seconds that the event loop sleeps so that the writer thread gets the interpreter lock."""


class SqliteFile:
    """One database file of this process, or one in memory (path ":memory:").

    `write` runs work in a transaction on the single writer thread; works that wait together share one commit
    and one sync, and one that fails leaves nothing of itself and harms no other. `read` runs work on one of a
    few reader threads, on the last committed state. After a commit or sync has failed, or the file was moved
    or replaced, every write raises StoreFailed: what the file holds is unknown until it is opened again.
    """

    def __init__(self, path: str, lock: FileLock | None, writer: sqlite3.Connection) -> None:
        self.path = path
        self._place = None if path == IN_MEMORY else FileIdentity(path, is_owner=lock is not None)
        self._lock = lock
        self._writer = writer
        # Only the owner moves the log into the file: the process that writes events must see a failed sync.
        self._log = (
            None
            if lock is None or self._place is None
            else LogMover(path, writer, self._place, self._check_names)
        )
        self._failure: str | None = None
        self._undone = 0
        self._is_scrub_due = False
        self._is_closed = False
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._readers = ReadThreads(READERS)
        self._queries = QueryThreads(self._stopped, quick=QUICK_QUERIES, slow=SLOW_QUERIES)
        self.callers: ReadLimit = ReadLimit(READERS - 1)
        self._loop = asyncio.get_running_loop()
        self._postponed = Postponed(self._loop, self._jobs.put)
        self._thread = threading.Thread(target=self._write_forever, name="actum-sqlite-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<SqliteFile {self.path}{' failed' if self._failure else ''}>"

    @classmethod
    async def open(cls, path: str, parts: Sequence[Part], *, is_owner: bool = True) -> "SqliteFile":
        """Opens a file; its owner creates it if it does not exist, and brings its tables up to date.

        The owner holds a lock while the file is open; a process that is not the owner may read, and write
        anything but events. Raises StoreInUse, ForeignStore, or StoreError with what to do.
        """
        lock = None
        if path != IN_MEMORY:
            check_place(Path(path), is_owner=is_owner)
            lock = await asyncio.to_thread(take_lock, Path(path)) if is_owner else None
        try:
            return cls(path, lock, await asyncio.to_thread(connect, path, parts, is_owner=is_owner))
        except BaseException as error:
            if lock is not None:
                lock.release()
            if isinstance(error, DRIVER):
                raise translate(error, path) from error
            raise

    @property
    def failure(self) -> str | None:
        """Why writing has stopped, or None if it has not; checks that the file is still in its place."""
        if self._failure is None and not self._is_closed:
            self._check_log()
            try:
                self._check_names()
            except StoreFailed as error:
                self._note(error)
        return self._failure

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the file, as only one does."""
        return self._lock is not None

    @property
    def undone(self) -> int:
        """How many transactions were rolled back after works in them had succeeded.

        Work that caches what it wrote has to drop its cache when this number has grown.
        """
        return self._undone

    async def write(
        self, work: Work[T], *, begins: bool = False, is_large: bool = False, can_wait: bool = False
    ) -> T:
        """Runs work in a transaction; when this returns, what it wrote is durable.

        Where another work fails beside it, it is undone and run again. Work that `begins` its transaction
        itself finds none open if it runs alone: a single statement needs none, because it commits by itself.
        Work that `is_large` begins at once, however busy the loop is. Work that `can_wait` begins when other
        work pauses, or some milliseconds later with work that cannot wait, whose commit it shares.
        """
        if self._failure or self._is_closed:
            raise self._stopped()
        if self._waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} writes are waiting for {self.path}: send again later")
        future: asyncio.Future[T] = self._loop.create_future()
        # Counted until the work is done, even if its caller is cancelled.
        self._waiting += 1
        job = Job(work, future, begins=begins)
        if can_wait and self._place is not None:
            self._postponed.add(job)
            return await future
        self._jobs.put(job)
        self._postponed.written()
        if is_large:
            # Otherwise the thread would begin only when the loop is idle, and would not run beside it.
            time.sleep(HANDOVER)  # noqa: ASYNC251
        return await future

    def hurry(self) -> None:
        """Has the work begin that can wait."""
        self._postponed.hurry()

    async def read(self, work: Work[T]) -> T:
        """Runs work that only reads, on a snapshot of the last committed state."""
        if self.path == IN_MEMORY:
            return await self.write(work)
        if self._is_closed:
            raise self._stopped()
        return await self._readers.run(lambda: self._read(work))

    async def query(self, make: Callable[[QueryDeadline], Work[T]], limit: timedelta) -> T:
        """Runs a query, which may take long and only reads, without blocking other work.

        `make` makes the work for a deadline. Raises Overloaded when the query takes longer than `limit`, or
        when too many run.
        """
        if self._is_closed:
            raise self._stopped()
        if self.path == IN_MEMORY:
            return await self._query_in_memory(make, limit)
        cut = QueryDeadline(limit)
        return await self._queries.run(lambda: self._read(make(cut)), cut, limit)

    async def _query_in_memory(self, make: Callable[[QueryDeadline], Work[T]], limit: timedelta) -> T:
        """Tries it on the shared connection, and runs it on a copy if that takes long."""
        quick = QueryDeadline(min(limit, QUICK_IN_MEMORY))
        try:
            return await self.write(make(quick))
        except Overloaded:
            if not quick.is_due() or limit <= QUICK_IN_MEMORY:
                raise
        image = await self.write(lambda connection: connection.serialize())
        cut = QueryDeadline(limit)
        return await self._queries.run(lambda: _on_copy(image, make(cut)), cut, limit)

    async def scrub(self) -> None:
        """Moves the whole log into the file and empties it, because it holds earlier versions of pages.

        In the file, deleted data is overwritten at once; in the log it stays until the log is emptied. That
        is not possible while a reader reads an older state; after some attempts, later commits try again.
        """
        if self._log is None:
            return
        self._is_scrub_due = True
        for _ in range(SCRUBS):
            # The writer thread tries after every commit, even an empty one.
            await self.write(lambda _: None)
            if not self._is_scrub_due:
                return
            await asyncio.sleep(SCRUB_PAUSE)

    async def close(self) -> None:
        """Finishes the waiting work, then closes the file."""
        if self._is_closed:
            return
        self._is_closed = True
        self.hurry()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await self._readers.close()
        await self._queries.close()
        for connection in self._connections:
            connection.close()
        if self._log is not None:
            await asyncio.to_thread(self._log.close)
            # The last to close moves the log into the file; a failed checkpoint left the file's mark unset.
            with contextlib.suppress(sqlite3.Error):
                repair_mark(self._writer)
        self._writer.close()
        if self._place is not None:
            self._place.close()
        if self._lock is not None:
            self._lock.release()

    def _read(self, work: Work[T]) -> T:
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            # Without a transaction each statement would read another state.
            connection.execute("BEGIN")
            try:
                return work(connection)
            except BaseException as error:
                end_statements(error)
                raise
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except DRIVER as error:
            raise translate(error, self.path) from error

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = connect_reader(self.path, self._check_names)
        except StoreFailed as error:
            self._note(error)
            raise
        self._connections.append(connection)
        return connection

    def _check_names(self) -> None:
        if self._place is not None:
            self._place.check_names()

    def _write_forever(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            while len(jobs) < MAX_JOBS_A_COMMIT and not self._jobs.empty():
                another = self._jobs.get()
                if another is None:
                    self._jobs.put(None)
                    break
                jobs.append(another)
            self._commit(jobs)
            if self._is_scrub_due:
                self._empty_log()
            try:
                self._loop.call_soon_threadsafe(self._deliver, jobs)
            except RuntimeError:
                return  # The loop is closed, and nobody waits for the outcome.
            self._checkpoint()

    def _deliver(self, jobs: list[Job]) -> None:
        self._waiting -= len(jobs)
        for job in jobs:
            job.deliver()

    def _commit(self, jobs: list[Job]) -> None:
        self._check_log()
        if self._failure:
            for job in jobs:
                job.error = self._stopped()
            return
        writer = self._writer
        if self._place is not None:
            try:
                self._place.check_content()
            except StoreFailed as error:
                self._stop(jobs, error)
                return
        try:
            if len(jobs) == 1:
                self._run_alone(jobs[0])
            else:
                self._run_together(jobs)
            if writer.in_transaction:
                writer.execute("COMMIT")
            if self._place is not None:
                self._place.check_names()
        except (sqlite3.Error, MemoryError, StoreFailed) as error:
            self._give_up(jobs, error)

    def _stop(self, jobs: list[Job], error: StoreFailed) -> None:
        """Fails jobs of which nothing was written, because the file is no longer in its place."""
        self._note(error)
        for job in jobs:
            job.error = self._stopped()

    def _run_alone(self, job: Job) -> None:
        writer = self._writer
        if not job.begins:
            writer.execute("BEGIN IMMEDIATE")
        try:
            job.result = job.work(writer)
        except BaseException as error:
            if is_failure(error):
                raise
            job.error = error
            if writer.in_transaction:
                writer.execute("ROLLBACK")

    def _run_together(self, jobs: list[Job]) -> None:
        """Runs works in one transaction; only if one of them fails, all run again, each in a savepoint.

        Savepoints are two statements for each work, and for each the thread waits for the interpreter lock.
        """
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.result = job.work(writer)
        except BaseException as error:
            if is_failure(error):
                raise
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            self._undone += 1
        else:
            return
        writer.execute("BEGIN IMMEDIATE")
        for job in jobs:
            self._run_beside(job)

    def _run_beside(self, job: Job) -> None:
        writer = self._writer
        writer.execute("SAVEPOINT job")
        try:
            job.result = job.work(writer)
        except BaseException as error:
            if is_failure(error):
                raise
            job.error = error
            writer.execute("ROLLBACK TO job")
        writer.execute("RELEASE job")

    def _give_up(self, jobs: list[Job], error: Exception) -> None:
        """Fails every job of a transaction that did not commit, and stops writing unless it was busy."""
        self._undone += 1
        self._note(error)
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as failed:
            self._failure = self._failure or str(translate(failed, self.path))
        for job in jobs:
            job.error = translate(error, self.path)
            job.error.__cause__ = None if job.error is error else error

    def _checkpoint(self) -> None:
        if self._log is None or self._failure:
            return
        try:
            self._log.committed()
        except (sqlite3.Error, OSError, MemoryError, StoreFailed) as error:
            self._note(error)

    def _empty_log(self) -> None:
        """Empties the log unless a reader uses it; the writer does not wait for readers."""
        if self._log is None or self._failure:
            return
        try:
            self._is_scrub_due = self._log.empty()
        except (sqlite3.Error, OSError, MemoryError, StoreFailed) as error:
            self._note(error)

    def _check_log(self) -> None:
        if self._log is not None and (error := self._log.error) is not None:
            self._note(error)

    def _note(self, error: Exception) -> None:
        translated = translate(error, self.path)
        if isinstance(translated, StoreFailed) and self._failure is None:
            self._failure = str(translated)
            if self._place is not None and self._place.lost_only_log:
                self._rescue()

    def _rescue(self) -> None:
        """Moves acknowledged writes into the file while its log, which was deleted, is still open."""
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _stopped(self) -> Exception:
        if self._failure:
            return StoreFailed(self._failure)
        return Unavailable(f"{self.path} is closed")


def _on_copy(image: bytes, work: Work[T]) -> T:
    connection = sqlite3.connect(IN_MEMORY, isolation_level=None)
    try:
        connection.deserialize(image)
        return work(connection)
    finally:
        connection.close()
