"""What fits into a transaction of DynamoDB, and how an append is split into transactions.

Writes that share a stream, a group or a claim belong together and are sent in order; only between groups may
they be split into several transactions.
"""

from collections.abc import Iterable, Sequence

from actum.ports.journal import StreamKey, Write
from actum.stores.dynamodb.journal.items import MAX_PLACES, partition_of, reply_key

MAX_ITEMS = 100
MAX_BYTES = 3_900_000
MAX_ITEM = 400 * 1024
MAX_RECORD = 300_000
"""Events are joined in one record up to this size; a single one may be larger."""

ITEM_OVERHEAD = 250
EVENT_OVERHEAD = 16
WRITE_OVERHEAD = 40
HEAD_BYTES = 400
ITEMS_OF_A_CLAIM = 2
"""The claim's own item, and the one in its holder's partition."""


class Measure:
    """How much of a transaction writes take: an upper bound, since events are joined in records."""

    def __init__(self) -> None:
        self.size: int = 0
        self.places: int = 0
        self._replies = 0
        self._begun: set[StreamKey] = set()
        self._claims: set[tuple[str, str, str, bytes]] = set()
        self._streams: dict[StreamKey, int] = {}

    @property
    def items(self) -> int:
        """The items of the transaction: its chunk, and each stream's head, records and listing entry."""
        # Two consecutive records hold together more than MAX_RECORD.
        records = sum(2 * size // MAX_RECORD + 1 for size in self._streams.values() if size)
        changes = len(self._streams) + len(self._begun) + ITEMS_OF_A_CLAIM * len(self._claims)
        return 1 + changes + records + self._replies

    @property
    def fits(self) -> bool:
        """Whether one transaction can hold all of it."""
        return self.items <= MAX_ITEMS and self.size <= MAX_BYTES and self.places <= MAX_PLACES

    def add(self, writes: Iterable[Write]) -> None:
        """Adds writes."""
        for write in writes:
            stream = (write.kind, write.id)
            if stream not in self._streams:
                self._streams[stream] = 0
                self.size += 3 * (HEAD_BYTES + len(partition_of(stream).encode()))
            if write.events and not write.expected:
                self._begun.add(stream)
            for claim in write.claims:
                one = (*stream, claim.name, claim.digest)
                if one not in self._claims:
                    self._claims.add(one)
                    self.size += _size_of_claim(stream, claim.name)
            size = _size_of_events(write)
            self._streams[stream] += size
            self.size += size
            self.places += len(write.events)
            if write.key is not None:
                self._replies += 1
                self.size += _size_of_reply(write)


def split(writes: Sequence[Write]) -> list[list[list[int]]]:
    """Returns the numbers of writes that belong together, in the smallest parts that may be split."""
    together: dict[object, int] = {}
    parents = list(range(len(writes)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for number, write in enumerate(writes):
        names: list[object] = [(write.kind, write.id)]
        if write.group is not None:
            names.append(write.group)
        # A value that one write releases, a later one may claim.
        names += [(write.kind, claim.name, claim.digest) for claim in write.claims]
        for name in names:
            first, here = root(together.setdefault(name, number)), root(number)
            parents[max(first, here)] = min(first, here)
    found: dict[int, list[int]] = {}
    for number in range(len(writes)):
        found.setdefault(root(number), []).append(number)
    return [_cut(writes, numbers) for numbers in found.values()]


def why_too_large(writes: Sequence[Write]) -> str | None:
    """Says why writes that must land together never can; None if they can."""
    for write in writes:
        name = f"{write.kind}/{write.id}"
        key = len(partition_of((write.kind, write.id)).encode())
        for type_, _, payload in write.events:
            size = len(payload) + len(write.metadata) + len(type_.encode()) + key + ITEM_OVERHEAD
            if size > MAX_ITEM:
                return (
                    f"{name}: the event {type_} takes {size:,} bytes, and an item may have {MAX_ITEM:,}: "
                    "keep large content elsewhere, and a reference to it in the event"
                )
        if write.key is not None and _size_of_reply(write) > MAX_ITEM:
            return f"{name}: the reply of a call with a key takes more than {MAX_ITEM:,} bytes: return less"
    measure = Measure()
    measure.add(writes)
    if measure.fits:
        return None
    what = (
        f"the {len(writes)} writes of one unit take"
        if len(writes) > 1
        else f"the events{' and claims' if writes[0].claims else ''} of one command take"
    )
    return (
        f"{what} {measure.items} items with {measure.places:,} events and {measure.size:,} bytes, and one "
        f"transaction of DynamoDB holds {MAX_ITEMS} items, {MAX_PLACES:,} events and {MAX_BYTES:,} bytes: "
        "do it in several steps"
    )


def _cut(writes: Sequence[Write], numbers: list[int]) -> list[list[int]]:
    last = {writes[number].group: number for number in numbers}
    parts: list[list[int]] = [[]]
    end = -1
    for number in numbers:
        parts[-1].append(number)
        group = writes[number].group
        end = max(end, number if group is None else last[group])
        if end == number:
            parts.append([])
    return parts[:-1]


def _size_of_events(write: Write) -> int:
    if not write.events:
        return 0
    size = WRITE_OVERHEAD + len(write.metadata)
    for type_, _, payload in write.events:
        size += len(payload) + len(type_) * 4 + EVENT_OVERHEAD
    return size


def _size_of_claim(stream: StreamKey, name: str) -> int:
    return 2 * ITEM_OVERHEAD + 3 * len(partition_of(stream).encode()) + 3 * len(name.encode())


def _size_of_reply(write: Write) -> int:
    partition, place = reply_key((write.kind, write.id, write.key or ""))
    return (
        len(partition.encode()) + len(place.encode()) + len(write.call) * 4 + len(write.reply) + ITEM_OVERHEAD
    )
