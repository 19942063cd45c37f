"""The journal: where events are kept. What every adapter promises, and what it raises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from actum.errors import Invalid
from actum.model.event import Stored
from actum.model.turn import Emitted


class Write(Struct, gc=False):
    """The events of one command on one stream, all of them or none.

    `expected` is the version the stream must have for the write to land; its events become `expected` + 1,
    + 2, …. `time` is in microseconds since 1970. With a `key` the reply is kept beside the events, under
    the stream and the key, for ever answering that call; such a write may have no events. `call` identifies
    the command and its arguments ("" when they may differ). Writes of one append that share a `group` land
    together or not at all. A write without events and without a key keeps nothing: it holds its stream to the
    expected version, for its group; nor can `landed` tell afterwards that it landed.
    """

    kind: str
    id: str
    expected: int
    events: list[Emitted]
    metadata: bytes
    time: int
    key: str | None = None
    call: str = ""
    reply: bytes = b"null"
    group: int | None = None


class Landed(Struct, frozen=True, gc=False):
    """The write is durable. `position` is that of its last event; without events, the journal's head."""

    position: int


class Collided(Struct, frozen=True, gc=False):
    """Nothing of the write was kept: its stream was at `actual`, or what it rests on did not land."""

    actual: int


class Repeated(Struct, frozen=True, gc=False):
    """Nothing was kept: the key was used on this stream before, by `call`, and `reply` was the answer.

    `position` is what the first call was told: that of its last event, or the journal's head if it made none.
    """

    call: str
    reply: bytes
    position: int


class Refused(Struct, frozen=True, gc=False):
    """Nothing of the write was kept, nor ever will be: it does not fit into the store, and `why` says how."""

    why: str


Outcome = Landed | Collided | Repeated | Refused

MAX_LISTED = 10_000
"""Streams on one page, whatever limit was asked for; with ids of 1,000 bytes that is 10 MB."""

StreamKey = tuple[str, str]
"""A stream: its kind and its id."""

ReplyKey = tuple[str, str, str]
"""An idempotency key: kind, id, key."""


class Snapshot(Struct, frozen=True):
    """A state that was kept as JSON at `version`, made by code with this `fingerprint`. Only ever a cache."""

    version: int
    time: int
    fingerprint: str
    state: bytes


class Loaded(Struct, frozen=True):
    """What it takes to bring an entity to life.

    `events` follow the snapshot, or the `pruned` version when there is none; they are the first page, and
    `is_complete` says whether there are more to `read`.
    """

    snapshot: Snapshot | None
    pruned: int
    events: list[Stored]
    is_complete: bool


class Erased(Struct, frozen=True):
    """What became of an erasure: how many events went, and where the feed shows it (0: there was nothing)."""

    events: int
    position: int


class StreamInfo(Struct, frozen=True):
    """One stream of a listing; times are in microseconds since 1970."""

    id: str
    version: int
    first_time: int
    last_time: int


class EventRange(Struct, frozen=True, gc=False):
    """Which events of one stream are read: those with after < version <= up_to, by version.

    Without `up_to` they go on to the end of the stream. At most `limit` are read, newest first if `reverse`.
    """

    kind: str
    id: str
    after: int = 0
    up_to: int | None = None
    limit: int | None = None
    reverse: bool = False


class StreamListing(Struct, frozen=True):
    """Which streams of one kind are listed, by the time of their first event, ties by its position.

    `first_after` and `first_before` bound that time, exclusively, in microseconds since 1970. A page has
    `size` streams, newest first if `reverse`. It begins behind `last_seen`: the time and position of the
    first event of the last stream on the page before, None for the first page. Raises Invalid for a limit
    below 1.
    """

    kind: str
    limit: int = 100
    first_after: int | None = None
    first_before: int | None = None
    reverse: bool = False
    last_seen: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise Invalid(f"limit is {self.limit}: a page has one item at least", field="limit")

    @property
    def size(self) -> int:
        """How many streams a page has at most."""
        return min(self.limit, MAX_LISTED)


class StreamPage(Struct, frozen=True):
    """One page of a listing. `next` asks for the page after it, and is None on the last."""

    items: list[StreamInfo]
    next: StreamListing | None


class Journal(ABC):
    """Where events are kept, in streams (kind and id) and all together in one feed.

    Promises: versions of a stream are 1, 2, 3, …; positions only grow, and a reader that has seen position
    p never later finds an event at or before p; what an append reports as landed survives a crash of
    process and machine. Every method raises Unavailable while the store cannot be reached or is closed, and
    every method that writes raises StoreFailed once a commit or sync has failed. Names and ids are any text
    without NUL.

    Whatever is read comes in pages, which end after MAX_PAGE_BYTES or earlier, however many items are asked
    for. A page is empty only where there is nothing.
    """

    is_shared: bool = False
    """Whether other processes may append too, so that news can come from elsewhere."""

    spans_streams: bool = True
    """Whether a group may be on several streams; where not, the writes of one append land in their order."""

    @property
    def failure(self) -> str | None:
        """Why writes have stopped until the store is opened again, or None while they go on."""
        return None

    @abstractmethod
    async def identity(self) -> str:
        """Gives what tells this journal from every other: made by chance with it, and kept in it for ever.

        A journal that is restored has the identity of the one that it is a copy of.
        """

    @abstractmethod
    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        """Writes many independent writes in one durable transaction, in order, and gives an outcome for each.

        One write's collision leaves the others alone, but a later write of the same stream in the same
        append collides too, whatever its expected version, because it was decided on what did not land.
        Writes of one group land together or not at all; when one fails, the others of the group collide. What
        the store cannot take is Refused before anything of it is sent, a group as a whole. On an
        exception the caller does not know whether the writes landed and asks `landed`.
        """

    @abstractmethod
    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        """Says what became of an append that was interrupted, or None if none of it is to be found.

        Recognises a write by its stream, versions, payloads and metadata; waits until the interrupted
        append can no longer land.
        """

    @abstractmethod
    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        """Gives what brings the first of the streams to life, one at least, in their order.

        Snapshots of another fingerprint are left out.
        """

    @abstractmethod
    async def read(self, part: EventRange) -> list[Stored]:
        """Gives a page of a stream's events, the first of the range."""

    @abstractmethod
    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        """Gives the kept reply of the first of the keys, one at least, in their order; None where none is."""

    async def kinds(self) -> list[str]:
        """Gives the kinds of which there are streams; of none where that could not be told at a glance."""
        return []

    @abstractmethod
    async def streams(self, listing: StreamListing) -> StreamPage:
        """Gives a page of streams. From page to page no stream is skipped and none comes twice."""

    @abstractmethod
    async def feed(self, after: int, limit: int) -> list[Stored]:
        """Gives a page of up to `limit` events with a position beyond `after`, by position."""

    @abstractmethod
    async def head(self) -> int:
        """Gives the position of the last event a reader can see; 0 for an empty journal."""

    async def last(self) -> int:
        """Gives the position of the last event that was written, be it that no reader can see it yet."""
        return await self.head()

    @abstractmethod
    async def wait(self, after: int) -> None:
        """Returns when there may be events beyond `after`; may return early, never misses one for ever."""

    @abstractmethod
    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        """Keeps a snapshot, unless a later one is kept already, or its version is pruned or not reached.

        Nor is one kept that is older than the stream's first event: it is of a stream that was erased. Losing
        it loses nothing.
        """

    @abstractmethod
    async def prune(self, kind: str, id: str, up_to: int) -> int:
        """Removes the events of a stream up to a version, never the last one; gives how many.

        Versions go on. A snapshot of the stream is removed too, since it holds what the events said.
        """

    @abstractmethod
    async def erase(self, kind: str, id: str, *, time: int, since: int | None = None) -> Erased:
        """Removes a stream with its snapshot and replies, and puts a `Deleted` in its place in the feed.

        That is one step: readers find the stream's events or, at a position of its own beyond them all, that
        it is gone. Its versions begin again at 1; positions are never used again. Of a stream that was erased
        before and begins anew only the last `Deleted` is kept. Where there is no stream, nothing is added,
        and the position is that of its last `Deleted`, if any; so it is for a stream that was erased beyond
        the position `since`, which is left alone: whoever was interrupted calls again with what it knew.
        """

    @abstractmethod
    async def forget_replies(self, before: int) -> int:
        """Drops kept replies older than a time (microseconds since 1970); gives how many.

        It does so in steps, with pauses between them, so that nobody waits for it.
        """

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the store; what landed stays."""
