"""Listings of a kind's streams in DynamoDB: read from its partition, by first time and position."""

from collections.abc import Sequence

from actum.ports.journal import StreamInfo, StreamListing, StreamPage
from actum.stores.dynamodb.connection.client import DynamoTable, Item
from actum.stores.dynamodb.journal.items import listing_of, listing_place, read_listing_place
from actum.stores.dynamodb.journal.streams import Reader
from actum.stores.listing import page_of

EARLIEST, LATEST = -(2**63), 2**63 - 1
MAX_QUERIED = 1_000


async def list_streams(table: DynamoTable, reader: Reader, listing: StreamListing) -> StreamPage:
    """Returns a page of a listing."""
    first, last = _bounds(listing)
    if first > last:
        return StreamPage([], None)
    limit = listing.size + 1
    found: list[tuple[StreamInfo, int]] = []
    waiting: list[Item] = []
    query = table.query(
        listing_of(listing.kind), first, last, limit=min(limit, MAX_QUERIED), reverse=listing.reverse
    )
    async for item in query:
        waiting.append(item)
        if len(found) + len(waiting) >= limit or len(waiting) >= MAX_QUERIED:
            found += await _described(reader, listing.kind, waiting)
            waiting = []
            if len(found) >= limit:
                break
    if waiting:
        found += await _described(reader, listing.kind, waiting)
    return page_of(listing, found)


def _bounds(listing: StreamListing) -> tuple[str, str]:
    """Returns the first and last sort key of a page, both inclusive."""
    first, last = listing_place(EARLIEST, 0), listing_place(LATEST, LATEST)
    if listing.first_after is not None:
        first = listing_place(listing.first_after, LATEST)
    if listing.first_before is not None:
        last = _before(listing.first_before, 0)
    if listing.last_seen is not None:
        time, position = listing.last_seen
        if listing.reverse:
            last = min(last, _before(time, position))
        else:
            first = max(first, listing_place(time, position + 1))
    return first, last


def _before(time: int, position: int) -> str:
    if position > 0:
        return listing_place(time, position - 1)
    # Positions are never as large as that.
    return listing_place(time - 1, LATEST) if time > EARLIEST else listing_place(EARLIEST, 0)


async def _described(reader: Reader, kind: str, listed: Sequence[Item]) -> list[tuple[StreamInfo, int]]:
    """Describes streams by their heads; one that was erased in the meantime is left out."""
    heads = await reader.heads([(kind, item["i"]["S"]) for item in listed])
    found: list[tuple[StreamInfo, int]] = []
    for item in listed:
        id = item["i"]["S"]
        head = heads[kind, id]
        _, position = read_listing_place(item["s"]["S"])
        if head.first_position == position:
            found.append((StreamInfo(id, head.version, head.first_time, head.time), position))
    return found
