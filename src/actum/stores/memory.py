"""Stores events in this process, for tests and first steps; nothing outlives it."""

import asyncio
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from actum.errors import Unavailable
from actum.model.deletion import ERASED, deletion
from actum.model.event import Stored
from actum.ports.journal import (
    ClaimKey,
    Erased,
    EventRange,
    Journal,
    Landed,
    Loaded,
    Outcome,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamInfo,
    StreamKey,
    StreamListing,
    StreamPage,
    Write,
)
from actum.stores.in_memory.person_keys import MemoryPersonKeys
from actum.stores.listing import page_of
from actum.stores.outcomes import ClaimChanges, decide, recognise
from actum.stores.page import event_size, loaded_size, reply_size, within

PAGE = 1_000

position_of: Callable[[Stored], int] = attrgetter("position")


class Stream:
    """One stream: its remaining events, replies and snapshot.

    `pruned` events came before them; the first of all had `first_time` and `first_position`.
    """

    __slots__ = ("events", "first_position", "first_time", "pruned", "replies", "snapshot")

    def __init__(self) -> None:
        self.events: list[Stored] = []
        self.pruned: int = 0
        self.first_time: int = 0
        self.first_position: int = 0
        self.snapshot: Snapshot | None = None
        self.replies: dict[str, tuple[Repeated, int]] = {}

    @property
    def version(self) -> int:
        return self.pruned + len(self.events)

    def between(self, after: int, up_to: int | None) -> list[Stored]:
        last = self.version if up_to is None else up_to
        return self.events[max(after - self.pruned, 0) : max(last - self.pruned, 0)]


NO_STREAM = Stream()


class MemoryJournal(Journal):
    """A journal in this process. Positions have no gaps except where a stream was erased or pruned."""

    def __init__(self) -> None:
        self._identity = uuid.uuid4().hex
        self._streams: dict[StreamKey, Stream] = {}
        self._events: list[Stored] = []
        self._erased: dict[StreamKey, Stored] = {}
        self._claims: dict[ClaimKey, str] = {}
        self._last = 0
        self._arrival = asyncio.Event()
        self._is_closed = False
        self.person_keys = MemoryPersonKeys()

    def __repr__(self) -> str:
        return f"<MemoryJournal of {len(self._events)} events>"

    async def identity(self) -> str:
        self._check_open()
        return self._identity

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        self._check_open()
        outcomes = decide(
            writes,
            head=self._head,
            after=self._last,
            version_of=lambda stream: self._stream(stream).version,
            reply_of=self._reply,
            holder_of=self._claims.get,
        )
        for write, outcome in zip(writes, outcomes, strict=True):
            if type(outcome) is Landed:
                self._keep(write, outcome.position)
                if write.kind in self.newest_only:
                    self._keep_newest(self._stream((write.kind, write.id)))
        self._keep_claims(ClaimChanges(writes, outcomes))
        self._tell()
        return outcomes

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        self._check_open()
        return recognise(
            writes,
            head=self._head,
            version_of=lambda stream: self._stream(stream).version,
            reply_of=self._reply,
            events_of=lambda stream, after, up_to: self._stream(stream).between(after, up_to),
            newest_only=self.newest_only,
        )

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        self._check_open()
        loaded = (self._load(self._stream(stream), fingerprints.get(stream[0])) for stream in streams)
        return within(loaded, loaded_size)

    async def read(self, part: EventRange) -> list[Stored]:
        self._check_open()
        events = self._stream((part.kind, part.id)).between(part.after, part.up_to)
        if part.reverse:
            events.reverse()
        return within(events[: part.limit], event_size)

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        self._check_open()
        return within(map(self._reply, keys), reply_size)

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        self._check_open()
        return [self._claims.get(claim) for claim in claims]

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        self._check_open()
        missing = {claim: id for claim, id in claims if claim not in self._claims}
        self._claims |= missing
        return len(missing)

    async def kinds(self) -> list[str]:
        return sorted({kind for kind, _ in self._streams})

    async def streams(self, listing: StreamListing) -> StreamPage:
        self._check_open()
        found = [
            (stream.first_time, stream.first_position, id)
            for (kind, id), stream in self._streams.items()
            if kind == listing.kind
            and stream.events
            and (listing.first_after is None or stream.first_time > listing.first_after)
            and (listing.first_before is None or stream.first_time < listing.first_before)
        ]
        found.sort(reverse=listing.reverse)
        last = listing.last_seen
        if last is not None:
            found = [one for one in found if (one[:2] < last if listing.reverse else one[:2] > last)]
        return page_of(
            listing,
            [(self._info((listing.kind, id)), position) for _, position, id in found[: listing.size + 1]],
        )

    async def streams_by_id(
        self, kind: str, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[StreamInfo] | None:
        self._check_open()
        found = sorted(
            id
            for (of, id), stream in self._streams.items()
            if of == kind and stream.events and id > after and id.startswith(prefix)
        )
        return [self._info((kind, id)) for id in found[:limit]]

    async def feed(self, after: int, limit: int) -> list[Stored]:
        self._check_open()
        start = bisect_right(self._events, after, key=position_of)
        return within(self._events[start : start + limit], event_size)

    async def head(self) -> int:
        self._check_open()
        return self._head

    async def wait(self, after: int) -> None:
        self._check_open()
        if self._head <= after:
            await self._arrival.wait()

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        self._check_open()
        stream = self._stream((kind, id))
        kept = stream.snapshot
        # A state of pruned events, or of a stream that was erased since, must not be stored.
        is_of_this_stream = stream.first_time <= snapshot.time
        if not (is_of_this_stream and stream.pruned < snapshot.version <= stream.version):
            return
        if kept is None or kept.fingerprint != snapshot.fingerprint or kept.version <= snapshot.version:
            stream.snapshot = snapshot

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        self._check_open()
        stream = self._stream((kind, id))
        removed = stream.between(0, min(up_to, stream.version - 1))
        if removed:
            self._remove(removed)
            del stream.events[: len(removed)]
            stream.pruned += len(removed)
            # The snapshot holds what the removed events said.
            stream.snapshot = None
        return len(removed)

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
        self._check_open()
        before = self._erased.get((kind, id))
        erased_at = 0 if before is None else before.position
        if since is not None and erased_at > since:
            return Erased(0, erased_at)
        if version not in (None, self._stream((kind, id)).version):
            return Erased(0, erased_at)
        stream = self._streams.pop((kind, id), NO_STREAM)
        if not stream.version:
            return Erased(0, erased_at)
        self._remove(stream.events if before is None else [*stream.events, before])
        for claim in [claim for claim, holder in self._claims.items() if (claim[0], holder) == (kind, id)]:
            del self._claims[claim]
        self._last += 1
        gone = self._erased[kind, id] = deletion(self._last, kind, id, time, why)
        self._events.append(gone)
        self._tell()
        return Erased(len(stream.events), gone.position)

    async def forget_replies(self, before: int) -> int:
        self._check_open()
        forgotten = 0
        for stream in self._streams.values():
            old = [key for key, (_, time) in stream.replies.items() if time < before]
            for key in old:
                del stream.replies[key]
            forgotten += len(old)
        return forgotten

    async def close(self) -> None:
        self._is_closed = True
        self._arrival.set()

    @property
    def _head(self) -> int:
        return self._events[-1].position if self._events else 0

    def _tell(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("the journal is closed")

    def _stream(self, stream: StreamKey) -> Stream:
        return self._streams.get(stream, NO_STREAM)

    def _reply(self, key: ReplyKey) -> Repeated | None:
        found = self._stream(key[:2]).replies.get(key[2])
        return None if found is None else found[0]

    def _info(self, key: StreamKey) -> StreamInfo:
        stream = self._streams[key]
        return StreamInfo(key[1], stream.version, stream.first_time, stream.events[-1].time)

    def _load(self, stream: Stream, fingerprint: str | None) -> Loaded:
        snapshot = stream.snapshot
        if snapshot is not None and snapshot.fingerprint != fingerprint:
            snapshot = None
        events = stream.between(0 if snapshot is None else snapshot.version, None)
        page = within(events[:PAGE], event_size)
        return Loaded(snapshot, stream.pruned, page, len(page) == len(events))

    def _keep(self, write: Write, position: int) -> None:
        stream = self._streams.setdefault((write.kind, write.id), Stream())
        for type_, type_version, payload in write.events:
            self._last += 1
            version = stream.version + 1
            if version == 1:
                stream.first_time, stream.first_position = write.time, self._last
            stored = Stored(
                self._last,
                write.kind,
                write.id,
                version,
                type_,
                type_version,
                payload,
                write.metadata,
                write.time,
            )
            stream.events.append(stored)
            self._events.append(stored)
        if write.key is not None:
            stream.replies[write.key] = (Repeated(write.call, write.reply, position), write.time)

    def _keep_newest(self, stream: Stream) -> None:
        older = stream.events[:-1]
        if older:
            self._remove(older)
            del stream.events[: len(older)]
            stream.pruned += len(older)

    def _keep_claims(self, changes: ClaimChanges) -> None:
        for claim, holder in changes.freed:
            if self._claims.get(claim) == holder:
                del self._claims[claim]
        self._claims |= changes.taken

    def _remove(self, events: Iterable[Stored]) -> None:
        gone = {event.position for event in events}
        self._events = [event for event in self._events if event.position not in gone]
