"""Entities, found by how their ids begin, a page at a time among however many there are."""

from msgspec import Struct

from actum.model.entity import EntityType
from actum.operations.entities import list_entities
from actum.operations.page import PAGE, check_limit
from actum.ports.journal import EventRange, StreamInfo
from actum.stores.open import Stores


class FoundEntities(Struct, frozen=True):
    """A page of entities. `next` asks for the page after it, None on the last.

    `is_exact` says that the store has no quick way to find ids by how they begin, so that only the entity
    with the very id was looked for.
    """

    items: list[StreamInfo]
    next: str | None
    is_exact: bool = False


async def find_entities(
    stores: Stores, kind: EntityType, prefix: str = "", *, limit: int = PAGE, page: str | None = None
) -> FoundEntities:
    """Lists the entities of a kind whose ids begin with a text, by id; without a text, the newest first.

    `page` is the `next` of the page before.
    """
    if not prefix:
        newest = await list_entities(stores, kind, limit=limit, page=page, reverse=True)
        return FoundEntities(newest.items, newest.next)
    check_limit(limit)
    found = await stores.journal.streams_by_id(kind.name, prefix, after=page or "", limit=limit + 1)
    if found is None:
        return FoundEntities(await _named(stores, kind, prefix), None, is_exact=True)
    return FoundEntities(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def _named(stores: Stores, kind: EntityType, id: str) -> list[StreamInfo]:
    """Gives the entity with an id, in a list, or none."""
    last = await stores.journal.read(EventRange(kind.name, id, limit=1, reverse=True))
    if not last:
        return []
    first = await stores.journal.read(EventRange(kind.name, id, limit=1))
    return [StreamInfo(id, last[0].version, (first or last)[0].time, last[0].time)]
