"""A connection that one part of a process keeps from one statement to the next."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from actum.stores.postgres.connection.pool import PostgresPool, is_lost

MIN_SHARED = 4
"""A pool with fewer connections does not reserve one."""


class StickyConnection:
    """Lends the same connection for one statement after the other.

    Its user never waits for a connection because others use them all. While this one is lent, or if the pool
    is too small, callers get one from the pool. After an error the connection is released to the pool, which
    knows whether it can be reused.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._kept: Any = None
        self._is_lent = False

    def __repr__(self) -> str:
        return f"<StickyConnection of {self._pool.name}{', lent' if self._is_lent else ''}>"

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Any, None]:
        """Lends a connection; each statement on it is a transaction of its own."""
        if self._is_lent or self._pool.address.size < MIN_SHARED:
            async with self._pool.connection() as connection:
                yield connection
            return
        self._is_lent = True
        try:
            with self._pool.translating():
                if self._kept is not None and is_lost(self._kept):
                    await self.leave()
                if self._kept is None:
                    self._kept = await self._pool.acquire()
                with self._pool.using(self._kept):
                    yield self._kept
        except BaseException:
            await self.leave()
            raise
        finally:
            self._is_lent = False

    async def leave(self) -> None:
        """Gives the connection back to the pool."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await self._pool.release(kept)
