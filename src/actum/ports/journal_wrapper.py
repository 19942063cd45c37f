"""A journal that passes every call on to another one, for those that change some of the calls."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from actum.model.deletion import ERASED
from actum.model.event import Stored
from actum.ports.journal import (
    ClaimKey,
    Erased,
    EventRange,
    Journal,
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

T = TypeVar("T")


class JournalWrapper(Journal):
    """Passes every call on to another journal, by way of `call`, and says of itself what that says."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.is_shared = journal.is_shared
        self.person_keys = journal.person_keys
        self.transfer = journal.transfer
        self.why_no_claims = journal.why_no_claims
        self.why_no_states = journal.why_no_states
        self.newest_only = journal.newest_only
        self.spans_streams = journal.spans_streams

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._journal!r}>"

    async def call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes the call of a method."""
        return await call()

    @property
    def failure(self) -> str | None:
        return self._journal.failure

    @property
    def refuses_writes(self) -> bool:
        return self._journal.refuses_writes

    async def identity(self) -> str:
        return await self.call("identity", self._journal.identity)

    def keep_newest(self, kinds: Collection[str]) -> None:
        self._journal.keep_newest(kinds)
        self.newest_only = self._journal.newest_only

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        return await self.call("append", lambda: self._journal.append(writes))

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        return await self.call("landed", lambda: self._journal.landed(writes))

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        return await self.call("load", lambda: self._journal.load(streams, fingerprints))

    async def read(self, part: EventRange) -> list[Stored]:
        return await self.call("read", lambda: self._journal.read(part))

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        return await self.call("replies", lambda: self._journal.replies(keys))

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        return await self.call("holders", lambda: self._journal.holders(claims))

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        return await self.call("restore_claims", lambda: self._journal.restore_claims(claims))

    async def kinds(self) -> list[str]:
        return await self.call("kinds", self._journal.kinds)

    async def streams(self, listing: StreamListing) -> StreamPage:
        return await self.call("streams", lambda: self._journal.streams(listing))

    async def streams_by_id(
        self, kind: str, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[StreamInfo] | None:
        return await self.call(
            "streams_by_id", lambda: self._journal.streams_by_id(kind, prefix, after=after, limit=limit)
        )

    async def feed(self, after: int, limit: int) -> list[Stored]:
        return await self.call("feed", lambda: self._journal.feed(after, limit))

    async def head(self) -> int:
        return await self.call("head", self._journal.head)

    async def position_before(self, position: int, count: int) -> int:
        return await self.call("position_before", lambda: self._journal.position_before(position, count))

    async def last(self) -> int:
        return await self.call("last", self._journal.last)

    async def wait(self, after: int) -> None:
        await self.call("wait", lambda: self._journal.wait(after))

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        await self.call("save_snapshot", lambda: self._journal.save_snapshot(kind, id, snapshot))

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        return await self.call("prune", lambda: self._journal.prune(kind, id, up_to))

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
        return await self.call(
            "erase",
            lambda: self._journal.erase(kind, id, time=time, since=since, why=why, version=version),
        )

    async def forget_replies(self, before: int) -> int:
        return await self.call("forget_replies", lambda: self._journal.forget_replies(before))

    async def close(self) -> None:
        await self._journal.close()
