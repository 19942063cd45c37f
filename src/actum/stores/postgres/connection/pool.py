"""The bounded pool of connections to one PostgreSQL database."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from actum.errors import Overloaded, StoreError, Unavailable
from actum.stores.postgres.connection.errors import DRIVER, translate
from actum.stores.postgres.connection.schema import prepare
from actum.stores.postgres.connection.session import (
    check_backend,
    check_defaults,
    check_encoding,
    settle,
    settle_or_end,
)
from actum.stores.postgres.connection.undone import RefusedWrite, undo
from actum.stores.postgres.connection.url import Address, read_url
from actum.stores.query_slots import QuerySlots
from actum.stores.read_limit import ReadLimit
from actum.stores.schema import Part

MAX_WAITING = 10_000
MAX_CONNECT_TIME = 10
MAX_WAIT = 10.0
MAX_STATEMENT_TIME = 60.0
MAX_CLOSE_TIME = 10.0
KEPT = 1.0
"""Seconds after which connections that were kept to be lent again go back to the pool of the driver."""
MAX_IDLE_TIME = "4s"
"""How long the server keeps a transaction open whose process is silent.

Its locks block other processes, and it holds up everybody's feed. It is shorter than the time after which
another process takes work over.
"""


log: logging.Logger = logging.getLogger("actum.postgres")


class PostgresPool:
    """A database, over at most `address.size` connections that everything in this process shares.

    If all are in use, a caller waits for MAX_WAIT seconds, and then gets Unavailable. Sessions have no state,
    so that a pooler may use another one for each transaction.
    """

    def __init__(self, address: Address, pool: Any) -> None:
        self.address = address
        self.name: str = address.name
        self._pool = pool
        self._waiting = 0
        # Taking a connection from the driver's pool and giving it back takes a task, and 0.28 ms.
        self._kept: list[Any] = []
        self._expiry: asyncio.TimerHandle | None = None
        self._releases: set[asyncio.Task[None]] = set()
        self._refused_write = RefusedWrite()
        # The remaining connections are for commands, loads and background work.
        self.queries: QuerySlots = QuerySlots(quick=max(1, address.size // 3), slow=max(1, address.size // 5))
        self.callers: ReadLimit = ReadLimit(max(1, address.size // 5))
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<PostgresPool {self.name}{' closed' if self._is_closed else ''}>"

    @property
    def refuses_writes(self) -> bool:
        """Whether a write was refused within the last seconds because of a full disk or the like."""
        return self._refused_write.is_recent

    @classmethod
    async def open(cls, url: str, parts: Sequence[Part], *, is_owner: bool = True) -> "PostgresPool":
        """Connects; an owner brings the schema up to date. Raises Unavailable or StoreError."""
        address = read_url(url)
        try:
            pool = await asyncpg.create_pool(
                address.url,
                min_size=1,
                max_size=address.size,
                timeout=MAX_CONNECT_TIME,
                command_timeout=MAX_STATEMENT_TIME,
                statement_cache_size=0 if address.is_pooled else 200,
                reset=_leave,
                init=None if address.is_pooled else settle,
            )
        except asyncpg.ClientConfigurationError as error:
            raise StoreError(f"{address.name}: {error}") from error
        except (*DRIVER, ValueError) as error:
            raise translate(error, address.name) from error
        opened = cls(address, pool)
        try:
            async with opened.connection() as connection:
                await check_encoding(connection, address.name)
                if address.is_pooled:
                    await check_defaults(connection, address.name)
                else:
                    await check_backend(connection, address)
                await prepare(connection, address.name, parts, is_owner=is_owner)
        except BaseException:
            await opened.close()
            raise
        return opened

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Any, None]:
        """Lends a connection; each statement on it is a transaction of its own."""
        with self.translating():
            connection = await self.acquire()
            try:
                with self.using(connection):
                    yield connection
            except asyncio.CancelledError:
                # A server that hangs must not hold up its caller, whose time is over.
                self._start_release(self._undo(connection))
                raise
            except BaseException:
                await self.release(connection)
                raise
            await self._give_back(connection)

    @asynccontextmanager
    async def transaction(self, mode: str = "") -> AsyncGenerator[Any, None]:
        """Lends a connection in a transaction, which is committed unless the block raises."""
        async with self.connection() as connection:
            await connection.execute(
                f"BEGIN {mode}; SET LOCAL idle_in_transaction_session_timeout = '{MAX_IDLE_TIME}'"
            )
            try:
                yield connection
            except asyncio.CancelledError:
                raise  # The transaction is rolled back with the release of the connection.
            except BaseException:
                if not is_lost(connection):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        """Runs one statement, in a transaction of its own, and gives its rows."""
        async with self.connection() as connection:
            rows: list[Any] = await connection.fetch(statement, *values)
            return rows

    async def fetchval(self, statement: str, *values: Any) -> Any:
        """Runs one statement, and gives the first value of its first row, or None."""
        async with self.connection() as connection:
            return await connection.fetchval(statement, *values)

    async def connect_directly(self) -> Any:
        """Opens a connection that stays with one backend, for session state; the caller closes it."""
        has_sessions = self.address.has_sessions
        try:
            connection = await asyncpg.connect(
                self.address.direct,
                timeout=MAX_CONNECT_TIME,
                command_timeout=MAX_STATEMENT_TIME,
                statement_cache_size=200 if has_sessions else 0,
            )
            if has_sessions:
                await settle_or_end(connection)
        except DRIVER as error:
            raise translate(error, self.name) from error
        return connection

    @contextmanager
    def translating(self) -> Generator[None, None, None]:
        """Translates the driver's errors in the block into those that say what to do."""
        try:
            yield
        except DRIVER as error:
            self._refused_write.note(error)
            translated = translate(error, self.name)
            if translated is error:
                raise
            raise translated from error

    async def close(self) -> None:
        """Waits a while for running work, then closes every connection."""
        if self._is_closed:
            return
        self._is_closed = True
        self._release_kept()
        try:
            async with asyncio.timeout(MAX_CLOSE_TIME):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
        if self._releases:
            await asyncio.wait(self._releases, timeout=MAX_CLOSE_TIME)

    async def acquire(self) -> Any:
        """Takes a connection, for `release` to give back; raises Unavailable when all are in use for long."""
        if self._is_closed:
            raise Unavailable(f"{self.name} is closed")
        while self._kept:
            kept = self._kept.pop()
            if not is_lost(kept):
                return kept
            await self.release(kept)
        if self._waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} calls wait for a connection to {self.name}: send again later")
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=MAX_WAIT)
        except TimeoutError as error:
            raise Unavailable(
                f"all {self.address.size} connections to {self.name} are in use: send again, or allow more "
                "with pool= in the URL"
            ) from error
        finally:
            self._waiting -= 1

    @contextmanager
    def using(self, connection: Any) -> Generator[None, None, None]:
        """Closes a connection whose state the driver loses in the block, so that it is not used again."""
        try:
            yield
        except asyncpg.InternalClientError:
            connection.terminate()
            raise

    async def release(self, connection: Any) -> None:
        """Gives a connection back."""
        await self._pool.release(connection)

    async def _give_back(self, connection: Any) -> None:
        """Keeps a connection on which nothing failed, unless the driver's pool needs it."""
        is_wanted = self._waiting or self._is_closed
        if is_wanted or is_lost(connection) or connection.is_in_transaction():
            await self.release(connection)
            return
        self._kept.append(connection)
        if self._expiry is None:
            self._expiry = asyncio.get_running_loop().call_later(KEPT, self._release_kept)

    def _release_kept(self) -> None:
        """Gives connections that nobody uses back to the driver's pool, which closes some after a while."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        kept, self._kept = self._kept, []
        for connection in kept:
            self._start_release(self.release(connection))

    async def _undo(self, connection: Any) -> None:
        """Ends what was cancelled on a connection, and gives that back."""
        try:
            await undo(connection)
        finally:
            # Whatever went wrong: one that is not given back is missing for as long as the process runs.
            await self.release(connection)

    def _start_release(self, releasing: Coroutine[Any, Any, None]) -> None:
        release = asyncio.create_task(releasing, name="release of a connection")
        self._releases.add(release)
        release.add_done_callback(self._end_release)

    def _end_release(self, release: "asyncio.Task[None]") -> None:
        self._releases.discard(release)
        if not release.cancelled() and (error := release.exception()) is not None:
            # The driver has closed the connection; who acquires one next gets another.
            log.debug("%s: a connection could not be released: %s", self.name, error)


def is_lost(connection: Any) -> bool:
    """Says whether a connection was closed, by the server or by the driver, which then takes it back."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def _leave(connection: Any) -> None:
    """Resets nothing, because sessions have no state."""


def changed(status: str) -> int:
    """Reads how many rows a statement changed, as in `DELETE 7`."""
    return int(status.rpartition(" ")[2])
