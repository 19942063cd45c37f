"""Stores events in PostgreSQL, where several processes may write."""

import asyncio
import contextlib
import uuid
from collections.abc import Collection, Sequence
from itertools import groupby, starmap
from operator import itemgetter
from typing import Any

import msgspec

from actum.errors import Unavailable
from actum.model.deletion import ERASED, deletion
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
from actum.stores.listing import listing_statement, page_of, search_statement, search_values
from actum.stores.outcomes import recognise
from actum.stores.postgres.connection.notifier import Notifier
from actum.stores.postgres.connection.one_row import fitting
from actum.stores.postgres.connection.pool import PostgresPool, changed
from actum.stores.postgres.journal import claim_statements, statements
from actum.stores.postgres.journal.appending import MAX_ATTEMPTS, Appender, Overtaken
from actum.stores.postgres.journal.transfer import PostgresJournalTransfer
from actum.stores.postgres.person_keys import PostgresPersonKeys
from actum.stores.schema import Part
from actum.stores.steps import STEP, in_steps

SCHEMA = Part(
    "journal",
    (
        statements.SCHEMA,
        statements.ERASED_SCHEMA,
        statements.IDENTITY_SCHEMA,
        claim_statements.SCHEMA,
    ),
)
LATEST = 2**63 - 1
POLL = 1.0
HIDDEN_POLL = 0.02
SEARCH = search_statement(lambda number: f"${number}")


class PostgresJournal(Journal):
    """A journal in PostgreSQL, which any number of processes write.

    Positions grow with the ids of transactions, and have gaps. The feed shows a transaction when every older
    one on the server is over, so a transaction that stays open delays readers, but never writers.
    """

    is_shared = True

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self.person_keys = PostgresPersonKeys(pool)
        self.transfer = PostgresJournalTransfer(pool)
        self._notifier = Notifier(pool)
        self._appender = Appender(pool)

    def __repr__(self) -> str:
        return f"<PostgresJournal {self._pool.name}>"

    @property
    def refuses_writes(self) -> bool:
        return self._pool.refuses_writes

    async def identity(self) -> str:
        await self._pool.fetch(statements.IDENTIFY, uuid.uuid4().hex)
        return str(await self._pool.fetchval(statements.IDENTITY))

    def keep_newest(self, kinds: Collection[str]) -> None:
        super().keep_newest(kinds)
        self._appender.newest_only = self.newest_only

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        outcomes = await self._appender.append(writes)
        self._notifier.tell()
        return outcomes

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        await self._appender.fence()
        streams = list({(write.kind, write.id) for write in writes})
        async with self._pool.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            versions = await self._appender.versions(connection, streams)
            replies = await self._appender.replies(
                connection, [(write.kind, write.id, write.key) for write in writes if write.key is not None]
            )
            events = await _ranges(connection, writes)
            head = (await connection.fetchrow(statements.ENDS))["last"]
        return recognise(
            writes,
            head=head,
            version_of=lambda stream: versions.get(stream, 0),
            reply_of=replies.get,
            events_of=lambda stream, after, up_to: events.get((stream, after, up_to), []),
            newest_only=self.newest_only,
        )

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        kinds, ids = [kind for kind, _ in streams], [id for _, id in streams]
        values = (kinds, ids, [fingerprints.get(kind) for kind in kinds])
        rows = await self._pool.fetch(fitting(statements.LOAD, values), *values)
        return [_loaded(list(of_one)) for _, of_one in groupby(rows, itemgetter("n"))]

    async def read(self, part: EventRange) -> list[Stored]:
        statement = statements.READ.format(order="DESC" if part.reverse else "ASC")
        last = LATEST if part.up_to is None else part.up_to
        async with self._pool.callers.taken():
            rows = await self._pool.fetch(statement, part.kind, part.id, part.after, last, part.limit)
        return [Stored(*row) for row in rows]

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        if not keys:
            return []
        columns = list(zip(*keys, strict=True))
        rows = await self._pool.fetch(fitting(statements.REPLIES, columns), *columns)
        return [None if row["call"] is None else Repeated(*row) for row in rows]

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        rows = [(*claim, id) for claim, id in sorted(claims)]
        if not rows:
            return 0
        async with self._pool.connection() as connection:
            return int(await connection.fetchval(claim_statements.TAKE_CLAIMS, *zip(*rows, strict=True)))

    async def kinds(self) -> list[str]:
        return [row["kind"] for row in await self._pool.fetch(statements.KINDS)]

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        if not claims:
            return []
        columns = list(zip(*claims, strict=True))
        rows = await self._pool.fetch(fitting(claim_statements.HOLDERS, columns), *columns)
        found = {(kind, name, digest): id for kind, name, digest, id in rows}
        return [found.get(claim) for claim in claims]

    async def streams(self, listing: StreamListing) -> StreamPage:
        statement, values = listing_statement(listing, lambda number: f"${number}")
        async with self._pool.callers.taken():
            rows = await self._pool.fetch(statement, *values)
        return page_of(listing, [(StreamInfo(*stream), position) for *stream, position in rows])

    async def streams_by_id(
        self, kind: str, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[StreamInfo] | None:
        values = search_values(kind, prefix, after, limit)
        async with self._pool.callers.taken():
            rows = await self._pool.fetch(SEARCH, *values)
        return list(starmap(StreamInfo, rows))

    async def feed(self, after: int, limit: int) -> list[Stored]:
        return list(starmap(Stored, await self._pool.fetch(statements.FEED, after, limit)))

    async def head(self) -> int:
        return int(await self._pool.fetchval(statements.HEAD))

    async def position_before(self, position: int, count: int) -> int:
        return int(await self._pool.fetchval(statements.BEFORE, position, count) or 0)

    async def last(self) -> int:
        return int(await self._pool.fetchval(statements.LAST))

    async def wait(self, after: int) -> None:
        news = self._notifier.ticket()
        [ends] = await self._pool.fetch(statements.ENDS)
        if ends["head"] > after:
            return
        # Nobody notifies when an older transaction, which hid events, is over.
        patience = HIDDEN_POLL if ends["last"] > after else POLL
        with contextlib.suppress(TimeoutError):
            # `wait_for` may swallow a cancellation, in Python 3.11.
            async with asyncio.timeout(patience):
                await news.wait()

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        values = msgspec.structs.astuple(snapshot)
        await self._pool.fetch(statements.SAVE_SNAPSHOT, kind, id, *values)

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        async with self._pool.transaction() as connection:
            cut = await connection.fetchrow(statements.PRUNE, kind, id, up_to)
            if cut is None:
                return 0
            # The snapshot holds what the removed events said.
            await connection.execute(statements.REMOVE_SNAPSHOT, kind, id)
            return changed(await connection.execute(statements.REMOVE_EVENTS, *cut))

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
        for _ in range(MAX_ATTEMPTS):
            with contextlib.suppress(Overtaken):
                async with self._pool.transaction() as connection:
                    fact = deletion(0, kind, id, time, why)
                    erased = await _erase(connection, fact, since, version)
                self._notifier.tell()
                return erased
        raise Unavailable(f"{self._pool.name}: other processes were first {MAX_ATTEMPTS} times: send again")

    async def forget_replies(self, before: int) -> int:
        async def forget() -> int:
            async with self._pool.connection() as connection:
                return changed(await connection.execute(statements.FORGET, before, STEP))

        return await in_steps(forget)

    async def close(self) -> None:
        await self._notifier.close()
        await self._appender.close()
        await self._pool.close()


async def open_journal(pool: PostgresPool) -> PostgresJournal:
    """Opens the journal in a database whose schema is up to date."""
    async with pool.connection() as connection:
        await connection.execute(statements.CATCH_UP_ORDER)
    return PostgresJournal(pool)


async def _erase(connection: Any, fact: Stored, since: int | None, at: int | None) -> Erased:
    """Erases a stream in a transaction; raises Overtaken if a later transaction wrote its last event."""
    kind, id = fact.kind, fact.id
    held = await connection.fetchrow(statements.HOLD, kind, id)
    before = await connection.fetchval(statements.ERASED_AT, kind, id) or 0
    if since is not None and before > since:
        return Erased(0, before)
    if at is not None and at != (held["version"] if held is not None else 0):
        return Erased(0, before)
    removed, position = 0, before
    if held is not None:
        first, version, last = held
        removed = changed(await connection.execute(statements.REMOVE_EVENTS, first, version))
        await connection.execute(statements.REMOVE_ERASED, before)
        position = await connection.fetchval(statements.MARK_ERASED, kind, id, last, fact.payload, fact.time)
        if position is None:
            raise Overtaken
    for statement in (
        statements.REMOVE_SNAPSHOT,
        statements.REMOVE_REPLIES,
        claim_statements.REMOVE_CLAIMS,
        statements.REMOVE_STREAM,
    ):
        await connection.execute(statement, kind, id)
    return Erased(removed, position)


async def _ranges(connection: Any, writes: Sequence[Write]) -> dict[tuple[StreamKey, int, int], list[Stored]]:
    ranges = [
        ((write.kind, write.id), write.expected, write.expected + len(write.events)) for write in writes
    ]
    rows = await connection.fetch(
        statements.RANGES,
        [kind for (kind, _), _, _ in ranges],
        [id for (_, id), _, _ in ranges],
        [after for _, after, _ in ranges],
        [up_to for _, _, up_to in ranges],
    )
    found: dict[int, list[Stored]] = {}
    for number, *event in rows:
        found.setdefault(number, []).append(Stored(*event))
    return {one: found.get(number, []) for number, one in enumerate(ranges, 1)}


def _loaded(rows: Sequence[Any]) -> Loaded:
    first = rows[0]
    if first["last"] is None:
        return Loaded(None, 0, [], True)
    snapshot = None
    if first["kept"] is not None:
        snapshot = Snapshot(first["kept"], first["kept_at"], first["fingerprint"], first["state"])
    events = [Stored(*tuple(row)[8:]) for row in rows if row["position"] is not None]
    base = first["pruned"] if snapshot is None else snapshot.version
    is_complete = base + len(events) >= first["last"]
    return Loaded(snapshot, first["pruned"], events, is_complete, first["first_position"])
