"""The items of a journal in DynamoDB: their keys, and what they hold.

partition `stream/…` (kind and id)
    `event/LAST`     a record: events of one transaction, up to that version; positions in `e`
    `event/0`        the erasure of the stream, and its time; later events begin at version 1
    `head`           the stream's version, last and first positions and times, and the pruned version
    `reply/KEY`      the answer to a call with that idempotency key
    `snapshot`       a state
    `claim/…`        a claim that it holds (`claims.py`)
partition `feed`
    `SLOT`           a chunk: which records one transaction brought; slots are 1, 2, 3, …
partition `slots`
    `last`           the last slot that was given to a writer
partition `kind/…`
    `TIME/POSITION`  a stream of that kind, by its first event
partition `claim/…`
    `holder`         who holds a claim (`claims.py`)
partition `actum`
    `identity`       the id of this journal
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from actum.model.event import Stored
from actum.model.turn import Emitted
from actum.ports.journal import Repeated, ReplyKey, Snapshot, StreamKey
from actum.stores.dynamodb.connection.client import Item, Key

PLACE_BITS = 16
MAX_PLACES = 2**PLACE_BITS - 1
"""Events of one transaction; its slot and an event's place in it make a position."""

FEED, SLOTS = "feed", ("slots", "last")
IDENTITY = ("actum", "identity")
HEAD, SNAPSHOT, EVENT, REPLY = "head", "snapshot", "event/", "reply"
LATEST = 2**63 - 1

# A partition key may have 2048 bytes and a sort key 1024; a longer one is replaced by its digest.
MAX_PARTITION_TIME = 1_900
MAX_PLACE = 900


class Part(Struct, array_like=True, gc=False):
    """Events of one write in a record; the first has this place in its transaction, and this version."""

    place: int
    version: int
    metadata: bytes
    time: int
    events: list[Emitted]


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """A record as its chunk names it; `place` is that of its last event, which is pruned last."""

    kind: str
    id: str
    version: int
    place: int


class Head(Struct, frozen=True):
    """The head of a stream: its version and positions. A stream that is being erased has none of them."""

    version: int
    position: int
    time: int
    first_position: int
    first_time: int
    pruned: int
    is_erasing: bool = False


NO_HEAD = Head(0, 0, 0, 0, 0, 0)

pack: Callable[[Any], bytes] = msgspec.msgpack.encode
_read_parts = msgspec.msgpack.Decoder(list[Part]).decode
_read_reference = msgspec.msgpack.Decoder(Reference).decode


def number(value: int) -> Item:
    """Returns a number in the service's own format."""
    return {"N": str(value)}


def partition_of(stream: StreamKey) -> str:
    """Returns the partition of a stream; the length in it separates kind and id."""
    kind, id = stream
    return bounded(f"stream/{len(kind)}/{kind}/{id}", MAX_PARTITION_TIME)


def listing_of(kind: str) -> str:
    """Returns the partition of a kind's listing."""
    return bounded(f"kind/{kind}", MAX_PARTITION_TIME)


def head_key(stream: StreamKey) -> Key:
    """Returns the key of a stream's head."""
    return partition_of(stream), HEAD


def reply_key(key: ReplyKey) -> Key:
    """Returns the key of a reply."""
    return partition_of(key[:2]), bounded(f"{REPLY}/{key[2]}", MAX_PLACE)


def record_key(reference: Reference) -> Key:
    """Returns the key of a record."""
    return partition_of((reference.kind, reference.id)), event_place(reference.version)


def event_place(version: int) -> str:
    """Returns the sort key of the record whose last event has this version."""
    return f"{EVENT}{version:016x}"


def slot_place(slot: int) -> str:
    """Returns the sort key of a chunk."""
    return f"{slot:012x}"


def listing_place(time: int, position: int) -> str:
    """Returns the sort key of a stream in the listing, which orders text by time and position."""
    return f"{time + 2**63:016x}/{position:016x}"


def read_listing_place(place: str) -> tuple[int, int]:
    """Returns the first time and position of a stream from its sort key in the listing."""
    time, _, position = place.partition("/")
    return int(time, 16) - 2**63, int(position, 16)


def read_head(item: Item | None) -> Head:
    """Reads a stream's head."""
    if item is None:
        return NO_HEAD
    if "x" in item:
        return Head(0, 0, 0, 0, 0, 0, is_erasing=True)
    version, position, time, first_position, first_time, pruned = (int(item[name]["N"]) for name in "votfud")
    return Head(version, position, time, first_position, first_time, pruned)


def read_reply(item: Item) -> Repeated:
    """Reads a stored reply."""
    return Repeated(item["c"]["S"], item["r"]["B"], int(item["o"]["N"]))


def read_snapshot(item: Item) -> Snapshot:
    """Reads a stored snapshot."""
    return Snapshot(int(item["v"]["N"]), int(item["t"]["N"]), item["f"]["S"], item["d"]["B"])


def read_parts(item: Item) -> list[Part]:
    """Reads the parts of a record."""
    return _read_parts(item["e"]["B"])


def slot_of(item: Item) -> int:
    """Returns the slot of the transaction that wrote a record."""
    return int(item["c"]["N"])


def references(chunk: Item) -> list[Reference]:
    """Returns the records that a chunk names."""
    return [_read_reference(value["B"]) for name, value in chunk.items() if name.startswith("r")]


def position_of(slot: int, place: int) -> int:
    """Returns the position of an event."""
    return slot << PLACE_BITS | place


def events_of(stream: StreamKey, item: Item) -> Iterable[Stored]:
    """Returns the events of a record, by version."""
    kind, id = stream
    base = slot_of(item) << PLACE_BITS
    for part in read_parts(item):
        position, version = base + part.place, part.version
        for type_, type_version, payload in part.events:
            yield Stored(position, kind, id, version, type_, type_version, payload, part.metadata, part.time)
            position += 1
            version += 1


def bounded(text: str, longest: int) -> str:
    """Returns a key of bounded size.

    One that is too long gets another separator after its first word, so that no two keys collide.
    """
    if len(text) * 4 <= longest or len(text.encode()) <= longest:
        return text
    return f"{text.partition('/')[0]}#{hashlib.sha256(text.encode()).hexdigest()}"
