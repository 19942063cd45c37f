"""Events: those of an application listed page by page, and followed as new ones are written."""

from collections.abc import AsyncIterator

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import NotFound
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.operations.page import MAX_PAGE, PAGE, check_limit
from actum.stores.open import Stores


class EventFilter(Struct, frozen=True):
    """Which events to list: of a kind of entity, an id, a type (by stored name), where these are given."""

    kind: str | None = None
    id: str | None = None
    type: str | None = None

    def matches(self, stored: Stored) -> bool:
        """Says whether an event is one of them."""
        return (
            self.kind in (None, stored.kind)
            and self.id in (None, stored.id)
            and self.type in (None, stored.type)
        )


class EventPage(Struct, frozen=True):
    """The events that match, and the `position` up to which the journal was searched for them.

    The next page begins after `position`. The end of the journal is reached when that no longer moves.
    """

    events: list[Stored]
    position: int


def check_names(app: App, wanted: EventFilter) -> None:
    """Raises NotFound for a kind or a type that the application does not declare."""
    catalog = definition_of(app).catalog
    if wanted.kind is not None and wanted.kind not in catalog.kinds:
        raise NotFound(f"{app.name} has no entity {wanted.kind!r}; it has {', '.join(catalog.kinds)}")
    if wanted.type is not None and wanted.type not in {*catalog.events, DELETED}:
        raise NotFound(f"{app.name} has no event {wanted.type!r}; it has {', '.join(catalog.events)}")


async def list_events(stores: Stores, wanted: EventFilter, *, after: int = 0, limit: int = PAGE) -> EventPage:
    """Searches the next `limit` events after a position, in the order in which they were written."""
    check_limit(limit)
    found = await stores.journal.feed(after, limit)
    return EventPage(list(filter(wanted.matches, found)), found[-1].position if found else after)


async def all_events(stores: Stores, wanted: EventFilter, *, after: int = 0) -> AsyncIterator[list[Stored]]:
    """Gives pages of the events after a position, to the end of the journal."""
    while True:
        page = await list_events(stores, wanted, after=after, limit=MAX_PAGE)
        if page.position == after:
            return
        yield page.events
        after = page.position


async def follow_events(
    stores: Stores, wanted: EventFilter, *, after: int | None = None
) -> AsyncIterator[list[Stored]]:
    """Gives pages of the events after a position, or after the journal's end, and of new ones without end."""
    if after is None:
        after = await stores.journal.head()
    while True:
        page = await list_events(stores, wanted, after=after, limit=MAX_PAGE)
        yield page.events
        if page.position == after:
            await stores.journal.wait(after)
        after = page.position
