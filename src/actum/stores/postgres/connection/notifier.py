"""Notifications between the processes on one PostgreSQL database, by LISTEN and NOTIFY."""

import asyncio
import contextlib
import logging
from typing import Any

from actum.errors import ActumError
from actum.stores.postgres.connection.pool import PostgresPool

FIRST_PAUSE = 0.2
MAX_PAUSE = 5.0

log: logging.Logger = logging.getLogger("actum.postgres")


class Notifier:
    """Notifies other processes that something was written, and is notified by them.

    It opens its own connection at its first use. Notifications are lost when that breaks, so those who wait
    also poll.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._heard = asyncio.Event()
        self._untold = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Notifier of {self._pool.name}>"

    def tell(self) -> None:
        """Wakes those who wait in this process, and soon those in others."""
        self._start()
        self._untold.set()
        self._wake()

    def ticket(self) -> asyncio.Event:
        """Gives an event that is set at the next notification."""
        self._start()
        return self._heard

    async def close(self) -> None:
        """Stops listening, and wakes those who wait."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})
        self._wake()

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="postgres news")

    def _wake(self) -> None:
        self._heard.set()
        self._heard = asyncio.Event()

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._exchange()
                pause = FIRST_PAUSE
            except (ActumError, OSError, TimeoutError) as error:
                log.warning("no notifications from other processes for %.1f s: %s", pause, error)
            # Events that were written meanwhile are found by polling.
            self._wake()
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    async def _exchange(self) -> None:
        """Listens and notifies until the connection is lost."""
        connection = await self._pool.connect_directly()
        try:
            channel = await connection.fetchval("SELECT 'actum_' || md5(current_schema())")
            # NOTIFY serializes commits, so it is sent apart from the writes, and does not wait for a sync.
            await connection.execute("SET synchronous_commit = off")
            await connection.add_listener(channel, self._on_news)
            connection.add_termination_listener(lambda _: self._untold.set())
            while True:
                await self._untold.wait()
                self._untold.clear()
                await connection.execute(f'NOTIFY "{channel}"')
        except Exception as error:  # noqa: BLE001  (whatever the error, `_run` connects again)
            log.debug("the connection for notifications was lost: %r", error)
        finally:
            with contextlib.suppress(Exception):
                connection.terminate()

    def _on_news(self, *_: Any) -> None:
        self._wake()
