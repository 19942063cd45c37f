"""Writes that land in one transaction of DynamoDB, and the positions that they get."""

from collections.abc import Iterable, Mapping, Sequence

from actum.ports.journal import ClaimKey, StreamKey, Write
from actum.stores.dynamodb.connection.client import Item, Key, key_item
from actum.stores.dynamodb.journal.claims import ClaimOperations
from actum.stores.dynamodb.journal.items import (
    HEAD,
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
    reply_key,
)
from actum.stores.dynamodb.journal.limits import EVENT_OVERHEAD, MAX_RECORD, WRITE_OVERHEAD

NO_HOLDERS: Mapping[ClaimKey, str] = {}


class StreamWrites:
    """What a transaction adds to one stream, in records that are not too large."""

    def __init__(self, expected: int, first: int) -> None:
        self.expected = expected
        self.first = first
        self.version: int = expected
        self.first_place: int = 0
        self.first_time: int = 0
        self.place: int = 0
        self.time: int = 0
        self.records: list[list[Part]] = []
        self._size = MAX_RECORD

    def add(self, write: Write, place: int) -> None:
        """Adds the events of a write; the first has this place in the transaction."""
        if not self.first_place:
            self.first_place, self.first_time = place, write.time
        part: Part | None = None
        for event in write.events:
            size = len(event[2]) + len(event[0]) + EVENT_OVERHEAD
            beginning = 0 if part is not None else len(write.metadata) + WRITE_OVERHEAD
            if not self.records or self._size + size + beginning > MAX_RECORD:
                self.records.append([])
                self._size, part = 0, None
            if part is None:
                part = Part(place, self.version + 1, write.metadata, write.time, [])
                self.records[-1].append(part)
                self._size += len(write.metadata) + WRITE_OVERHEAD
            part.events.append(event)
            self._size += size
            self.version += 1
            self.place = place
            place += 1
        self.time = write.time


class AppendTransaction:
    """Writes that are ready to be sent, in order; either all of them land, or none.

    `head` is the position reported for a write without events when no events go before it.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        writes: Sequence[Write],
        head: int,
        holders: Mapping[ClaimKey, str] = NO_HOLDERS,
    ) -> None:
        self.numbers = numbers
        self.claims = ClaimOperations(writes, holders)
        self._head = head
        self._streams: dict[StreamKey, StreamWrites] = {}
        self._replies: list[tuple[Write, int]] = []
        self._places: list[int] = []
        place = 0
        for write in writes:
            stream = (write.kind, write.id)
            stream_writes = self._streams.get(stream)
            if stream_writes is None:
                stream_writes = self._streams[stream] = StreamWrites(write.expected, write.first)
            if write.events:
                stream_writes.add(write, place + 1)
                place += len(write.events)
            self._places.append(place)
            if write.key is not None:
                self._replies.append((write, place))

    def __repr__(self) -> str:
        return f"<AppendTransaction of {len(self.numbers)} writes to {len(self._streams)} streams>"

    @property
    def streams(self) -> Iterable[StreamKey]:
        """The streams that it writes to, or whose version it checks."""
        return self._streams

    def positions(self, slot: int) -> list[int]:
        """Returns each write's reported position: that of its last event, or of the last one before it."""
        return [position_of(slot, place) if place else self._head for place in self._places]

    def operations(self, slot: int, chunk: Item) -> list[Item]:
        """Returns the operations that write it into a slot, and complete the slot's chunk."""
        operations: list[Item] = [{"Put": {"Item": chunk, "ConditionExpression": "attribute_not_exists(p)"}}]
        for stream, stream_writes in self._streams.items():
            if not stream_writes.records:
                operations.append(_check(stream, stream_writes))
                continue
            operations += (
                _begin(stream, stream_writes, slot)
                if not stream_writes.expected
                else [_move(stream, stream_writes, slot)]
            )
            for parts in stream_writes.records:
                name = f"r{len(chunk) - 4}"
                item, reference = _record(stream, parts, slot, name)
                chunk[name] = {"B": pack(reference)}
                operations.append({"Put": {"Item": item}})
        operations += [
            {
                "Put": {
                    "Item": _reply(write, place, slot, self._head),
                    "ConditionExpression": "attribute_not_exists(p)",
                }
            }
            for write, place in self._replies
        ]
        operations += self.claims.operations()
        return operations


def _check(stream: StreamKey, stream_writes: StreamWrites) -> Item:
    key = key_item(head_key(stream))
    if not stream_writes.expected:
        return {"ConditionCheck": {"Key": key, "ConditionExpression": "attribute_not_exists(p)"}}
    return {
        "ConditionCheck": {
            "Key": key,
            "ConditionExpression": f"v = :e{_same_stream(stream_writes)}",
            "ExpressionAttributeValues": {":e": number(stream_writes.expected), **_first(stream_writes)},
        }
    }


def _begin(stream: StreamKey, stream_writes: StreamWrites, slot: int) -> list[Item]:
    first = position_of(slot, stream_writes.first_place)
    head: Item = {
        **key_item((partition_of(stream), HEAD)),
        "v": number(stream_writes.version),
        "o": number(position_of(slot, stream_writes.place)),
        "t": number(stream_writes.time),
        "f": number(first),
        "u": number(stream_writes.first_time),
        "d": number(0),
    }
    place: Key = (listing_of(stream[0]), listing_place(stream_writes.first_time, first))
    return [
        {"Put": {"Item": head, "ConditionExpression": "attribute_not_exists(p)"}},
        {"Put": {"Item": {**key_item(place), "i": {"S": stream[1]}}}},
    ]


def _move(stream: StreamKey, stream_writes: StreamWrites, slot: int) -> Item:
    # Without the second condition, a slot that was reserved early and used late would put a later version
    # before an earlier one.
    return {
        "Update": {
            "Key": key_item(head_key(stream)),
            "UpdateExpression": "SET v = :v, o = :o, t = :t",
            "ConditionExpression": f"v = :e AND o < :o{_same_stream(stream_writes)}",
            "ExpressionAttributeValues": {
                ":e": number(stream_writes.expected),
                ":v": number(stream_writes.version),
                ":o": number(position_of(slot, stream_writes.place)),
                ":t": number(stream_writes.time),
                **_first(stream_writes),
            },
        }
    }


def _same_stream(stream_writes: StreamWrites) -> str:
    """Returns the condition that the stream was not erased, to begin anew, since its writer read it."""
    return " AND f = :f" if stream_writes.first else ""


def _first(stream_writes: StreamWrites) -> Item:
    return {":f": number(stream_writes.first)} if stream_writes.first else {}


def _record(stream: StreamKey, parts: list[Part], slot: int, name: str) -> tuple[Item, Reference]:
    last = parts[-1]
    version = last.version + len(last.events) - 1
    item = {
        **key_item((partition_of(stream), event_place(version))),
        "a": number(parts[0].version),
        "c": number(slot),
        "n": {"S": name},
        "e": {"B": pack(parts)},
    }
    return item, Reference(*stream, version, last.place + len(last.events) - 1)


def _reply(write: Write, place: int, slot: int, head: int) -> Item:
    return {
        **key_item(reply_key((write.kind, write.id, write.key or ""))),
        "c": {"S": write.call},
        "r": {"B": write.reply},
        "o": number(position_of(slot, place) if place else head),
        "t": number(write.time),
    }
