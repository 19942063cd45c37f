"""KeyRetention: what was kept for idempotency keys goes when it is older than the application says."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from actum.errors import ActumError
from actum.model.error_text import error_text
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.runtime.clock import Clock

LOOK: float = 1.0
"""Seconds of real time from one look at the clock to the next."""
TURNS: int = 24
"""How often in the time of retention it is done, at most once a minute."""
SHORTEST: timedelta = timedelta(minutes=1)
MARGIN: timedelta = timedelta(days=1)
"""How long before its failure an item may have been begun."""

log: logging.Logger = logging.getLogger("actum.key_retention")


class KeyRetention:
    """Drops old replies, claims and answers from the journal, and old marks from the database, bit by bit.

    What an item did before it failed is remembered for as long as its letter is there: tried again, it is not
    to do that twice. Of several processes one does it, the one of which `is_mine` says so.
    """

    def __init__(
        self,
        journal: Journal,
        database: Database,
        clock: Clock,
        retention: timedelta,
        is_mine: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._retention = retention
        self._is_mine = is_mine

    def __repr__(self) -> str:
        return f"<KeyRetention of keys older than {self._retention}>"

    async def run(self) -> None:
        """Does it again and again, until cancelled."""
        pause = _micro(max(self._retention / TURNS, SHORTEST))
        due = self._clock.now() + pause
        while True:
            await asyncio.sleep(LOOK)
            if self._clock.now() < due or not self._is_mine():
                continue
            due = self._clock.now() + pause
            try:
                await self.forget()
            except ActumError as error:
                log.warning("old idempotency keys are forgotten later: %s", error_text(error))

    async def forget(self) -> int:
        """Forgets what is old enough now; gives how many keys those were."""
        before = self._clock.now() - _micro(self._retention)
        letters = await self._database.letters(limit=1)
        if letters:
            begun = letters[0].first_failed or letters[0].last_failed
            before = min(before, begun - _micro(MARGIN))
        if before <= 0:
            return 0
        count = await self._journal.forget_replies(before) + await self._database.forget_sent(before)
        if count:
            log.info("forgot %d idempotency keys that were older than %s", count, self._retention)
        return count


def _micro(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
