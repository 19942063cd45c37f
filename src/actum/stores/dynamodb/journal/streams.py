"""Reads streams in DynamoDB, and the feed, without skipping what exists but is not visible yet.

A query sees items one by one while transactions land, so an event may become visible before an earlier one.
A reader knows which versions and slots there must be, and reads again while one is missing.
"""

import asyncio
from collections.abc import Mapping, Sequence

from actum.errors import BrokenStream, Unavailable
from actum.model.event import Stored
from actum.ports.journal import EventRange, Loaded, StreamKey
from actum.stores.dynamodb.connection.client import DynamoTable, Item, Key
from actum.stores.dynamodb.journal.chain import LAST
from actum.stores.dynamodb.journal.items import (
    FEED,
    LATEST,
    PLACE_BITS,
    SNAPSHOT,
    Head,
    Reference,
    event_place,
    events_of,
    head_key,
    partition_of,
    read_head,
    read_snapshot,
    record_key,
    references,
    slot_of,
    slot_place,
)
from actum.stores.page import MAX_PAGE_BYTES, event_size, within

PAGE = 1_000
MAX_LOOKS = 12
MAX_CHUNKS = 100
MAX_RECORDS = 400
FIRST_RECORDS = 100
"""Records that are read before their size is known: 40 MB at most."""
MAX_LOADED = 100
"""Streams that are loaded at once: their newest records and snapshots take 80 MB at most."""


class Reader:
    """Reads what is in a table."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    def __repr__(self) -> str:
        return f"<Reader of {self._table.name}>"

    async def heads(self, streams: Sequence[StreamKey]) -> dict[StreamKey, Head]:
        """Returns the heads of streams."""
        found = await self._table.get_many(map(head_key, streams))
        return {stream: read_head(found.get(head_key(stream))) for stream in streams}

    async def events(
        self, part: EventRange, head: Head | None = None, *, most: int = MAX_PAGE_BYTES
    ) -> list[Stored]:
        """Returns a page of a stream's events, without a gap; the one that reaches `most` bytes ends it."""
        stream, limit, reverse = (part.kind, part.id), part.limit, part.reverse
        up_to = LATEST if part.up_to is None else part.up_to
        first = last = 0
        for look in range(1, MAX_LOOKS + 1):
            if head is None:
                head = read_head(await self._table.get(head_key(stream)))
            first, last = max(part.after, head.pruned) + 1, min(head.version, up_to)
            if first > last or limit == 0:
                return []
            read = self._backwards if reverse else self._forwards
            count = last - first + 1 if limit is None else min(limit, last - first + 1)
            found, is_cut = await read(stream, first, last, count, most)
            begin = last if reverse else first
            step = -1 if reverse else 1
            wanted = len(found) if is_cut else count
            if [event.version for event in found] == [begin + step * place for place in range(wanted)]:
                return found
            # Another transaction is landing at this moment, or a process prunes or erases the stream.
            head = None
            await self._table.pause(look)
        raise BrokenStream(
            f"{self._table.name}: versions between {first} and {last} of {stream[0]}/{stream[1]} are missing"
        )

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        """Returns what each stream is loaded from: a snapshot, and the events after it."""
        streams = streams[:MAX_LOADED]
        wanted = dict.fromkeys(streams)
        most = MAX_PAGE_BYTES // max(len(wanted), 1)
        keys = [head_key(stream) for stream in wanted]
        keys += [(partition_of(stream), SNAPSHOT) for stream in wanted if stream[0] in fingerprints]
        found = await self._table.get_many(keys)
        heads = {stream: read_head(found.get(head_key(stream))) for stream in wanted}
        if len(heads) > 1:
            # Most streams are as short as their newest record, which saves a query for each.
            found |= await self._table.get_many(
                newest_key(stream, head) for stream, head in heads.items() if head.version
            )
        loaded = await asyncio.gather(
            *(
                self._load(stream, head, found, fingerprints.get(stream[0]), most)
                for stream, head in heads.items()
            )
        )
        known = dict(zip(wanted, loaded, strict=True))
        return [known[stream] for stream in streams]

    async def feed(self, after: int, limit: int) -> list[Stored]:
        """Returns up to `limit` events after a position, chunk by chunk, up to the first missing slot."""
        slot = max(after >> PLACE_BITS, 1)
        events: list[Stored] = []
        chunks: list[Item] = []
        named, size, most_named = 0, 0, FIRST_RECORDS
        async for chunk in self._table.query(FEED, slot_place(slot), LAST, limit=min(limit + 1, MAX_CHUNKS)):
            if not is_next(chunk, slot):
                break
            slot += 1
            chunks.append(chunk)
            named += len(references(chunk))
            if named >= min(limit - len(events), most_named):
                found = [one for one in await self._brought_by(chunks) if one.position > after]
                events += found
                size += sum(map(event_size, found))
                if len(events) >= limit or size >= MAX_PAGE_BYTES:
                    break
                left = (MAX_PAGE_BYTES - size) * len(events) // max(size, 1)
                chunks, named, most_named = [], 0, max(1, min(left, MAX_RECORDS))
        if chunks and len(events) < limit and size < MAX_PAGE_BYTES:
            events += [one for one in await self._brought_by(chunks) if one.position > after]
        return within(events[:limit], event_size)

    async def _load(
        self, stream: StreamKey, head: Head, found: Mapping[Key, Item], fingerprint: str | None, most: int
    ) -> Loaded:
        kept = found.get((partition_of(stream), SNAPSHOT))
        snapshot = None if kept is None else read_snapshot(kept)
        # A record that was read with an older or newer head may contain what is pruned or erased.
        if snapshot is not None and (
            snapshot.fingerprint != fingerprint or not head.pruned < snapshot.version <= head.version
        ):
            snapshot = None
        base = head.pruned if snapshot is None else snapshot.version
        if base >= head.version:
            return Loaded(snapshot, head.pruned, [], is_complete=True, first=head.first_position)
        newest = found.get(newest_key(stream, head))
        if newest is not None and int(newest["a"]["N"]) <= base + 1:
            events = [event for event in events_of(stream, newest) if event.version > base][:PAGE]
        else:
            events = await self.events(EventRange(*stream, after=base, limit=PAGE), head, most=most)
        if not events or events[0].version != base + 1:
            # It was pruned or erased in the meantime.
            return (await self.load([stream], {} if fingerprint is None else {stream[0]: fingerprint}))[0]
        is_complete = events[-1].version >= head.version
        return Loaded(snapshot, head.pruned, events, is_complete, head.first_position)

    async def _forwards(
        self, stream: StreamKey, first: int, last: int, count: int, most: int
    ) -> tuple[list[Stored], bool]:
        """Returns events, and whether the byte limit ended them."""
        found: list[Stored] = []
        size, end = 0, event_place(LATEST)
        async for item in self._table.query(partition_of(stream), event_place(first), end, limit=count):
            events = [event for event in events_of(stream, item) if first <= event.version <= last]
            found += events
            size += sum(map(event_size, events))
            if size >= most or len(found) >= count or int(item["a"]["N"]) > last:
                break
        return _cut(found, count, size, most)

    async def _backwards(
        self, stream: StreamKey, first: int, last: int, count: int, most: int
    ) -> tuple[list[Stored], bool]:
        """Returns events from the last one back, and whether the byte limit ended them."""
        found: list[Stored] = []
        size, partition = 0, partition_of(stream)
        # The record that holds the last version may contain later ones.
        async for item in self._table.query(partition, event_place(last), event_place(LATEST), limit=1):
            found = [event for event in events_of(stream, item) if first <= event.version <= last][::-1]
            break
        if len(found) < count and first < last:
            begin, end = event_place(first), event_place(last - 1)
            async for item in self._table.query(partition, begin, end, limit=count, reverse=True):
                events = [event for event in events_of(stream, item) if event.version >= first][::-1]
                found += events
                size += sum(map(event_size, events))
                if size >= most or len(found) >= count:
                    break
        return _cut(found, count, size, most)

    async def _brought_by(self, chunks: Sequence[Item]) -> list[Stored]:
        """Returns the events that chunks name, by position.

        A missing record was pruned or erased if its chunk no longer names it; otherwise it is landing.
        """
        named = [(_slot(chunk), one) for chunk in chunks for one in references(chunk)]
        records = await self._table.get_many(record_key(one) for _, one in named)
        events: list[Stored] = []
        for slot, one in named:
            item = records.get(record_key(one))
            if item is None or slot_of(item) != slot:
                item = await self._look_again(slot, one)
            if item is not None:
                events += events_of((one.kind, one.id), item)
        events.sort(key=lambda event: event.position)
        return events

    async def _look_again(self, slot: int, wanted: Reference) -> Item | None:
        for look in range(1, MAX_LOOKS + 1):
            chunk = await self._table.get((FEED, slot_place(slot)))
            if chunk is None or wanted not in references(chunk):
                return None
            item = await self._table.get(record_key(wanted))
            if item is not None and slot_of(item) == slot:
                return item
            if item is not None and not wanted.version and slot_of(item) > slot:
                return None  # The stream has been erased again since.
            await self._table.pause(look)
        raise Unavailable(
            f"{self._table.name}: slot {slot} of the feed names missing events of {wanted.kind}/{wanted.id}: "
            "try again; if this persists, items were deleted: restore a backup"
        )


def _cut(found: list[Stored], count: int, size: int, most: int) -> tuple[list[Stored], bool]:
    is_cut = size >= most and len(found) < count
    return found[:count], is_cut


def newest_key(stream: StreamKey, head: Head) -> Key:
    """Returns the key of the newest record of a stream, by its head."""
    return partition_of(stream), event_place(head.version)


def is_next(chunk: Item, slot: int) -> bool:
    """Whether no slot is missing before a chunk."""
    return _slot(chunk) == slot


def _slot(chunk: Item) -> int:
    return int(chunk["s"]["S"], 16)
