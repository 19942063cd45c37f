"""Stores events in one SQLite file."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from itertools import starmap
from typing import TypeVar

import msgspec

from actum.errors import Invalid
from actum.model.deletion import ERASED
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
from actum.stores.listing import listing_statement, page_of, search_statement, search_values
from actum.stores.outcomes import ClaimChanges, claim_keys, decide, nobody, recognise
from actum.stores.page import reply_size, within
from actum.stores.sqlite.archive.archive import Archive, has_work
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.job import Work
from actum.stores.sqlite.journal import feeding, loading, statements
from actum.stores.sqlite.journal.claims import Claims, changes_of, stored_holders
from actum.stores.sqlite.journal.rows import LARGEST
from actum.stores.sqlite.journal.statements import EVENTS, REPLIES, STREAMS
from actum.stores.sqlite.journal.transfer import SqliteJournalTransfer
from actum.stores.sqlite.person_keys import SqlitePersonKeys
from actum.stores.steps import STEP, in_steps

T = TypeVar("T")

MAX_STREAMS = 200_000
LARGE = 128
"""From this many writes on, an append begins before the event loop is idle."""
POLL = 1.0
SEARCH = search_statement(lambda number: f"?{number}")


class SqliteJournal(Journal):
    """A journal in one SQLite file, which only this process writes.

    Positions have no gaps except where a stream was erased.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.person_keys = SqlitePersonKeys(file)
        self.transfer = SqliteJournalTransfer(file)
        self.archive = Archive(file)
        self._arrival = asyncio.Event()
        # Caches that only the writer thread uses, and clears whenever they may be wrong.
        self._streams: dict[StreamKey, statements.Stream] = {}
        self._next_stream: int | None = None
        self._head: int | None = None
        self._last: int | None = None
        self._undone = 0
        self._claims = Claims()

    def __repr__(self) -> str:
        return f"<SqliteJournal {self._file.path}>"

    @property
    def failure(self) -> str | None:
        return self._file.failure

    async def identity(self) -> str:
        statement = "SELECT id FROM actum_identity"
        found: str = await self._file.read(lambda connection: connection.execute(statement).fetchone()[0])
        return found

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        try:
            outcomes = await self._file.write(
                lambda connection: self._known(connection, lambda known: self._append(known, writes)),
                begins=True,
                is_large=len(writes) >= LARGE,
            )
        except (sqlite3.DataError, OverflowError, UnicodeEncodeError) as error:
            raise Invalid(f"{self._file.path} cannot keep that: {error}") from error
        self._tell()
        return outcomes

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        # The writer runs one job after the other, so the interrupted append is over when this one begins.
        return await self._file.write(
            lambda connection: recognise(
                writes,
                head=statements.head(connection),
                version_of=lambda stream: statements.stream(connection, *stream).version,
                reply_of=lambda key: statements.reply(connection, *key),
                events_of=lambda stream, after, up_to: statements.read(
                    connection, self.archive.events, EventRange(*stream, after, up_to)
                ),
                newest_only=self.newest_only,
            )
        )

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        return await self.archive.read(
            lambda connection: loading.load(connection, self.archive.events, streams, fingerprints)
        )

    async def read(self, part: EventRange) -> list[Stored]:
        async with self._file.callers.taken():
            return await self.archive.read(
                lambda connection: statements.read(connection, self.archive.events, part)
            )

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        return await self._file.read(
            lambda connection: within((statements.reply(connection, *key) for key in keys), reply_size)
        )

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        found = await self._file.read(lambda connection: stored_holders(connection, claims))
        return [found.get(claim) for claim in claims]

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        def restore(connection: sqlite3.Connection) -> int:
            before = self._claims.holders(connection, [claim for claim, _ in claims])
            numbers = {
                (claim[0], id): statements.stream(connection, claim[0], id).number
                for claim, id in claims
                if claim not in before
            }
            missing = [one for one in dict(claims).items() if numbers.get((one[0][0], one[1]))]
            missing = [one for one in missing if one[0] not in before]
            self._claims.change(connection, missing, lambda stream: numbers[stream])
            return len(missing)

        return await self._file.write(lambda connection: self._known(connection, restore))

    async def kinds(self) -> list[str]:
        return await self._file.read(
            lambda connection: [row[0] for row in connection.execute(statements.KINDS)]
        )

    async def streams(self, listing: StreamListing) -> StreamPage:
        statement, values = listing_statement(listing, lambda number: f"?{number}")
        async with self._file.callers.taken():
            rows = await self._file.read(lambda connection: connection.execute(statement, values).fetchall())
        return page_of(listing, [(StreamInfo(*stream), position) for *stream, position in rows])

    async def streams_by_id(
        self, kind: str, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[StreamInfo] | None:
        values = search_values(kind, prefix, after, limit)
        async with self._file.callers.taken():
            rows = await self._file.read(lambda connection: connection.execute(SEARCH, values).fetchall())
        return list(starmap(StreamInfo, rows))

    async def feed(self, after: int, limit: int) -> list[Stored]:
        return await self.archive.read(
            lambda connection: feeding.feed(connection, self.archive.events, after, limit)
        )

    async def head(self) -> int:
        return await self._file.read(statements.head)

    async def wait(self, after: int) -> None:
        arrival = self._arrival
        if await self.head() > after:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await arrival.wait()

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        values = {"kind": kind, "id": id, **msgspec.structs.asdict(snapshot)}
        # A state of pruned events, or of a stream that was erased since, must not be stored.
        statement = """INSERT INTO actum_snapshots SELECT :kind, :id, :version, :time, :fingerprint, :state
            FROM actum_streams WHERE kind = :kind AND id = :id AND version >= :version AND pruned < :version
                AND first_time <= :time
            ON CONFLICT DO UPDATE SET version = excluded.version, time = excluded.time,
                fingerprint = excluded.fingerprint, state = excluded.state
            WHERE excluded.version >= version OR excluded.fingerprint <> fingerprint"""
        await self._file.write(lambda connection: connection.execute(statement, values))

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        def prune(connection: sqlite3.Connection) -> tuple[int, bool]:
            return statements.prune(connection, kind, id, up_to), has_work(connection)

        removed, is_unclean = await self._file.write(prune)
        if is_unclean:
            await self.archive.clean()
        return removed

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
        def erase(connection: sqlite3.Connection) -> tuple[Erased, bool]:
            return erase_events(connection), has_work(connection)

        def erase_events(connection: sqlite3.Connection) -> Erased:
            before = statements.erased_at(connection, kind, id)
            if since is not None and before > since:
                return Erased(0, before)
            if version not in (None, statements.stream(connection, kind, id).version):
                return Erased(0, before)
            _, last = self._ends(connection)
            self._forget_streams()
            self._claims.release_all(connection, statements.stream(connection, kind, id).number)
            removed = statements.erase(connection, kind, id, last + 1, time, why)
            return Erased(0, before) if removed is None else Erased(removed, last + 1)

        erased, is_unclean = await self._file.write(lambda connection: self._known(connection, erase))
        self._tell()
        if is_unclean:
            await self.archive.clean()
        return erased

    async def forget_replies(self, before: int) -> int:
        return await in_steps(
            lambda: self._file.write(
                lambda connection: connection.execute(statements.FORGET, (before, STEP)).rowcount
            )
        )

    async def close(self) -> None:
        await self._file.close()

    def _tell(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()

    def _known(self, connection: sqlite3.Connection, work: Work[T]) -> T:
        """Runs work on what is remembered, and forgets all of it if the work fails."""
        self._forget_undone()
        try:
            return work(connection)
        except BaseException:
            self._forget()
            raise

    def _append(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Outcome]:
        head, last = self._ends(connection)
        claims = claim_keys(writes)
        holders = self._claims.holders(connection, claims) if claims else {}
        outcomes = decide(
            writes,
            head=head,
            after=last,
            version_of=lambda stream: self._version(connection, stream, writes),
            reply_of=lambda key: statements.reply(connection, *key),
            holder_of=holders.get if claims else nobody,
        )
        landed = [write for write, one in zip(writes, outcomes, strict=True) if type(one) is Landed]
        events, streams = self._rows_of(connection, landed, last)
        replies = _replies(writes, outcomes)
        replacing = self._replacing(landed) if self.newest_only else ()
        is_whole = not (streams or replies or claims or replacing)
        is_one_statement = is_whole and len(events) <= LARGEST * EVENTS.width
        if not (is_one_statement or connection.in_transaction):
            connection.execute("BEGIN IMMEDIATE")
        STREAMS.insert(connection, streams)
        EVENTS.insert(connection, events)
        REPLIES.insert(connection, replies)
        if claims:
            changes = changes_of(ClaimChanges(writes, outcomes), holders)
            self._claims.change(connection, changes, lambda stream: self._streams[stream].number)
        for stream in replacing:
            statements.keep_newest(connection, stream)
        if events:
            self._head = self._last = last + len(events) // EVENTS.width
        if len(self._streams) > MAX_STREAMS:
            self._streams.clear()
        return outcomes

    def _rows_of(
        self, connection: sqlite3.Connection, writes: Sequence[Write], last: int
    ) -> tuple[list[object], list[object]]:
        """Gives the rows of the events, which follow the position `last`, and those of the new streams."""
        rows: list[object] = []
        begun: list[object] = []
        places: dict[int, int] = {}
        ends: dict[int, int] = {}
        streams = self._streams
        for write in writes:
            if not write.events:
                continue
            stream = streams[write.kind, write.id]
            version, previous, metadata, time = stream.version, stream.position, write.metadata, write.time
            number = stream.number
            if not number:
                number = self._number(connection, stream)
                places[number] = len(begun)
                begun += (number, write.kind, write.id, 0, 0, 0, last + 1, time, 0)
            for type_, type_version, payload in write.events:
                last += 1
                version += 1
                rows += (last, number, version, previous, type_, type_version, payload, metadata, time, 0)
                previous = last
            stream.version, stream.position = version, last
            if number in places:
                # A new stream's row says where it ends at once.
                place = places[number]
                begun[place + 3 : place + 6] = version, last, time
            else:
                ends[number] = len(rows) - 1
        for end in ends.values():
            rows[end] = 1
        return rows, begun

    def _replacing(self, landed: Sequence[Write]) -> list[statements.Stream]:
        """Gives the streams, once each, of which only the newest event is to be left."""
        kinds, known = self.newest_only, self._streams
        streams = {(write.kind, write.id) for write in landed if write.kind in kinds and write.events}
        return [stream for key in streams if (stream := known[key]).version > 1]

    def _number(self, connection: sqlite3.Connection, stream: statements.Stream) -> int:
        if self._next_stream is None:
            self._next_stream = statements.next_stream(connection)
        stream.number = self._next_stream
        self._next_stream += 1
        return stream.number

    def _version(self, connection: sqlite3.Connection, key: StreamKey, writes: Sequence[Write]) -> int:
        stream = self._streams.get(key)
        if stream is None:
            self._learn(connection, writes)
            stream = self._streams[key]
        return stream.version

    def _learn(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
        """Looks up all streams of an append that are not known, because one was missing."""
        known = self._streams
        unknown = [*{(write.kind, write.id) for write in writes}.difference(known)]
        if len(unknown) == 1:
            known[unknown[0]] = statements.stream(connection, *unknown[0])
            return
        for start in range(0, len(unknown), LARGEST):
            some = unknown[start : start + LARGEST]
            known.update(zip(some, loading.find(connection, some), strict=True))

    def _ends(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Gives the last position that a reader can see, and the last that any event ever had."""
        head = self._head
        if head is None:
            head = self._head = statements.head(connection)
        last = self._last
        if last is None:
            last = self._last = max(head, statements.highest(connection))
        return head, last

    def _forget_undone(self) -> None:
        """Forgets what may have been undone."""
        if self._undone != self._file.undone:
            self._forget()

    def _forget(self) -> None:
        self._claims.forget()
        self._forget_streams()

    def _forget_streams(self) -> None:
        self._undone = self._file.undone
        self._streams.clear()
        self._head = self._last = self._next_stream = None


def _replies(writes: Sequence[Write], outcomes: Sequence[Outcome]) -> list[object]:
    """Gives the rows of the replies to store."""
    rows: list[object] = []
    for write, outcome in zip(writes, outcomes, strict=True):
        if write.key is not None and type(outcome) is Landed:
            rows += (write.kind, write.id, write.key, write.call, write.reply, outcome.position, write.time)
    return rows
