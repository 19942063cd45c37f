"""Entities: those of a kind listed, one shown with its state and its events."""

from collections.abc import AsyncIterator

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import NotFound
from actum.model.entity import EntityType
from actum.model.event import Stored
from actum.model.rows.page import Page
from actum.operations.page import MAX_PAGE, PAGE, check_limit
from actum.ports.journal import EventRange, StreamInfo, StreamListing
from actum.runtime.context.history import fold_history
from actum.runtime.context.id_pages import page_of_ids, read_token
from actum.runtime.stream_pages import pages_of
from actum.stores.open import Stores


class EntityState(Struct, frozen=True):
    """An entity at a version: its `state` as JSON, and the time of that event (microseconds since 1970)."""

    kind: str
    id: str
    version: int
    time: int
    state: bytes


def entity_kind(app: App, name: str) -> EntityType:
    """Gives a kind of entity by name; raises NotFound, with the names that there are."""
    kinds = definition_of(app).catalog.kinds
    if name not in kinds:
        raise NotFound(f"{app.name} has no entity {name!r}; it has {', '.join(kinds)}")
    return kinds[name]


async def list_entities(
    stores: Stores, kind: EntityType, *, limit: int = PAGE, page: str | None = None, reverse: bool = False
) -> Page:
    """Lists a page of a kind's entities by the time of their first event, the newest first if `reverse`.

    `page` is the `next` of the page before.
    """
    check_limit(limit)
    listing = (
        StreamListing(kind.name, limit, reverse=reverse) if page is None else read_token(page, kind.name)
    )
    return await page_of_ids(stores.journal, listing)


async def all_entities(
    stores: Stores, kind: EntityType, *, reverse: bool = False
) -> AsyncIterator[list[StreamInfo]]:
    """Gives a kind's entities in pages by the time of their first event, the newest first if `reverse`."""
    listing: StreamListing | None = StreamListing(kind.name, limit=MAX_PAGE, reverse=reverse)
    while listing is not None:
        found = await stores.journal.streams(listing)
        yield found.items
        listing = found.next


async def show_entity(
    stores: Stores, kind: EntityType, id: str, *, version: int | None = None
) -> EntityState:
    """Gives an entity now or at a version; raises NotFound for one that there is not."""
    instance = await fold_history(stores.journal, kind, id, version=version)
    if not instance.version:
        raise NotFound(f"there is no {kind.name} {id!r}")
    return EntityState(kind.name, id, instance.version, instance.time, instance.snapshot())


def entity_events(
    stores: Stores, entity: EntityState, *, limit: int | None = None
) -> AsyncIterator[list[Stored]]:
    """Gives the events up to an entity's version in pages, the newest first; all, or the newest `limit`."""
    part = EventRange(entity.kind, entity.id, up_to=entity.version, limit=limit, reverse=True)
    return pages_of(stores.journal, part)
