"""Gives and takes a whole journal in SQLite: events, replies, claims and keys of persons."""

import sqlite3
from collections.abc import Callable, Collection, Sequence

import msgspec

from actum.errors import StoreError
from actum.model.deletion import DELETED, Deleted
from actum.model.event import Stored
from actum.ports.journal import StreamKey
from actum.ports.transfer import ClaimTaken, JournalTransfer, Row
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal import loading, statements
from actum.stores.sqlite.journal.claims import KEY_BYTES
from actum.stores.sqlite.journal.rows import LARGEST
from actum.stores.sqlite.journal.statements import EVENTS, STREAMS, Stream
from actum.stores.sqlite.transfer import SqliteTables
from actum.stores.statements.carried_tables import CLAIMS, FIRST_TIMES, OF_JOURNAL, OF_STREAMS

# What the log says last of a claim holds, whatever the table says.
HELD = """WITH recent AS MATERIALIZED (
        SELECT key, holder, max(number) FROM actum_claim_log WHERE key > ?1 GROUP BY key
    ) SELECT kind, id, '', key FROM (
        SELECT * FROM (SELECT key, holder FROM actum_claim_keys
            WHERE key > ?1 AND key NOT IN (SELECT key FROM recent) ORDER BY key LIMIT ?2)
        UNION ALL SELECT key, holder FROM recent WHERE holder > 0
    ) CROSS JOIN actum_streams ON stream = holder ORDER BY key LIMIT ?2"""
TAKE = """INSERT INTO actum_claim_keys SELECT ?4, stream FROM actum_streams WHERE kind = ?1 AND id = ?2
    ON CONFLICT DO """
TAKE_OVER = f"{TAKE} UPDATE SET holder = excluded.holder"
GIVE_BACK = """DELETE FROM actum_claim_keys WHERE key = ?4
    AND holder = (SELECT stream FROM actum_streams WHERE kind = ?1 AND id = ?2)"""
PRUNED = """SELECT kind, id, first_time FROM actum_streams WHERE pruned > 0 AND (kind, id) > (?, ?)
    ORDER BY kind, id LIMIT ?"""
FIRST_TIME = "UPDATE actum_streams SET first_time = ? WHERE kind = ? AND id = ?"
_deleted: Callable[[bytes], Deleted] = msgspec.json.Decoder(Deleted).decode


class SqliteJournalTransfer(SqliteTables, JournalTransfer):
    """A journal in a SQLite file that no application runs on.

    Of claims it has the first KEY_BYTES bytes of the digest, and no names.
    """

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file, OF_JOURNAL)
        self.tables: Sequence[str] = (*self.tables, *OF_STREAMS)

    def columns(self, table: str) -> Sequence[str]:
        return OF_STREAMS.get(table) or super().columns(table)

    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        if table == CLAIMS:
            return await self._read(HELD, b"" if after is None else after[-1], limit)
        if table == FIRST_TIMES:
            return await self._read(PRUNED, *(after or ("", ""))[:2], limit)
        return await super().rows(table, after, limit)

    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        if table == CLAIMS:
            values = [(kind, id, name, digest[:KEY_BYTES]) for kind, id, name, digest in rows]
            await self._write(f"{TAKE} NOTHING", values)
        elif table == FIRST_TIMES:
            await self._write(FIRST_TIME, [(time, kind, id) for kind, id, time in rows])
        else:
            await super().restore(table, columns, rows)
        return 0

    async def _read(self, statement: str, *values: object) -> list[Row]:
        return await self._file.read(lambda connection: connection.execute(statement, values).fetchall())

    async def _write(self, statement: str, rows: Sequence[Row]) -> None:
        await self._file.write(lambda connection: connection.executemany(statement, rows))

    async def begin(self, identity: str, last: int) -> None:
        statement = "UPDATE actum_identity SET id = ?"
        await self._file.write(lambda connection: connection.execute(statement, (identity,)))

    async def restore_events(
        self, events: Sequence[Stored], taken: Collection[ClaimTaken], released: Collection[ClaimTaken]
    ) -> Sequence[int]:
        def restore(connection: sqlite3.Connection) -> None:
            _restore_events(connection, events)
            for statement, claims in ((GIVE_BACK, released), (TAKE_OVER, taken)):
                connection.executemany(
                    statement, [(kind, id, name, digest[:KEY_BYTES]) for kind, name, digest, id in claims]
                )

        await self._file.write(restore, is_large=True)
        return [event.position for event in events]

    async def finish(self, last: int) -> None:
        def finish(connection: sqlite3.Connection) -> None:
            if last > max(statements.head(connection), statements.highest(connection)):
                connection.execute("DELETE FROM actum_highest")
                connection.execute("INSERT INTO actum_highest VALUES (?)", (last,))

        await self._file.write(finish)


def _restore_events(connection: sqlite3.Connection, events: Sequence[Stored]) -> None:
    streams = _streams(connection, events)
    next_number = statements.next_stream(connection)
    rows: list[object] = []
    begun: dict[StreamKey, tuple[int, Stored]] = {}
    ends: dict[int, int] = {}
    erased: list[tuple[object, ...]] = []
    for event in events:
        position, kind, id, version = event.position, event.kind, event.id, event.version
        if not version and event.type == DELETED:
            erased.append((position, kind, id, event.time, _deleted(event.payload).why))
            continue
        key = (kind, id)
        stream = streams[key]
        if not stream.number:
            stream.number = next_number
            next_number += 1
            stream.version = stream.pruned = version - 1
            begun[key] = (stream.number, event)
        if version != stream.version + 1:
            raise StoreError(f"{kind}/{id} goes on at version {version}, and is at {stream.version} here")
        rows += (position, stream.number, version, stream.position, event.type, event.type_version)
        rows += (event.payload, event.metadata, event.time, 0)
        stream.version, stream.position = version, position
        ends[stream.number] = len(rows) - 1
    for end in ends.values():
        rows[end] = 1
    new: list[object] = []
    for (kind, id), (number, first) in begun.items():
        new += (number, kind, id, 0, 0, 0, first.position, first.time, streams[kind, id].pruned)
    STREAMS.insert(connection, new)
    EVENTS.insert(connection, rows)
    connection.executemany("INSERT OR REPLACE INTO actum_erased VALUES (?,?,?,?,?)", erased)


def _streams(connection: sqlite3.Connection, events: Sequence[Stored]) -> dict[StreamKey, Stream]:
    keys = list({(event.kind, event.id) for event in events if event.version})
    found: dict[StreamKey, Stream] = {}
    for start in range(0, len(keys), LARGEST):
        some = keys[start : start + LARGEST]
        found.update(zip(some, loading.find(connection, some), strict=True))
    return found
