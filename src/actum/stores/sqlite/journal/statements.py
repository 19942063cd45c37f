"""The schema of a journal in SQLite, and its statements, which run on a given connection."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from actum.model.event import Stored
from actum.ports.journal import EventRange, Repeated
from actum.stores.page import event_size, within
from actum.stores.schema import Part
from actum.stores.sqlite.archive import schema as archive
from actum.stores.sqlite.archive.reading import ArchivedEvents
from actum.stores.sqlite.journal import claims
from actum.stores.sqlite.journal.rows import Rows

# An index over every event would cost a page write for each stream of a batch. Instead, an event refers to
# the event before it in its stream, the stream refers to its last event, and only every 32nd version is
# indexed. The event that `is_last` of its stream in a batch updates the stream by a trigger, so that one
# statement writes a batch.
FIRST_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS actum_streams (
        stream INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
        position INTEGER NOT NULL, time INTEGER NOT NULL, first_position INTEGER NOT NULL,
        first_time INTEGER NOT NULL, pruned INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, id))""",
    "CREATE INDEX IF NOT EXISTS actum_streams_first ON actum_streams (kind, first_time, first_position)",
    """CREATE TABLE IF NOT EXISTS actum_events (
        position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
        previous INTEGER NOT NULL, type TEXT NOT NULL, type_version INTEGER NOT NULL,
        payload BLOB NOT NULL, metadata BLOB NOT NULL, time INTEGER NOT NULL, is_last INTEGER NOT NULL)""",
    """CREATE UNIQUE INDEX IF NOT EXISTS actum_events_milestones ON actum_events (stream, version)
        WHERE version % 32 = 1""",
    """CREATE TRIGGER IF NOT EXISTS actum_events_last AFTER INSERT ON actum_events WHEN new.is_last BEGIN
        UPDATE actum_streams SET version = new.version, position = new.position, time = new.time
            WHERE stream = new.stream; END""",
    """CREATE TABLE IF NOT EXISTS actum_replies (
        kind TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, call TEXT NOT NULL, reply BLOB NOT NULL,
        position INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (kind, id, key)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS actum_snapshots (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, time INTEGER NOT NULL,
        fingerprint TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS actum_highest (position INTEGER NOT NULL)",
)
# The position at which each erased stream is in the feed; its events and its row in `streams` are gone.
ERASED_SCHEMA = (
    """CREATE TABLE actum_erased (
        position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL,
        UNIQUE (kind, id))""",
)
WHY_SCHEMA = ("ALTER TABLE actum_erased ADD COLUMN why TEXT NOT NULL DEFAULT 'erased'",)
IDENTITY_SCHEMA = (
    "CREATE TABLE actum_identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)",
    "INSERT INTO actum_identity VALUES (1, lower(hex(randomblob(16))))",
)
# By time, so that old replies are found without reading all.
AGE_SCHEMA = ("CREATE INDEX actum_replies_time ON actum_replies (time)",)
# A later step moves these claims to other tables.
CLAIMS_SCHEMA = (
    """CREATE TABLE actum_claims (
        kind TEXT NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (kind, name, digest)) WITHOUT ROWID""",
    "CREATE INDEX actum_claims_holder ON actum_claims (kind, id)",
)
SCHEMA = Part(
    "journal",
    (
        FIRST_SCHEMA,
        ERASED_SCHEMA,
        IDENTITY_SCHEMA,
        AGE_SCHEMA,
        CLAIMS_SCHEMA,
        WHY_SCHEMA,
        claims.SCHEMA,
        archive.SCHEMA,
    ),
)

COLUMNS = "position, kind, id, e.version, type, type_version, payload, metadata, e.time"
FORGET = """DELETE FROM actum_replies WHERE (kind, id, key) IN
    (SELECT kind, id, key FROM actum_replies WHERE time < ? ORDER BY time LIMIT ?)"""
MILESTONE = 32
# Follows a stream back from a position, as far as needed; the contents are looked up when they are read.
CHAIN = """WITH RECURSIVE chain (position, version, previous) AS (
        SELECT position, version, previous FROM actum_events WHERE position = :start
        UNION ALL
        SELECT e.position, e.version, e.previous FROM chain c JOIN actum_events e ON e.position = c.previous
        WHERE c.version > :after + 1
    )"""
UP_TO_LAST = "SELECT position FROM chain WHERE version <= :last"
# Goes from one kind to the next by the index, without reading every stream.
KINDS = """WITH RECURSIVE kinds (kind) AS (
        SELECT min(kind) FROM actum_streams UNION ALL
        SELECT (SELECT min(kind) FROM actum_streams WHERE kind > kinds.kind) FROM kinds
        WHERE kinds.kind IS NOT NULL
    ) SELECT kind FROM kinds WHERE kind IS NOT NULL"""


EVENTS = Rows("actum_events", 10)
STREAMS = Rows("actum_streams", 9)
REPLIES = Rows("actum_replies", 7)


class Stream(Struct):
    """A stream as in its row of `streams`; `number` is 0 if it has none."""

    number: int
    version: int
    position: int
    pruned: int


def stream(connection: sqlite3.Connection, kind: str, id: str) -> Stream:
    statement = "SELECT stream, version, position, pruned FROM actum_streams WHERE kind = ? AND id = ?"
    row = connection.execute(statement, (kind, id)).fetchone()
    return Stream(*row) if row else Stream(0, 0, 0, 0)


def next_stream(connection: sqlite3.Connection) -> int:
    return (connection.execute("SELECT max(stream) FROM actum_streams").fetchone()[0] or 0) + 1


def head(connection: sqlite3.Connection) -> int:
    last = "SELECT max(position) FROM"
    found = connection.execute(f"{last} actum_events UNION ALL {last} actum_erased").fetchall()
    return max(position or 0 for (position,) in found)


def highest(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT max(position) FROM actum_highest").fetchone()[0] or 0


def reply(connection: sqlite3.Connection, kind: str, id: str, key: str) -> Repeated | None:
    statement = "SELECT call, reply, position FROM actum_replies WHERE kind = ? AND id = ? AND key = ?"
    row = connection.execute(statement, (kind, id, key)).fetchone()
    return None if row is None else Repeated(*row)


def read(connection: sqlite3.Connection, archived: ArchivedEvents, part: EventRange) -> list[Stored]:
    found, limit = stream(connection, part.kind, part.id), part.limit
    first = max(part.after, found.pruned)
    last = found.version if part.up_to is None else min(found.version, part.up_to)
    if limit is not None:
        first, last = (max(first, last - limit), last) if part.reverse else (first, min(last, first + limit))
    rows = _rows(connection, part.kind, part.id, found, first, last, reverse=part.reverse)
    return within((archived.stored(connection, row) for row in rows), event_size)


def _rows(
    connection: sqlite3.Connection,
    kind: str,
    id: str,
    found: Stream,
    first: int,
    last: int,
    *,
    reverse: bool = False,
) -> Iterable[tuple[Any, ...]]:
    """Gives the rows of a stream's events with first < version <= last, none of which are pruned."""
    if last <= first:
        return ()
    # With a LIMIT, SQLite keeps the order of the inner query, and returns the rows one by one.
    statement = f"""{CHAIN} SELECT {COLUMNS} FROM (
            SELECT position AS place FROM chain WHERE version <= :last
            ORDER BY version {"DESC" if reverse else "ASC"} LIMIT -1
        ) CROSS JOIN actum_events e ON e.position = place, (SELECT :kind AS kind, :id AS id)"""
    values = {
        "start": start_of(connection, found, last),
        "after": first,
        "last": last,
        "kind": kind,
        "id": id,
    }
    return connection.execute(statement, values)


def start_of(connection: sqlite3.Connection, found: Stream, last: int) -> int:
    """Gives the position of the first milestone at or beyond a version, or of the stream's last event."""
    if found.version - last < MILESTONE:
        return found.position
    statement = f"""SELECT position FROM actum_events
        WHERE stream = ? AND version >= ? AND version % {MILESTONE} = 1 ORDER BY version LIMIT 1"""
    row = connection.execute(statement, (found.number, last)).fetchone()
    return row[0] if row else found.position


def prune(connection: sqlite3.Connection, kind: str, id: str, up_to: int) -> int:
    found = stream(connection, kind, id)
    up_to = min(up_to, found.version - 1)
    removed = _remove(connection, found, up_to)
    if removed:
        connection.execute("UPDATE actum_streams SET pruned = ? WHERE stream = ?", (up_to, found.number))
        # The snapshot holds what the removed events said.
        connection.execute("DELETE FROM actum_snapshots WHERE kind = ? AND id = ?", (kind, id))
    return removed


def keep_newest(connection: sqlite3.Connection, found: Stream) -> None:
    """Removes the events of a stream before the last."""
    values = {"start": found.position, "after": 0, "last": found.version - 1}
    connection.execute(f"DELETE FROM actum_events WHERE position IN ({CHAIN} {UP_TO_LAST})", values)
    connection.execute("UPDATE actum_streams SET pruned = version - 1 WHERE stream = ?", (found.number,))


def erased_at(connection: sqlite3.Connection, kind: str, id: str) -> int:
    """Gives the position at which a stream was erased last, or 0."""
    statement = "SELECT position FROM actum_erased WHERE kind = ? AND id = ?"
    row = connection.execute(statement, (kind, id)).fetchone()
    return row[0] if row else 0


def erase(
    connection: sqlite3.Connection, kind: str, id: str, position: int, time: int, why: str
) -> int | None:
    """Removes a stream, puts its `Deleted` at a position, and gives how many events it had; None if none."""
    found = stream(connection, kind, id)
    removed = _remove(connection, found, found.version)
    for table in ("actum_snapshots", "actum_replies", "actum_streams"):
        connection.execute(f"DELETE FROM {table} WHERE kind = ? AND id = ?", (kind, id))
    if not found.version:
        return None
    values = (position, kind, id, time, why)
    connection.execute("INSERT OR REPLACE INTO actum_erased VALUES (?,?,?,?,?)", values)
    return removed


def _remove(connection: sqlite3.Connection, found: Stream, up_to: int) -> int:
    if up_to <= found.pruned:
        return 0
    # The driver counts changed rows only for a statement that begins with DELETE.
    statement = f"""DELETE FROM actum_events WHERE position IN
        ({CHAIN} {UP_TO_LAST})"""
    values = {"start": start_of(connection, found, up_to), "after": found.pruned, "last": up_to}
    return connection.execute(statement, values).rowcount
