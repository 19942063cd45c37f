"""Keeps events in Durable Objects: each stream in its entity's object, and all of them in the feed object."""

import asyncio
import uuid
from collections.abc import Sequence

from actum.errors import DefinitionError
from actum.model.deletion import ERASED
from actum.model.event import Stored
from actum.ports.journal import (
    ClaimKey,
    Collided,
    Erased,
    EventRange,
    Journal,
    Landed,
    Loaded,
    Outcome,
    Refused,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamInfo,
    StreamKey,
    StreamListing,
    StreamPage,
    Write,
)
from actum.stores.durable_objects import wire, wire_feed
from actum.stores.durable_objects.client import Client
from actum.stores.durable_objects.refusal import WHY_NO_CLAIMS, WHY_NO_STATES
from actum.stores.listing import page_of
from actum.stores.outcomes import recognise
from actum.stores.page import MAX_PAGE_BYTES, event_size

MAX_WAIT = 20.0
"""Seconds for which one request waits for new events."""
MAX_STREAMS = 1_000
MAX_LOADED = 16
"""Objects that are loaded at once; each answers with a page of 4 MB or less."""
MAX_REPLIES = 16
"""Replies that are requested at once, each of 2 MB at most."""

Kept = dict[StreamKey, wire.Facts]


class DurableObjectsJournal(Journal):
    """Events in objects. Positions have no gaps except where a stream was erased or pruned.

    The objects decide and write by themselves; `append` is for what was decided in this process. No
    transaction spans two streams, so a group stays within one.
    """

    is_shared = True
    spans_streams = False
    why_no_claims = WHY_NO_CLAIMS
    why_no_states = WHY_NO_STATES

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<DurableObjectsJournal {self._client!r}>"

    async def identity(self) -> str:
        return await self._client.ask_feed(wire_feed.Identity(uuid.uuid4().hex), str)

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        by_stream: dict[StreamKey, list[int]] = {}
        groups: dict[int, StreamKey] = {}
        for number, write in enumerate(writes):
            if write.claims:
                raise DefinitionError(f"{write.kind}/{write.id} claims a value: {WHY_NO_CLAIMS}")
            stream = (write.kind, write.id)
            by_stream.setdefault(stream, []).append(number)
            if write.group is not None and groups.setdefault(write.group, stream) != stream:
                raise DefinitionError(
                    f"{write.kind}/{write.id} and {'/'.join(groups[write.group])} are two Durable Objects, "
                    "and no transaction spans two: write to one of them at a time"
                )
        outcomes: dict[int, Outcome] = {}
        # One object after the other, so that positions grow in the order of the writes.
        for (kind, id), numbers in by_stream.items():
            call = wire.Append([_sent(writes[number]) for number in numbers])
            answers = await self._client.ask(kind, id, call, list[wire.Appended])
            outcomes.update(zip(numbers, map(_outcome, answers), strict=True))
        return [outcomes[number] for number in range(len(writes))]

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        kept: Kept = {}
        replies: dict[ReplyKey, Repeated | None] = {}
        for write in writes:
            stream = (write.kind, write.id)
            first, last = write.expected, write.expected + len(write.events)
            found = await self._client.ask(*stream, wire.Read(first, last, None), wire.Facts)
            before = kept.setdefault(stream, found)
            if before is not found:
                before.facts += found.facts
            if write.key is not None:
                replies[*stream, write.key] = (await self.replies([(*stream, write.key)]))[0]

        def events_of(stream: StreamKey, after: int, up_to: int) -> list[Stored]:
            facts = {fact.version: fact for fact in kept[stream].facts if after < fact.version <= up_to}
            return [facts[version].stored(*stream) for version in sorted(facts)]

        return recognise(
            writes,
            head=await self.head(),
            version_of=lambda stream: kept[stream].version,
            reply_of=lambda key: replies[key],
            events_of=events_of,
        )

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        streams = streams[:MAX_LOADED]
        calls = [(kind, id, wire.Load(fingerprints.get(kind))) for kind, id in streams]
        answers = await asyncio.gather(*(self._client.ask(*call, wire.Facts) for call in calls))
        return [_loaded(kind, id, one) for (kind, id), one in zip(streams, answers, strict=True)]

    async def read(self, part: EventRange) -> list[Stored]:
        found: list[Stored] = []
        size, after, up_to, limit = 0, part.after, part.up_to, part.limit
        while size < MAX_PAGE_BYTES and (limit is None or len(found) < limit):
            rest = None if limit is None else limit - len(found)
            call = wire.Read(after, up_to, rest, part.reverse)
            page = await self._client.ask(part.kind, part.id, call, wire.Facts)
            events = [fact.stored(part.kind, part.id) for fact in page.facts]
            found += events
            size += sum(map(event_size, events))
            if page.is_complete:
                break
            if part.reverse:
                up_to = found[-1].version - 1
            else:
                after = found[-1].version
        return found

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        keys = keys[:MAX_REPLIES]
        by_stream: dict[StreamKey, list[str]] = {}
        for kind, id, key in keys:
            by_stream.setdefault((kind, id), []).append(key)
        found: dict[ReplyKey, Repeated | None] = {}
        for (kind, id), wanted in by_stream.items():
            answers = await self._client.ask(kind, id, wire.Replies(wanted), list[wire.Reply | None])
            for key, reply in zip(wanted, answers, strict=True):
                found[kind, id, key] = None if reply is None else _repeated(reply)
        return [found[key] for key in keys]

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        return [None] * len(claims)

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        raise DefinitionError(f"claims cannot be restored here: {WHY_NO_CLAIMS}")

    async def streams(self, listing: StreamListing) -> StreamPage:
        seen = listing.last_seen
        listed: list[wire_feed.Listed] = []
        while len(listed) <= listing.size:
            most = min(listing.size + 1 - len(listed), MAX_STREAMS)
            asked = wire_feed.Streams(
                listing.kind, most, listing.first_after, listing.first_before, listing.reverse, seen
            )
            found = await self._client.ask_feed(asked, list[wire_feed.Listed])
            listed += found
            if len(found) < most:
                break
            seen = (found[-1].first_time, found[-1].first_position)
        return page_of(
            listing,
            [
                (StreamInfo(one.id, one.version, one.first_time, one.last_time), one.first_position)
                for one in listed
            ],
        )

    async def feed(self, after: int, limit: int) -> list[Stored]:
        found: list[Stored] = []
        size = 0
        while len(found) < limit and size < MAX_PAGE_BYTES:
            page = await self._client.ask_feed(wire_feed.Feed(after, limit - len(found)), list[wire_feed.Fed])
            if not page:
                break
            events = [one.fact.stored(one.kind, one.id) for one in page]
            found += events
            size += sum(map(event_size, events))
            after = found[-1].position
        return found

    async def head(self) -> int:
        return await self._client.ask_feed(wire_feed.Wait(-1, 0), int)

    async def wait(self, after: int) -> None:
        await self._client.ask_feed(wire_feed.Wait(after, MAX_WAIT), int)

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        state = snapshot.state.decode()
        call = wire.SaveSnapshot(snapshot.version, snapshot.time, snapshot.fingerprint, state)
        await self._client.ask(kind, id, call, type(None))

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        return await self._client.ask(kind, id, wire.Prune(min(up_to, 2**50)), int)

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
        if since is not None:
            before = await self._client.ask_feed(wire_feed.LastErased(kind, id), int)
            if before > since:
                return Erased(0, before)
        erased = await self._client.ask(kind, id, wire.Erase(time, why, version), wire.Erased)
        if version is not None and not erased.events:
            return Erased(0, await self._client.ask_feed(wire_feed.LastErased(kind, id), int))
        return Erased(erased.events, erased.position)

    async def forget_replies(self, before: int) -> int:
        """Does nothing: an object keeps its replies as long as its entity exists."""
        self._client.check_open()
        return 0

    async def close(self) -> None:
        await self._client.close()


def _sent(write: Write) -> wire.Write:
    events = [(type_, version, payload.decode()) for type_, version, payload in write.events]
    metadata, reply = write.metadata.decode(), write.reply.decode()
    return wire.Write(write.expected, events, metadata, write.time, write.key, write.call, reply, write.group)


def _outcome(appended: wire.Appended) -> Outcome:
    if appended.repeated is not None:
        return _repeated(appended.repeated)
    if appended.refused is not None:
        return Refused(appended.refused)
    return Landed(appended.position) if appended.actual is None else Collided(appended.actual)


def _repeated(reply: wire.Reply) -> Repeated:
    return Repeated(reply.call, reply.reply.encode(), reply.position)


def _loaded(kind: str, id: str, facts: wire.Facts) -> Loaded:
    kept = facts.snapshot
    snapshot = None
    if kept is not None:
        snapshot = Snapshot(kept.version, kept.time, kept.fingerprint, kept.state.encode())
    return Loaded(snapshot, facts.pruned, [fact.stored(kind, id) for fact in facts.facts], facts.is_complete)
