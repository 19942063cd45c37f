"""Writes the events of another journal into a DynamoDB table, item by item, as appends would have.

No application runs on the table, so no transaction is needed: an item that was written before is written
again. Which events share a slot follows from the events alone. The counter of slots is moved when all of them
are written; it says where an interrupted import goes on.
"""

import asyncio
from collections.abc import Iterable, Sequence

from msgspec import Struct

from actum.errors import StoreError
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.ports.journal import StreamKey
from actum.stores.dynamodb.connection.client import DynamoTable, Item, key_item
from actum.stores.dynamodb.journal.items import (
    FEED,
    HEAD,
    SLOTS,
    Head,
    Part,
    Reference,
    event_place,
    head_key,
    listing_of,
    listing_place,
    number,
    pack,
    partition_of,
    position_of,
    read_head,
    slot_place,
)
from actum.stores.dynamodb.journal.limits import (
    EVENT_OVERHEAD,
    ITEM_OVERHEAD,
    MAX_ITEM,
    MAX_RECORD,
    WRITE_OVERHEAD,
)

MAX_EVENTS, MAX_NAMES = 1_000, 150_000
"""Events of a slot, and bytes of the names in its chunk."""
NAME_OVERHEAD = 60
MAX_BATCHED = 25
MAX_BATCH_BYTES = 8_000_000
MAX_AT_ONCE = 16
MAX_KNOWN = 100_000
"""Streams whose heads are remembered."""
TOKEN = "import"


class _Record(Struct):
    """Events of one stream that share an item; `size` is what they take."""

    stream: StreamKey
    parts: list[Part]
    size: int


class Restoring:
    """What is known of an import: the slot that comes next, and the heads of streams."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._written = 0
        self._next = 0
        self._heads: dict[StreamKey, Head] = {}

    def __repr__(self) -> str:
        return f"<Restoring {self._table.name} @{self._next}>"

    async def begin(self, first: int) -> None:
        """Begins at the first slot of all, or goes on where an interrupted run has stopped.

        Slots before it are left empty.
        """
        counter = await self._table.get(SLOTS)
        if counter is None:
            await self.put_all([empty_chunk(slot) for slot in range(1, first)])
            await self._note(first - 1)
        else:
            self._written = int(counter["n"]["N"])
        self._next = first

    async def restore(self, events: Sequence[Stored]) -> tuple[bool, list[int]]:
        """Writes events that follow, unless they are there; gives whether they were, and their positions.

        An interrupted run may have written some of them: they are written again.
        """
        positions: list[int] = []
        groups = _groups(events)
        is_there = self._next + len(groups) - 1 <= self._written
        for slot, group in enumerate(groups, self._next):
            positions += [position_of(slot, place) for place in range(1, len(group) + 1)]
            if not is_there:
                try:
                    await self._write(group, slot)
                except BaseException:
                    # What is remembered runs ahead of what is written.
                    self._heads.clear()
                    raise
        # Only now, so that after an error the next events get the same slots.
        self._next += len(groups)
        return is_there, positions

    async def note(self) -> None:
        """Notes that everything up to here is written."""
        await self._note(self._next - 1)

    async def put_all(self, items: Sequence[Item]) -> None:
        """Writes items, some at a time; those that are there are replaced."""
        places = asyncio.Semaphore(MAX_AT_ONCE)

        async def put(some: Sequence[Item]) -> None:
            async with places:
                await self._table.put_many(some)

        await asyncio.gather(*map(put, _batches(items)))

    async def _note(self, written: int) -> None:
        self._written = written
        await self._table.put({**key_item(SLOTS), "n": number(written)})

    async def _write(self, group: Sequence[Stored], slot: int) -> None:
        [first, *_] = group
        if first.type == DELETED and not first.version:
            items, chunk = _deletion(first, slot)
        else:
            await self._learn(group)
            items, chunk = self._items(group, slot)
        await self.put_all(items)
        # Last, because a reader takes what a chunk names as written.
        await self._table.put(chunk)

    async def _learn(self, group: Sequence[Stored]) -> None:
        known = self._heads
        if len(known) > MAX_KNOWN:
            known.clear()
        unknown = {(event.kind, event.id) for event in group} - known.keys()
        found = await self._table.get_many(map(head_key, unknown))
        known.update((stream, read_head(found.get(head_key(stream)))) for stream in unknown)

    def _items(self, group: Sequence[Stored], slot: int) -> tuple[list[Item], Item]:
        """Gives the items of records, heads and listings, and the chunk that names the records."""
        open_records: dict[StreamKey, _Record] = {}
        records: list[_Record] = []
        items: list[Item] = []
        begun: dict[StreamKey, Head] = {}
        for place, event in enumerate(group, 1):
            stream = (event.kind, event.id)
            head = self._heads[stream]
            position = position_of(slot, place)
            # An interrupted run may have written the head and not the listing.
            if not head.version or head.first_position == position:
                head = begun[stream] = Head(
                    event.version - 1, position, event.time, position, event.time, event.version - 1
                )
            # Up to the version that is there, an interrupted run has written this slot.
            if event.version > head.version + 1:
                raise StoreError(
                    f"{event.kind}/{event.id} goes on at version {event.version}, and has {head.version} here"
                )
            self._heads[stream] = Head(
                event.version, position, event.time, head.first_position, head.first_time, head.pruned
            )
            _add(event, place, open_records, records)
        items += [
            {
                **key_item((listing_of(kind), listing_place(head.first_time, head.first_position))),
                "i": {"S": id},
            }
            for (kind, id), head in begun.items()
        ]
        items += [_head(stream, self._heads[stream]) for stream in open_records]
        chunk = empty_chunk(slot)
        for count, record in enumerate(records):
            item, reference = _record(record, slot, f"r{count}")
            items.append(item)
            chunk[f"r{count}"] = {"B": pack(reference)}
        return items, chunk


def empty_chunk(slot: int) -> Item:
    """Gives the chunk of a slot, which names nothing; every slot before it is filled."""
    return {**key_item((FEED, slot_place(slot))), "b": number(slot - 1), "w": {"S": TOKEN}}


def _groups(events: Sequence[Stored]) -> list[list[Stored]]:
    """Gives the events of each slot. A deletion has one for itself."""
    groups: list[list[Stored]] = []
    names = 0
    is_open = False
    for event in events:
        is_deletion = event.type == DELETED and not event.version
        names += 4 * (len(event.kind) + len(event.id)) + NAME_OVERHEAD
        if is_deletion or not is_open or len(groups[-1]) >= MAX_EVENTS or names > MAX_NAMES:
            groups.append([])
            names = 4 * (len(event.kind) + len(event.id)) + NAME_OVERHEAD
        groups[-1].append(event)
        is_open = not is_deletion
    return groups


def _add(event: Stored, place: int, open_records: dict[StreamKey, _Record], records: list[_Record]) -> None:
    stream = (event.kind, event.id)
    size = len(event.payload) + len(event.metadata) + 4 * len(event.type) + EVENT_OVERHEAD + WRITE_OVERHEAD
    if size + len(partition_of(stream).encode()) + ITEM_OVERHEAD > MAX_ITEM:
        raise StoreError(
            f"{event.kind}/{event.id}: the event {event.type} of version {event.version} takes {size:,} "
            f"bytes, and an item of DynamoDB may have {MAX_ITEM:,}: import into SQLite or PostgreSQL"
        )
    record = open_records.get(stream)
    if record is None or record.size + size > MAX_RECORD:
        record = open_records[stream] = _Record(stream, [], 0)
        records.append(record)
    record.size += size
    emitted = (event.type, event.type_version, event.payload)
    last = record.parts[-1] if record.parts else None
    if (
        last is not None
        and last.place + len(last.events) == place
        and (last.metadata, last.time) == (event.metadata, event.time)
    ):
        last.events.append(emitted)
    else:
        record.parts.append(Part(place, event.version, event.metadata, event.time, [emitted]))


def _record(record: _Record, slot: int, name: str) -> tuple[Item, Reference]:
    last = record.parts[-1]
    version = last.version + len(last.events) - 1
    item = {
        **key_item((partition_of(record.stream), event_place(version))),
        "a": number(record.parts[0].version),
        "c": number(slot),
        "n": {"S": name},
        "e": {"B": pack(record.parts)},
    }
    return item, Reference(*record.stream, version, last.place + len(last.events) - 1)


def _head(stream: StreamKey, head: Head) -> Item:
    return {
        **key_item((partition_of(stream), HEAD)),
        "v": number(head.version),
        "o": number(head.position),
        "t": number(head.time),
        "f": number(head.first_position),
        "u": number(head.first_time),
        "d": number(head.pruned),
    }


def _deletion(event: Stored, slot: int) -> tuple[list[Item], Item]:
    stream = (event.kind, event.id)
    part = Part(1, 0, event.metadata, event.time, [(event.type, event.type_version, event.payload)])
    item = {
        **key_item((partition_of(stream), event_place(0))),
        "a": number(0),
        "c": number(slot),
        "n": {"S": "r0"},
        "e": {"B": pack([part])},
    }
    return [item], {**empty_chunk(slot), "r0": {"B": pack(Reference(*stream, 0, 1))}}


def _batches(items: Iterable[Item]) -> Iterable[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        takes = sum(len(value.get("B", b"")) for value in item.values())
        if batch and (len(batch) == MAX_BATCHED or size + takes > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += takes
    if batch:
        yield batch
