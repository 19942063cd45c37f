"""Gives and takes a whole journal in PostgreSQL: events, replies, claims and keys of persons."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from actum.errors import Invalid, StoreError
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.ports.journal import StreamKey
from actum.ports.transfer import ClaimTaken, JournalTransfer, Row
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.journal.statements import ORDER
from actum.stores.postgres.transfer import MISFITS, PostgresTables, columns_of, text_of
from actum.stores.statements.carried_tables import CLAIMS, FIRST_TIMES, OF_JOURNAL, OF_STREAMS

MAX_KNOWN = 200_000
"""Streams whose versions are remembered."""
SHORT = 16
"""Bytes of a claim's digest that tell it apart where its name is not known."""
EVENT = (
    "position",
    "stream",
    "version",
    "kind",
    "id",
    "type",
    "type_version",
    "payload",
    "metadata",
    "time",
)
HEADS = """SELECT s.* FROM unnest($1::text[], $2::text[]) AS g (kind, id), LATERAL (
        SELECT kind, id, version, first_position FROM actum_streams WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s"""
STREAMS = """INSERT INTO actum_streams
        (kind, id, version, position, time, first_position, first_time, pruned)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[],
        $6::text::bigint[], $7::text::bigint[], $8::text::bigint[])
    ON CONFLICT (kind, id) DO UPDATE
    SET version = excluded.version, position = excluded.position, time = excluded.time"""
ERASED = """INSERT INTO actum_erased SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (kind, id) DO UPDATE SET position = excluded.position"""
_GIVEN = "unnest($1::text[], $2::text[], $3::bytea[], $4::text[])"
TAKE = f"INSERT INTO actum_claims (kind, name, digest, id) SELECT * FROM {_GIVEN} ON CONFLICT "
TAKE_OVER = f"{TAKE} (kind, name, digest) DO UPDATE SET id = excluded.id"
GIVE_BACK = f"""DELETE FROM actum_claims c USING {_GIVEN} AS g (kind, name, digest, id)
    WHERE c.kind = g.kind AND c.name = g.name AND c.digest = g.digest AND c.id = g.id"""
HELD = """SELECT kind, id, name, digest FROM actum_claims
    WHERE $1::text IS NULL OR (kind, name, digest) > ($1, $2::text, $3::bytea)
    ORDER BY kind, name, digest LIMIT $4"""
MISSING = f"""SELECT count(*) FROM unnest($1::text[], $2::text[], $3::bytea[]) AS g (kind, id, digest)
    WHERE NOT EXISTS (SELECT FROM actum_claims c
        WHERE c.kind = g.kind AND c.id = g.id AND substring(c.digest FOR {SHORT}) = g.digest)"""
PRUNED = """SELECT kind, id, first_time FROM actum_streams
    WHERE pruned > 0 AND (kind, id) > ($1::text, $2::text) ORDER BY kind, id LIMIT $3"""
SET_FIRST_TIMES = """UPDATE actum_streams s SET first_time = g.time
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS g (kind, id, time)
    WHERE s.kind = g.kind AND s.id = g.id"""
IDENTITY = """INSERT INTO actum_identity (id) VALUES ($1)
    ON CONFLICT (is_the_only) DO UPDATE SET id = excluded.id"""


class Head(Struct):
    """Where a stream is; `first` is the position of its first event, under which its events are stored."""

    version: int
    first: int


class PostgresJournalTransfer(PostgresTables, JournalTransfer):
    """A journal in PostgreSQL that no application runs on."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool, OF_JOURNAL)
        self.tables: Sequence[str] = (*self.tables, *OF_STREAMS)
        self._known: dict[StreamKey, Head] = {}

    def columns(self, table: str) -> Sequence[str]:
        return OF_STREAMS.get(table) or super().columns(table)

    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        if table == CLAIMS:
            kind, _, name, digest = after or (None, None, None, None)
            found = await self._pool.fetch(HELD, kind, name, digest, limit)
        elif table == FIRST_TIMES:
            found = await self._pool.fetch(PRUNED, *(after or ("", ""))[:2], limit)
        else:
            return await super().rows(table, after, limit)
        return [tuple(row) for row in found]

    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        if table == CLAIMS:
            return await self._restore_claims(rows)
        if table == FIRST_TIMES:
            await self._pool.fetch(SET_FIRST_TIMES, *columns_of(rows, 3))
            return 0
        return await super().restore(table, columns, rows)

    async def _restore_claims(self, rows: Sequence[Row]) -> int:
        named = [(kind, name, digest, id) for kind, id, name, digest in rows if name]
        nameless = [(kind, id, digest[:SHORT]) for kind, id, name, digest in rows if not name]
        async with self._pool.transaction() as connection:
            await connection.execute(f"{TAKE} DO NOTHING", *columns_of(named, 4))
            return int(await connection.fetchval(MISSING, *columns_of(nameless, 3)))

    async def begin(self, identity: str, last: int) -> None:
        await self._pool.fetch(IDENTITY, identity)

    async def restore_events(
        self, events: Sequence[Stored], taken: Collection[ClaimTaken], released: Collection[ClaimTaken]
    ) -> Sequence[int]:
        try:
            async with self._pool.transaction() as connection:
                await self._learn(connection, events)
                await self._write(connection, events)
                if released:
                    await connection.execute(GIVE_BACK, *columns_of(list(released), 4))
                if taken:
                    await connection.execute(TAKE_OVER, *columns_of(list(taken), 4))
        except BaseException as error:
            # What is remembered runs ahead of what was committed.
            self._known.clear()
            if isinstance(error, MISFITS):
                raise Invalid(f"{self._pool.name} cannot keep an event: {error}") from error
            raise
        return [event.position for event in events]

    async def finish(self, last: int) -> None:
        await self._pool.fetch(ORDER.beyond, last)
        # The planner would otherwise take the tables for empty until the server looks at them by itself.
        await self._pool.fetch("ANALYZE actum_streams, actum_events")

    async def _learn(self, connection: Any, events: Sequence[Stored]) -> None:
        known = self._known
        if len(known) > MAX_KNOWN:
            known.clear()
        keys = {(event.kind, event.id) for event in events}
        unknown = [key for key in keys if key not in known]
        if unknown:
            for kind, id, version, first in await connection.fetch(HEADS, *columns_of(unknown, 2)):
                known[kind, id] = Head(version, first)

    async def _write(self, connection: Any, events: Sequence[Stored]) -> None:
        known = self._known
        records: list[tuple[Any, ...]] = []
        streams: dict[StreamKey, list[int]] = {}
        erased: dict[StreamKey, int] = {}
        for position, kind, id, version, type_, type_version, payload, metadata, time in map(_fields, events):
            key = (kind, id)
            first = position
            if not version and type_ == DELETED:
                erased[key] = position
            else:
                head = known.get(key)
                if head is None:
                    head = known[key] = Head(version - 1, position)
                if version != head.version + 1:
                    raise StoreError(
                        f"{kind}/{id} goes on at version {version}, and is at {head.version} here"
                    )
                head.version, first = version, head.first
                # Of an existing stream only the first three are used.
                row = streams.setdefault(key, [0, 0, 0, first, time, version - 1])
                row[:3] = version, position, time
            records.append((position, first, version, kind, id, type_, type_version, payload, metadata, time))
        await connection.copy_records_to_table("actum_events", records=records, columns=EVENT)
        if streams:
            keys, rows = columns_of(list(streams), 2), columns_of(list(streams.values()), 6)
            await connection.execute(STREAMS, *keys, *map(text_of, rows))
        if erased:
            kinds, ids = columns_of(list(erased), 2)
            await connection.execute(ERASED, kinds, ids, list(erased.values()))


def _fields(event: Stored) -> tuple[Any, ...]:
    return (
        event.position,
        event.kind,
        event.id,
        event.version,
        event.type,
        event.type_version,
        event.payload,
        event.metadata,
        event.time,
    )
