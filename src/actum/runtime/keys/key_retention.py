"""KeyRetention: deletes what is stored for idempotency keys after the time that the application sets."""

import logging
from collections.abc import Callable
from datetime import timedelta

from actum.errors import ActumError
from actum.model.error_text import error_text
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.runtime.clock import Clock, until_turn

TURNS: int = 24
"""How often it runs within the time of retention, at most once a minute."""
SHORTEST: timedelta = timedelta(minutes=1)
MARGIN: timedelta = timedelta(days=1)
"""How long before its failure an item may have begun."""

log: logging.Logger = logging.getLogger("actum.key_retention")


class KeyRetention:
    """Deletes old replies, claims and answers from the journal, and old marks from the database, in steps.

    What an item did before it failed is kept as long as its letter, because a retry must not do it twice. Of
    several processes, the one for which `is_mine` is true runs it.
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
        """Runs again and again, until cancelled."""
        pause = _micro(max(self._retention / TURNS, SHORTEST))
        due = self._clock.now() + pause
        while True:
            await until_turn(self._clock, due, self._is_mine)
            due = self._clock.now() + pause
            try:
                await self.forget()
            except ActumError as error:
                log.warning("old idempotency keys are forgotten later: %s", error_text(error))

    async def forget(self) -> int:
        """Deletes what is old enough now; returns how many keys those were."""
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
