"""What a server did not do: a statement that was cancelled is undone, a refused write is remembered."""

import asyncio
from time import monotonic
from typing import Any

from actum.stores.postgres.connection.errors import DRIVER, refuses_writes

MAX_UNDO_TIME = 10.0
"""Seconds that the server has to end what was cancelled, until its connection is closed."""
REMEMBERED = 5.0
"""Seconds for which a refused write is remembered; what works in the background tries again more often."""


async def undo(connection: Any) -> None:
    """Waits for the end of a statement that was cancelled, and rolls its transaction back.

    A connection whose server does not answer, or on which anything else goes wrong, is closed.
    """
    try:
        async with asyncio.timeout(MAX_UNDO_TIME):
            # The driver runs no statement before the cancelled one has ended; this one does nothing. An empty
            # one would do, but asyncpg 0.32 fails on its answer.
            await connection.execute("SELECT")
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
    except BaseException as error:
        connection.terminate()
        if not isinstance(error, DRIVER):
            raise


class RefusedWrite:
    """When the server has last refused a write because of a full disk or the like."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def __repr__(self) -> str:
        return f"<RefusedWrite {'a moment ago' if self.is_recent else 'not now'}>"

    @property
    def is_recent(self) -> bool:
        """Whether that was within the last seconds."""
        return monotonic() - self._at < REMEMBERED

    def note(self, error: Exception) -> None:
        """Notes an error of the driver, if it means that no write will succeed for now."""
        if refuses_writes(error):
            self._at = monotonic()
