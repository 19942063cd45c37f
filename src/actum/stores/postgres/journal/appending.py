"""Writes a batch to PostgreSQL: in one statement, or under locks when another writer was first."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from actum.errors import Invalid, Unavailable
from actum.ports.journal import ClaimKey, Landed, Outcome, Repeated, ReplyKey, StreamKey, Write
from actum.stores.outcomes import ClaimChanges, claim_keys
from actum.stores.postgres.connection.one_row import fitting
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.connection.sticky_connection import StickyConnection
from actum.stores.postgres.journal import claim_statements, statements
from actum.stores.postgres.journal.append_statements import APPENDS
from actum.stores.postgres.journal.batch import Batch, assumed, decided

MAX_ATTEMPTS = 20
MAX_FENCE_TIME = 20.0
DEADLOCK = "40P01"

NO_FIRSTS: Mapping[StreamKey, int] = {}

Holding = tuple[str, str, bytes, str]
"""A claim, and the id of its holder."""

MISFITS = (
    asyncpg.DataError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.UntranslatableCharacterError,
    OverflowError,
    UnicodeEncodeError,
)


class Overtaken(Exception):
    """Another process was first, and nothing was written. Never leaves the journal, which tries again."""


class StaleEpoch(Overtaken):
    """The append was sent in an epoch that `fence` has ended since."""


class Appender:
    """Writes batches, and can make sure that an interrupted one can no longer land.

    Every append carries the epoch of its writer. `fence` begins another epoch: it waits for running appends,
    and the server refuses those that arrive later.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._connection = StickyConnection(pool)
        self._writer = uuid.uuid4()
        self._epoch: int | None = None
        self.newest_only: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<Appender {self._writer} in epoch {self._epoch}>"

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        """Gives the outcome of each write."""
        if not writes:
            return []
        try:
            return await self._append(writes)
        except MISFITS as error:
            raise Invalid(f"{self._pool.name} cannot keep that: {error}") from error

    async def _append(self, writes: Sequence[Write]) -> list[Outcome]:
        claims = sorted(claim_keys(writes))
        batch = assumed(writes, has_claims=bool(claims))
        # The outcomes of a batch that contradicts itself need the actual versions of the streams.
        outcomes = (
            await (self._write_claiming if claims else self._write)(batch)
            if batch.lands_whole and not self._replaces(writes)
            else None
        )
        for _ in range(MAX_ATTEMPTS):
            if outcomes is not None:
                return outcomes
            outcomes = await self._write_locked(writes, claims)
        raise Unavailable(f"{self._pool.name}: other processes were first {MAX_ATTEMPTS} times: send again")

    async def close(self) -> None:
        """Releases its connection."""
        await self._connection.leave()

    async def fence(self) -> None:
        """Returns when no append that was sent before can land any more."""
        async with self._pool.connection() as connection:
            epoch = await connection.fetchval(
                statements.FENCE, self._writer, (self._epoch or 0) + 1, timeout=MAX_FENCE_TIME
            )
        self._epoch = epoch

    async def versions(
        self,
        connection: Any,
        streams: Sequence[StreamKey],
        statement: str = statements.VERSIONS,
        *,
        firsts: Mapping[StreamKey, int] = NO_FIRSTS,
    ) -> dict[StreamKey, int]:
        """Gives the versions of the streams that exist.

        One whose first event is not that of `firsts` was erased and has begun anew: its version counts as 0.
        """
        values = [kind for kind, _ in streams], [id for _, id in streams]
        rows = await connection.fetch(fitting(statement, values), *values)
        return {
            (kind, id): version if firsts.get((kind, id), first) == first else 0
            for kind, id, version, first in rows
        }

    async def replies(self, connection: Any, keys: Sequence[ReplyKey]) -> dict[ReplyKey, Repeated]:
        """Gives the stored replies."""
        if not keys:
            return {}
        columns = list(zip(*keys, strict=True))
        rows = await connection.fetch(fitting(statements.KEPT, columns), *columns)
        return {(row[0], row[1], row[2]): Repeated(row[3], row[4], row[5]) for row in rows}

    async def _write(self, batch: Batch, taken: Sequence[Holding] = ()) -> list[Outcome] | None:
        """Writes a batch, and takes claims, in one statement; gives None if it has to be decided again."""
        epoch = self._epoch if self._epoch is not None else await self._enrol()
        try:
            async with self._connection.connection() as connection:
                return await self._run(connection, batch, epoch, taken)
        except (Overtaken, asyncpg.PostgresError, Unavailable) as error:
            await self._make_ready(error)
        return None

    async def _write_claiming(self, batch: Batch) -> list[Outcome] | None:
        """Writes a batch whose claims nobody holds; gives None if it has to be decided again."""
        changes = ClaimChanges(batch.writes, batch.outcomes)
        if changes.freed:
            return None
        taken = sorted((*claim, id) for claim, id in changes.taken.items())
        return await self._write(batch, taken)

    async def _write_locked(
        self, writes: Sequence[Write], claims: Sequence[ClaimKey]
    ) -> list[Outcome] | None:
        """Decides a batch on the actual versions, which are locked meanwhile, and writes it."""
        epoch = self._epoch if self._epoch is not None else await self._enrol()
        streams = sorted({(write.kind, write.id) for write in writes})
        try:
            async with self._pool.transaction() as connection:
                if claims:
                    await connection.execute(claim_statements.HAVE_CLAIMS_ALONE)
                versions = await self.versions(
                    connection, streams, statements.LOCK_STREAMS, firsts=_firsts(writes)
                )
                replies = await self.replies(connection, _keys(writes))
                holders = await self._hold(connection, claims)
                batch = decided(writes, lambda stream: versions.get(stream, 0), replies.get, holders.get)
                outcomes = await self._run(connection, batch, epoch, is_final=True)
                if outcomes is not None and self._replaces(writes):
                    await self._keep_newest(connection, writes, outcomes)
                if claims and outcomes is not None:
                    await self._change_claims(connection, ClaimChanges(writes, outcomes), holders)
                return outcomes
        except (Overtaken, asyncpg.PostgresError, Unavailable) as error:
            await self._make_ready(error)
        return None

    def _replaces(self, writes: Sequence[Write]) -> bool:
        """Whether events of some streams replace those before."""
        kinds = self.newest_only
        return bool(kinds) and any(write.kind in kinds and write.events for write in writes)

    async def _keep_newest(
        self, connection: Any, writes: Sequence[Write], outcomes: Sequence[Outcome]
    ) -> None:
        """Removes the events of streams that were replaced, in the transaction of the append."""
        streams = {
            (write.kind, write.id)
            for write, outcome in zip(writes, outcomes, strict=True)
            if write.kind in self.newest_only and write.events and type(outcome) is Landed
        }
        if streams:
            await connection.execute(statements.KEEP_NEWEST, *zip(*sorted(streams), strict=True))

    async def _run(
        self,
        connection: Any,
        batch: Batch,
        epoch: int,
        taken: Sequence[Holding] = (),
        *,
        is_final: bool = False,
    ) -> list[Outcome] | None:
        if not batch.streams:
            return batch.settled(0, 0, {}, lambda key: None)
        values = batch.plain_values() if batch.is_plain else batch.values()
        if taken:
            values += zip(*taken, strict=True)
        # The arrays that are sent as text are no longer than the lists beside them.
        statement = fitting(APPENDS[batch.is_plain, bool(taken)], values)
        row = await connection.fetchrow(statement, self._writer, epoch, *values)
        if not row["is_fenced_in"]:
            raise StaleEpoch
        missing = batch.missing(row["landed"])
        if not row["is_clear"]:
            return None
        if missing and is_final:
            raise Overtaken
        lost, replies = await self._found(connection, batch.writes, missing) if missing else ({}, {})
        return batch.settled(row["position"], row["head"], lost, replies.get)

    async def _found(
        self, connection: Any, writes: Sequence[Write], streams: Sequence[StreamKey]
    ) -> tuple[dict[StreamKey, int], dict[ReplyKey, Repeated]]:
        """Gives the versions of streams, 0 for those that do not exist, and the stored replies."""
        versions = await self.versions(connection, streams, firsts=_firsts(writes))
        replies = await self.replies(connection, _keys(writes))
        return {stream: versions.get(stream, 0) for stream in streams}, replies

    async def _hold(self, connection: Any, claims: Sequence[ClaimKey]) -> dict[ClaimKey, str]:
        """Gives the holders of claims, which are locked; those that nobody holds cannot be."""
        if not claims:
            return {}
        rows = await connection.fetch(claim_statements.LOCK_CLAIMS, *zip(*claims, strict=True))
        return {(kind, name, digest): id for kind, name, digest, id in rows}

    async def _change_claims(
        self, connection: Any, changes: ClaimChanges, holders: Mapping[ClaimKey, str]
    ) -> None:
        """Deletes and inserts claims; raises Overtaken if another process was first to take one."""
        if changes.freed:
            columns = zip(*((*claim, id) for claim, id in changes.freed), strict=True)
            await connection.execute(claim_statements.FREE_CLAIMS, *columns)
        taken = sorted(
            (*claim, id)
            for claim, id in changes.taken.items()
            if holders.get(claim) != id or (claim, id) in changes.freed
        )
        if taken:
            count = await connection.fetchval(claim_statements.TAKE_CLAIMS, *zip(*taken, strict=True))
            if count < len(taken):
                raise Overtaken

    async def _make_ready(self, error: Exception) -> None:
        """Prepares another attempt if the error says that nothing was written; otherwise raises it."""
        if isinstance(error, StaleEpoch):
            await self._enrol()
        elif not isinstance(error, Overtaken):
            code = getattr(error.__cause__ or error, "sqlstate", None)
            if code not in (statements.REFUSED, DEADLOCK):
                raise error

    async def _enrol(self) -> int:
        async with self._pool.transaction() as connection:
            epoch: int = await connection.fetchval(statements.ENROL, self._writer, self._epoch or 0)
            await connection.execute(statements.STRIKE_OFF, self._writer)
        self._epoch = epoch
        return epoch


def _firsts(writes: Sequence[Write]) -> dict[StreamKey, int]:
    """Gives the first events that writers know, by position."""
    return {(write.kind, write.id): write.first for write in writes if write.first}


def _keys(writes: Sequence[Write]) -> list[ReplyKey]:
    return [(write.kind, write.id, write.key) for write in writes if write.key is not None]
