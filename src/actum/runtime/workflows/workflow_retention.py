"""WorkflowRetention: removes workflows that have ended, after the time that their class sets."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import timedelta

from actum.errors import ActumError
from actum.model.error_text import error_text
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.database import Database
from actum.runtime.clock import Clock, until_turn

TURNS: int = 24
"""How often it runs within the shortest time for which a kind is kept, at most once a minute."""
SHORTEST: timedelta = timedelta(minutes=1)
LONGEST: timedelta = timedelta(hours=1)
PIECE: int = 2_000
"""Records that are removed in one transaction, while other writes wait."""
REST: float = 0.05
"""Seconds between two pieces, in which other writes have their turn."""

log: logging.Logger = logging.getLogger("actum.workflows")


class WorkflowRetention:
    """Removes workflows that ended long ago, in pieces.

    Of several processes, the one for which `is_mine` is true runs it.
    """

    def __init__(
        self,
        kinds: Collection[WorkflowType],
        database: Database,
        clock: Clock,
        is_mine: Callable[[], bool],
    ) -> None:
        self.spans: dict[str, timedelta] = {
            kind.name: kind.keep_for for kind in kinds if kind.keep_for is not None
        }
        self._database = database
        self._clock = clock
        self._is_mine = is_mine

    def __repr__(self) -> str:
        return f"<WorkflowRetention of {', '.join(self.spans) or 'nothing'}>"

    async def run(self) -> None:
        """Runs again and again, until cancelled."""
        shortest = min(self.spans.values()) / TURNS
        pause = _micro(min(max(shortest, SHORTEST), LONGEST))
        due = self._clock.now() + pause
        while True:
            await until_turn(self._clock, due, self._is_mine)
            due = self._clock.now() + pause
            try:
                await self.remove()
            except ActumError as error:
                log.warning("workflows that ended long ago are removed later: %s", error_text(error))

    async def remove(self) -> int:
        """Removes what ended long enough ago; returns how many workflows those were."""
        total = 0
        for kind, span in self.spans.items():
            before, count = self._clock.now() - _micro(span), 0
            while removed := await self._database.remove_ended_workflows(kind, before, PIECE):
                count += removed
                await asyncio.sleep(REST)
            if count:
                log.info("removed %d workflows %s that had ended more than %s ago", count, kind, span)
            total += count
        return total


def _micro(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
