"""Arming: entities that were there before their class got `expires_after=` get their deadlines."""

from collections.abc import Mapping

from actum.model.deadlines.deadline import timer_name
from actum.model.deadlines.expiry import EXPIRE, EXPIRY
from actum.model.entity import EntityType
from actum.ports.database import Database, DeadlineChange, NewTimer
from actum.ports.journal import Journal, StreamInfo, StreamListing
from actum.runtime.deadlines.follower import DeadlineFollower

PAGE = 500


class Arming:
    """Sets the deadlines of the entities of all kinds whose span is new or another than before.

    It goes page by page, so that other timers do not wait. If it is interrupted, it begins again.
    """

    def __init__(self, journal: Journal, kinds: Mapping[str, EntityType]) -> None:
        self._journal = journal
        self._spans = {kind.name: kind.expires_after for kind in kinds.values() if kind.expires_after}
        self._stored: dict[str, int] | None = None
        self._listing: StreamListing | None = None
        self.is_over: bool = False

    def __repr__(self) -> str:
        return f"<Arming of {', '.join(self._left()) or 'nothing'}>"

    def rewind(self) -> None:
        """Begins again, as after an interruption."""
        self._stored = self._listing = None
        self.is_over = False

    async def go_on(self, follower: DeadlineFollower, database: Database) -> None:
        """Handles the next page of entities."""
        if self._stored is None:
            self._stored = await database.triggers(EXPIRY)
            # A kind that does not expire any more may do so again, and has no deadlines then.
            kept = {kind: span for kind, span in self._stored.items() if kind in self._spans}
            if kept != self._stored:
                self._stored = kept
                await database.set_triggers(EXPIRY, kept)
        left = self._left()
        if not left:
            self.is_over = True
            return
        listing = self._listing or StreamListing(left[0], limit=PAGE)
        page = await self._journal.streams(listing)
        await follower.put(lambda position: [self._change(listing.kind, one, position) for one in page.items])
        self._listing = page.next
        if page.next is None:
            self._stored[listing.kind] = self._spans[listing.kind]
            await database.set_triggers(EXPIRY, self._stored)

    def _left(self) -> list[str]:
        stored = self._stored or {}
        return [kind for kind, span in self._spans.items() if stored.get(kind) != span]

    def _change(self, kind: str, entity: StreamInfo, position: int) -> DeadlineChange:
        name, span = timer_name(kind, entity.id, EXPIRY), self._spans[kind]
        cause = f"{kind}/{entity.id}@{entity.version}"
        timer = NewTimer(name, entity.last_time + span, kind, entity.id, EXPIRE, b"[]", "", cause, span=span)
        return DeadlineChange(name, position, timer)
