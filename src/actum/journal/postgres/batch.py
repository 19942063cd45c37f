"""A batch of writes as the arrays of one statement, and what its answer says of each write."""

from bisect import bisect
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import astuple

from actum.engine.postgres.order import MOST_PLACES
from actum.errors import Invalid
from actum.journal.outcomes import ReplyOf, VersionOf, decide
from actum.journal.port import Collided, Landed, Outcome, Repeated, StreamKey, Write

HEAD = -1
"""The place of the journal's last event; `HEAD - n` is that of the last one that lands up to place n."""


class Batch:
    """Writes whose outcomes are decided, on condition that the streams are at the versions that were assumed.

    Positions in `outcomes` are places in the batch, from 1 on, until `settled` knows the transaction.
    `lands_whole` says that every write is to land.
    """

    def __init__(self, writes: Sequence[Write], version_of: VersionOf, reply_of: ReplyOf) -> None:
        self.writes = writes
        self.outcomes = decide(writes, head=HEAD, after=0, version_of=version_of, reply_of=reply_of)
        self.lands_whole = all(type(outcome) is Landed for outcome in self.outcomes)
        self.wants_head = False
        landing = {
            (write.kind, write.id)
            for write, outcome in zip(writes, self.outcomes, strict=True)
            if type(outcome) is Landed
        }
        ordered = sorted(landing)
        self._numbers = {stream: number for number, stream in enumerate(ordered, 1)}
        # Columns, as the statement takes them: many small rows would keep the garbage collector busy.
        self._streams = _Streams.of(ordered)
        self._replies: list[tuple[Any, ...]] = []
        self._events = _Events()
        place = 0
        for write, outcome in zip(writes, self.outcomes, strict=True):
            if type(outcome) is Landed:
                place = self._lay_down(write, place)
        if place > MOST_PLACES:
            raise Invalid(f"{place:,} events in one append: write at most {MOST_PLACES:,} together")

    def __repr__(self) -> str:
        return f"<Batch of {len(self._events.numbers)} events of {len(self._numbers)} streams>"

    @property
    def streams(self) -> list[StreamKey]:
        """The streams that are written, in the order of their locks."""
        return list(self._numbers)

    def values(self) -> list[Any]:
        """Gives the arrays of streams, replies and events."""
        return [
            *astuple(self._streams),
            *_columns(self._replies, 6),
            *astuple(self._events),
            self.wants_head,
        ]

    def missing(self, landed: Sequence[int]) -> list[StreamKey]:
        """Gives the streams that another writer moved, by the numbers of those that landed."""
        found = set(landed)
        return [stream for stream, number in self._numbers.items() if number not in found]

    def settled(
        self, position: int, head: int, lost: dict[StreamKey, int], reply_of: ReplyOf
    ) -> list[Outcome]:
        """Gives the outcomes in a transaction whose positions follow `position`.

        `lost` are the streams that another writer moved, and their versions.
        """
        if not lost and self.lands_whole:
            places = [outcome.position for outcome in self.outcomes if type(outcome) is Landed]
            return [Landed(head if place == HEAD else position + place) for place in places]
        outcomes: list[Outcome] = []
        ends = self._ends(lost) if lost else None
        for write, outcome in zip(self.writes, self.outcomes, strict=True):
            version = lost.get((write.kind, write.id))
            if version is None:
                outcomes.append(_placed(outcome, position, head, ends))
                continue
            repeated = None if write.key is None else reply_of((write.kind, write.id, write.key))
            outcomes.append(repeated or Collided(version))
        return outcomes

    def _ends(self, lost: dict[StreamKey, int]) -> list[int]:
        """Gives the places at which writes end that landed although other streams were lost."""
        return [
            outcome.position
            for write, outcome in zip(self.writes, self.outcomes, strict=True)
            if type(outcome) is Landed and write.events and (write.kind, write.id) not in lost
        ]

    def _lay_down(self, write: Write, place: int) -> int:
        number = self._numbers[write.kind, write.id]
        streams, at = self._streams, number - 1
        version = write.expected
        if streams.expected[at] is None:
            streams.expected[at] = version
        if write.group is not None:
            streams.is_grouped[at] = True
        if write.events:
            if not streams.first[at]:
                streams.first[at], streams.first_time[at] = place + 1, write.time
            events = self._events
            for type_, type_version, payload in write.events:
                place += 1
                version += 1
                events.numbers.append(number)
                events.versions.append(version)
                events.types.append(type_)
                events.type_versions.append(type_version)
                events.payloads.append(payload)
                events.metadata.append(write.metadata)
                events.times.append(write.time)
            streams.version[at], streams.last[at], streams.time[at] = version, place, write.time
        else:
            self.wants_head = True
        if write.key is not None:
            # What lies before it in the batch may be lost: only the server knows what lands.
            kept_at = place if write.events else HEAD - place
            self._replies.append((number, write.key, write.call, write.reply, kept_at, write.time))
        return place


class _Streams(Struct):
    """The columns of the streams that are written: what is expected of each, and what becomes of it."""

    kind: list[str]
    id: list[str]
    expected: list[int | None]
    version: list[int]
    first: list[int]
    last: list[int]
    first_time: list[int]
    time: list[int]
    is_grouped: list[bool]

    @classmethod
    def of(cls, streams: Sequence[StreamKey]) -> "_Streams":
        """Gives the columns of streams of which nothing is known yet."""
        count = len(streams)
        return cls(
            [kind for kind, _ in streams],
            [id for _, id in streams],
            [None] * count,
            [0] * count,
            [0] * count,
            [0] * count,
            [0] * count,
            [0] * count,
            [False] * count,
        )


class _Events(Struct):
    """The columns of the events that are written, in their order; `numbers` are those of their streams."""

    numbers: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    type_versions: list[int] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)


def assumed(writes: Sequence[Write]) -> Batch:
    """Gives the batch as it is when every stream is where its first write expects it, and keys are new."""
    versions: dict[StreamKey, int] = {}
    for write in writes:
        versions.setdefault((write.kind, write.id), write.expected)
    return Batch(writes, versions.__getitem__, lambda key: None)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _placed(outcome: Outcome, position: int, head: int, ends: list[int] | None) -> Outcome:
    if not isinstance(outcome, Landed | Repeated):
        return outcome
    place = outcome.position
    # Known replies have positions of other transactions, or 0, and never a place in this one.
    if place != HEAD and not 0 < place <= MOST_PLACES:
        return outcome
    if ends is not None and place != HEAD:
        found = bisect(ends, place)
        place = ends[found - 1] if found else HEAD
    return msgspec.structs.replace(outcome, position=head if place == HEAD else position + place)
