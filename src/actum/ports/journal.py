"""The journal, which stores events: what every adapter guarantees, and what it raises."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from actum.errors import Invalid
from actum.model.deletion import ERASED
from actum.model.event import Stored
from actum.model.people.sealing import SealedType
from actum.model.turn import Emitted
from actum.ports.person_keys import PersonKeys
from actum.ports.transfer import JournalTransfer


class Claim(Struct, frozen=True, gc=False):
    """A value that a write claims for its entity or, if `is_released`, gives back.

    Among the entities of one kind, one at a time holds a value of a `name`. `digest`, of 16 bytes or more,
    stands for the kind, the name and the value, which the journal never sees.
    """

    name: str
    digest: bytes
    is_released: bool = False


class Write(Struct, gc=False):
    """The events of one command on one stream, all of them or none.

    The write lands if its stream is at version `expected`; its events then become versions `expected` + 1,
    `expected` + 2, …. `time` is in microseconds since 1970. With an idempotency `key`, the `reply` is stored
    under the stream and the key, and answers every later call with that key; such a write may have no events.
    `call` identifies the command and its arguments ("" when they may differ). Writes of one append that share
    a `group` land together or not at all. `claims` take effect in their order, with the events, which such a
    write must have: it lands only if no other entity of its kind holds what it claims. Claiming what the
    entity holds already, and releasing what it does not hold, change nothing. A write without events and
    without a key stores nothing: it only
    checks the version of its stream for its group, and `landed` cannot tell afterwards whether it landed.

    `first` is the position of the stream's first event, as far as the writer knows it (0: it does not). A
    stream that was erased and has begun anew may be at the same version: it collides, as if it were at
    version 0. A journal that no other process writes to need not look.

    `personal` says how the reply is sealed, whose it is, and its value; `is_sealed` that this was done, and
    that of the events too. Stores ignore both.
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
    claims: Sequence[Claim] = ()
    personal: tuple[SealedType, str, Any] | None = None
    is_sealed: bool = False
    first: int = 0


class Landed(Struct, frozen=True, gc=False):
    """The write is durable. `position` is that of its last event or, without events, the journal's head."""

    position: int


class Collided(Struct, frozen=True, gc=False):
    """Nothing of the write was stored: its stream was at `actual`, or a write it depends on did not land."""

    actual: int


class Repeated(Struct, frozen=True, gc=False):
    """Nothing was stored: `call` used the key on this stream before, and `reply` was its answer.

    `position` is the one that the first call was given.
    """

    call: str
    reply: bytes
    position: int


class Held(Struct, frozen=True, gc=False):
    """Nothing of the write was stored: another entity, `holder`, holds what it claims under `name`."""

    name: str
    holder: str


class Refused(Struct, frozen=True, gc=False):
    """Nothing of the write was stored, and a retry cannot help: `why` says which limit it exceeds."""

    why: str


Outcome = Landed | Collided | Repeated | Held | Refused

MAX_LISTED = 10_000
"""Streams on one page, whatever limit was asked for; with ids of 1,000 bytes that is 10 MB."""

StreamKey = tuple[str, str]
"""A stream: its kind and its id."""

ReplyKey = tuple[str, str, str]
"""An idempotency key: kind, id, key."""


ClaimKey = tuple[str, str, bytes]
"""What one entity at a time can hold: kind, name, digest of the value."""


class Snapshot(Struct, frozen=True):
    """An entity's state as JSON at `version`, made by code with this `fingerprint`. It is only a cache."""

    version: int
    time: int
    fingerprint: str
    state: bytes


class Loaded(Struct, frozen=True):
    """What an entity's state is made of.

    `events` follow the snapshot or, without one, the version up to which events were `pruned`. They are the
    first page; unless `is_complete`, the rest has to be `read`. `first` is the position of the stream's first
    event, pruned or not; 0 where the journal does not look at it in writes.
    """

    snapshot: Snapshot | None
    pruned: int
    events: list[Stored]
    is_complete: bool
    first: int = 0


class Erased(Struct, frozen=True):
    """How many events were erased, and the position of the `Deleted` in the feed (0: nothing was there)."""

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
    """Stores events in streams, each with a kind and an id, and shows all of them in one feed.

    Guarantees: the versions of a stream are 1, 2, 3, …. Positions only grow, and a reader that has seen
    position p never finds a new event at or before p. What an append reports as landed survives a crash of
    the process and of the machine. Every method raises Unavailable while the store cannot be reached or is
    closed, and every method that writes raises StoreFailed once a commit or sync has failed. Kinds and ids
    are any text without NUL.

    Everything is read in pages. A page ends after MAX_PAGE_BYTES at the latest, however many items were asked
    for, and is empty only if there is nothing more.
    """

    is_shared: bool = False
    """Whether other processes may append too, so that events appear which this process did not write."""

    person_keys: PersonKeys | None = None
    """Where the keys of persons are stored; None if the store has no place for them."""

    transfer: JournalTransfer | None = None
    """What gives and takes everything when an application moves to another store; None if nothing can."""

    why_no_claims: str = ""
    """Why writes cannot have claims in this store; "" if they can."""

    why_no_states: str = ""
    """Why streams cannot be kept without their history in this store; "" if they can."""

    newest_only: frozenset[str] = frozenset()
    """The kinds of streams of which only the newest event is kept; see `keep_newest`."""

    spans_streams: bool = True
    """Whether a group may include several streams; if not, the writes of one append land in their order."""

    @property
    def failure(self) -> str | None:
        """Why writing has stopped until the store is opened again; None while the store accepts writes."""
        return None

    @property
    def refuses_writes(self) -> bool:
        """Whether the store has refused a write within the last seconds, as with a full disk.

        Unlike after a `failure`, it is asked again with every write.
        """
        return False

    @abstractmethod
    async def identity(self) -> str:
        """Gives the random id that the journal got when it was created.

        A restored copy of a journal has the identity of the original.
        """

    def keep_newest(self, kinds: Collection[str]) -> None:
        """Keeps only the newest event of streams of these kinds: each append removes those before.

        They are removed in the transaction of the append, as `prune` would. Only a store without
        `why_no_states` does this. An interrupted append of such a stream may have been replaced by others
        before `landed` is asked: it raises Unavailable where it cannot know.
        """
        self.newest_only = frozenset(kinds)

    @abstractmethod
    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        """Appends many independent writes in one durable transaction, in order, and gives each one's outcome.

        A collision does not affect writes of other streams. A later write of the same stream in the same
        append collides too, whatever its expected version, because it was decided on events that did not
        land. Writes of one group land together or not at all; when one fails, the others of the group
        collide. A write whose claim another entity holds is Held; what earlier writes of the append claimed
        or released counts. In a group it may collide instead, where that depends on writes of the same
        append: decided again, it gets its answer. What exceeds a limit of the store is Refused before any
        of it is sent, a group as a whole.
        After an exception the caller does not know whether the writes landed, and asks `landed`.
        """

    @abstractmethod
    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        """Gives the outcomes of an interrupted append, or None if nothing of it was stored.

        Waits until the interrupted append can no longer land. Recognises a write by its stream, versions,
        payloads and metadata.
        """

    @abstractmethod
    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        """Loads the first of the streams, at least one, in their order.

        `fingerprints` has one for each kind; snapshots with another fingerprint are left out.
        """

    @abstractmethod
    async def read(self, part: EventRange) -> list[Stored]:
        """Gives the first page of the events in a range."""

    @abstractmethod
    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        """Gives the stored replies of the first of the keys, at least one, in their order; None for none."""

    @abstractmethod
    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        """Gives the id of the entity that holds each of the claims; None for those that nobody holds."""

    @abstractmethod
    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        """Stores claims with their holders, where nobody holds them; gives how many were stored."""

    async def kinds(self) -> list[str]:
        """Gives the kinds that have streams, or no kinds if the store has no quick way to list them."""
        return []

    @abstractmethod
    async def streams(self, listing: StreamListing) -> StreamPage:
        """Gives a page of streams. Across pages, no stream is skipped and none is listed twice."""

    async def streams_by_id(
        self, kind: str, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[StreamInfo] | None:
        """Gives a page of a kind's streams whose ids begin with a text, by id, beyond the id `after`.

        The order is that of the ids in UTF-8. None if the store has no quick way to find them.
        """
        return None

    @abstractmethod
    async def feed(self, after: int, limit: int) -> list[Stored]:
        """Gives a page of at most `limit` events with a position beyond `after`, by position."""

    @abstractmethod
    async def head(self) -> int:
        """Gives the position of the last event that a reader can see; 0 for an empty journal."""

    async def position_before(self, position: int, count: int) -> int:
        """Gives a position from which there are about `count` events to another; 0 if there are fewer.

        Positions may have gaps, so that it is not the difference in every store.
        """
        return max(0, position - count)

    async def last(self) -> int:
        """Gives the position of the last event that was written, even if readers cannot see it yet."""
        return await self.head()

    @abstractmethod
    async def wait(self, after: int) -> None:
        """Returns when there may be events beyond `after`. It may return early; no event is missed."""

    @abstractmethod
    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        """Stores a snapshot, unless a later one exists, or its version is pruned or not reached yet.

        A snapshot that is older than the stream's first event belongs to a stream that was erased, and is not
        stored either. Losing a snapshot loses no data.
        """

    @abstractmethod
    async def prune(self, kind: str, id: str, up_to: int) -> int:
        """Removes a stream's events up to a version, but never its last one; gives how many were removed.

        Version numbers continue. The stream's snapshot is removed too, because it holds what the events said.
        """

    @abstractmethod
    async def erase(
        self,
        kind: str,
        id: str,
        *,
        time: int,
        since: int | None = None,
        why: str = ERASED,
        version: int | None = None,
    ) -> Erased:
        """Removes a stream with its snapshot, replies and claims, and adds a `Deleted` to the feed instead.

        This is atomic: readers see either the stream's events or the `Deleted`, whose position is beyond them
        all. Versions of the stream start again at 1; positions are never reused. Of a stream that is erased
        more than once, only the last `Deleted` is kept. If there is no stream, nothing is added, and the
        position is that of its last `Deleted`, if any. The same holds if the stream was erased beyond the
        position `since`: a caller that was interrupted passes what `last` gave before its first attempt, and
        does not erase what was written after it. With `version`, a stream at another one is not erased
        either; this is decided together with the erasure. `why` is for those who read the `Deleted`.
        """

    @abstractmethod
    async def forget_replies(self, before: int) -> int:
        """Removes replies that are older than a time (microseconds since 1970); gives how many.

        It works in steps, with pauses between them, so that other work does not wait.
        """

    @abstractmethod
    async def close(self) -> None:
        """Releases the store's connections and files."""
