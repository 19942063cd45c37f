"""A batch of writes as the arrays of one statement, and each write's outcome from its result."""

from bisect import bisect
from collections.abc import Sequence
from typing import Any

import msgspec

from actum.errors import Invalid
from actum.ports.journal import Collided, Landed, Outcome, Repeated, StreamKey, Write
from actum.stores.outcomes import HolderOf, ReplyOf, VersionOf, decide, nobody
from actum.stores.postgres.connection.order import MAX_PLACES

HEAD = -1
"""The place of the journal's last event; `HEAD - n` is that of the last one that lands up to place n."""


class Batch:
    """Writes whose outcomes are decided, provided that the streams are at the assumed versions.

    Positions in `outcomes` are places in the batch, from 1, until `settled` knows the transaction.
    `lands_whole` says that every write lands.
    """

    def __init__(self, writes: Sequence[Write], outcomes: list[Outcome]) -> None:
        self.writes = writes
        self.outcomes = outcomes
        self.lands_whole: bool = all(type(outcome) is Landed for outcome in outcomes)
        self.wants_head: bool = False
        landing = [write for write, outcome in zip(writes, outcomes, strict=True) if type(outcome) is Landed]
        ordered = sorted({(write.kind, write.id) for write in landing})
        self._numbers = {stream: number for number, stream in enumerate(ordered, 1)}
        self._streams = _Streams(ordered)
        self._replies: list[tuple[Any, ...]] = []
        self._events = _Events()
        place = self._lay_down(landing)
        if place > MAX_PLACES:
            raise Invalid(f"{place:,} events in one append: write at most {MAX_PLACES:,} together")

    def __repr__(self) -> str:
        return f"<Batch of {len(self._events.numbers)} events of {len(self._numbers)} streams>"

    @property
    def streams(self) -> list[StreamKey]:
        """The streams that are written, in the order of their locks."""
        return list(self._numbers)

    def values(self) -> list[Any]:
        """Gives the arrays of streams, replies and events."""
        return [
            *self._streams.values(),
            *_columns(self._replies, 6),
            *self._events.values(),
            self.wants_head,
            self._streams.known_firsts(),
        ]

    @property
    def is_plain(self) -> bool:
        """Whether it only has events of existing streams."""
        return not (self._replies or self.wants_head or self._streams.grouped or 0 in self._streams.expected)

    def plain_values(self) -> list[Any]:
        """Gives the arrays of streams and events of a plain batch."""
        return [*self._streams.plain_values(), *self._events.values(), self._streams.known_firsts()]

    def missing(self, landed: Sequence[int]) -> list[StreamKey]:
        """Gives the streams that another writer changed, from the numbers of those that landed."""
        found = set(landed)
        return [stream for stream, number in self._numbers.items() if number not in found]

    def settled(
        self, position: int, head: int, lost: dict[StreamKey, int], reply_of: ReplyOf
    ) -> list[Outcome]:
        """Gives the outcomes in a transaction whose positions follow `position`.

        `lost` are the streams that another writer changed, with their versions.
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
        """Gives the last places of the writes that landed although other streams were lost."""
        return [
            outcome.position
            for write, outcome in zip(self.writes, self.outcomes, strict=True)
            if type(outcome) is Landed and write.events and (write.kind, write.id) not in lost
        ]

    def _lay_down(self, landing: Sequence[Write]) -> int:
        """Fills the columns, and gives the place of the last event. One loop: every event passes here."""
        streams, events = self._streams, self._events
        add_number, add_version, add_form = events.numbers.append, events.versions.append, events.forms.append
        add_payload, add_metadata, add_time = (
            events.payloads.append,
            events.metadata.append,
            events.times.append,
        )
        numbers, forms, begins = self._numbers, events.form_numbers, streams.expected
        place = 0
        for write in landing:
            number = numbers[write.kind, write.id]
            at = number - 1
            version, metadata, time = write.expected, write.metadata, write.time
            if begins[at] < 0:
                begins[at] = version
                if write.first:
                    streams.begun_at[at] = write.first
            if write.events:
                if not version:
                    streams.first[at], streams.first_time[at] = place + 1, time
                for type_, type_version, payload in write.events:
                    place += 1
                    version += 1
                    add_number(number)
                    add_version(version)
                    add_form(forms.setdefault((type_, type_version), len(forms) + 1))
                    add_payload(payload)
                    add_metadata(metadata)
                    add_time(time)
                streams.version[at], streams.last[at], streams.time[at] = version, place, time
            if write.key is not None or write.group is not None or not write.events:
                self._take_note(write, number, place)
        return place

    def _take_note(self, write: Write, number: int, place: int) -> None:
        if write.group is not None:
            self._streams.grouped.add(number - 1)
        if not write.events:
            self.wants_head = True
        if write.key is not None:
            # Writes before it in the batch may be lost: only the server knows which ones land.
            kept_at = place if write.events else HEAD - place
            self._replies.append((number, write.key, write.call, write.reply, kept_at, write.time))


class _Streams:
    """The columns of the streams that are written: their expected versions, and their new values."""

    def __init__(self, streams: Sequence[StreamKey]) -> None:
        count = len(streams)
        self.kind = [kind for kind, _ in streams]
        self.id = [id for _, id in streams]
        self.expected = [-1] * count
        self.begun_at: dict[int, int] = {}
        self.version = [0] * count
        self.last = [0] * count
        self.time = [0] * count
        self.first = [0] * count
        self.first_time = [0] * count
        self.grouped: set[int] = set()

    def plain_values(self) -> list[Any]:
        """Gives the arrays that have a value for every stream."""
        return [
            self.kind,
            self.id,
            _text(self.expected),
            _text(self.version),
            _text(self.last),
            _text(self.time),
        ]

    def known_firsts(self) -> str:
        """Gives the array of the positions of first events, 0 where they are not known."""
        begun_at = self.begun_at
        return _text([begun_at.get(at, 0) for at in range(len(self.kind))] if begun_at else [])

    def values(self) -> list[Any]:
        """Gives all other arrays; an array without a value for any stream is empty."""
        has_new = 0 in self.expected
        return [
            *self.plain_values(),
            _text(self.first if has_new else []),
            _text(self.first_time if has_new else []),
            [at in self.grouped for at in range(len(self.kind))] if self.grouped else [],
        ]


class _Events:
    """The columns of the events that are written, in order; `numbers` are those of their streams.

    They are columns, as the statement takes them; many small rows would keep the garbage collector busy.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.versions: list[int] = []
        self.forms: list[int] = []
        self.form_numbers: dict[tuple[str, int], int] = {}
        self.payloads: list[bytes] = []
        self.metadata: list[bytes] = []
        self.times: list[int] = []

    def values(self) -> list[Any]:
        """Gives the arrays; the last two hold each type and its version once."""
        forms = self.form_numbers
        return [
            _text(self.numbers),
            _text(self.versions),
            _text(self.forms),
            self.payloads,
            self.metadata,
            _text(self.times),
            [name for name, _ in forms],
            [version for _, version in forms],
        ]


def decided(
    writes: Sequence[Write], version_of: VersionOf, reply_of: ReplyOf, holder_of: HolderOf = nobody
) -> Batch:
    """Makes a batch, given the versions of its streams, the stored replies and who holds its claims."""
    outcomes = decide(
        writes, head=HEAD, after=0, version_of=version_of, reply_of=reply_of, holder_of=holder_of
    )
    return Batch(writes, outcomes)


def assumed(writes: Sequence[Write], *, has_claims: bool = False) -> Batch:
    """Makes a batch, assuming streams at the versions their first writes expect, and keys and claims new."""
    if has_claims:
        return _assumed_at_length(writes)
    outcomes: list[Outcome] = []
    versions: dict[StreamKey, int] = {}
    place, head = 0, HEAD
    for write in writes:
        stream = (write.kind, write.id)
        if write.key is not None or versions.get(stream, write.expected) != write.expected:
            return _assumed_at_length(writes)
        if write.events:
            count = len(write.events)
            versions[stream] = write.expected + count
            place = head = place + count
        else:
            versions[stream] = write.expected
        outcomes.append(Landed(head))
    return Batch(writes, outcomes)


def _assumed_at_length(writes: Sequence[Write]) -> Batch:
    versions: dict[StreamKey, int] = {}
    for write in writes:
        versions.setdefault((write.kind, write.id), write.expected)
    return decided(writes, versions.__getitem__, lambda key: None)


def _text(numbers: list[int]) -> str:
    """Gives the text of an array of whole numbers."""
    return "{" + msgspec.json.encode(numbers)[1:-1].decode() + "}"


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _placed(outcome: Outcome, position: int, head: int, ends: list[int] | None) -> Outcome:
    if not isinstance(outcome, Landed | Repeated):
        return outcome
    place = outcome.position
    # Stored replies have positions of other transactions, or 0, but never a place in this one.
    if place != HEAD and not 0 < place <= MAX_PLACES:
        return outcome
    if ends is not None and place != HEAD:
        found = bisect(ends, place)
        place = ends[found - 1] if found else HEAD
    return msgspec.structs.replace(outcome, position=head if place == HEAD else position + place)
