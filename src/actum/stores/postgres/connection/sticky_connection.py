"""A lane: a connection that one part of a process keeps from one statement to the next."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from actum.stores.postgres.connection.pool import PostgresPool

MIN_SHARED = 4
"""A pool of fewer connections has none to spare."""


class StickyConnection:
    """Lends the same connection again and again.

    To take one from the pool and give it back costs several turns of the loop each time, which are long when
    the loop is busy. Who comes while it is lent, or when the pool is too small, gets one from the pool. After
    an error the connection goes back to the pool, which knows whether it can be used again.
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
                if self._kept is not None and self._kept.is_closed():
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
