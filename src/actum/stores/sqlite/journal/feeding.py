"""Reads the feed: the events of all streams in order, with one statement that returns a single row.

The driver needs the interpreter lock for every row, and would wait for it as long as the event loop is busy;
see `loading`, which does the same for streams. Large and archived contents are read row by row.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from actum.model.deletion import deletion
from actum.model.event import Stored
from actum.stores.page import MAX_PAGE_BYTES, event_size, within
from actum.stores.sqlite.archive.reading import ArchivedEvents

LATEST = 2**63 - 1
MOST = 4_000
"""The most events that one statement reads."""
SMALL = MAX_PAGE_BYTES // MOST
"""Bytes of an event up to which its contents are put behind those of others."""

ROWS = """SELECT e.position, kind, id, e.version, type, type_version, payload, metadata, e.time
    FROM actum_events e JOIN actum_streams s ON s.stream = e.stream
    WHERE e.position > ? ORDER BY e.position LIMIT ?"""
# Sizes are computed once, in the inner query, and a column is an answer of its own: both cost a third less.
AT_ONCE = f"""SELECT json_group_array(position), json_group_array(kind), json_group_array(id),
        json_group_array(version), json_group_array(type), json_group_array(type_version),
        json_group_array(time), json_group_array(size), json_group_array(metadata_size),
        CAST(group_concat(CASE WHEN is_small THEN payload END, '') AS BLOB),
        CAST(group_concat(CASE WHEN is_small THEN metadata END, '') AS BLOB), NOT min(is_small)
    FROM (
        SELECT e.position, kind, id, e.version, type, type_version, payload, metadata, e.time,
            length(payload) AS size, length(metadata) AS metadata_size,
            typeof(payload) <> 'integer' AND length(payload) + length(metadata) <= {SMALL} AS is_small
        FROM actum_events e JOIN actum_streams s ON s.stream = e.stream
        WHERE e.position > ? ORDER BY e.position LIMIT ?)"""
ERASED = """SELECT position, kind, id, time, why FROM actum_erased
    WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"""

_numbers = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode
# Position, kind, id, version, type, its version, time, and the sizes of payload and metadata.
_DECODERS = (_numbers, _texts, _texts, _numbers, _texts, _numbers, _numbers, _numbers, _numbers)


def feed(connection: sqlite3.Connection, archived: ArchivedEvents, after: int, limit: int) -> list[Stored]:
    """Gives up to `limit` events beyond a position; fewer where they are large or very many."""
    limit = min(limit, MOST)
    *columns, payloads, metadata, has_large = connection.execute(AT_ONCE, (after, limit)).fetchone()
    if has_large:
        events, is_whole = _large(connection, archived, after, limit)
    else:
        events = _events(columns, payloads or b"", metadata or b"")
        is_whole = len(events) < limit
    last = LATEST if is_whole or not events else events[-1].position
    erased = [deletion(*row) for row in connection.execute(ERASED, (after, last, limit))]
    if not erased:
        return events
    return sorted(events + erased, key=lambda one: one.position)[:limit]


def _events(columns: Sequence[str], payloads: bytes, metadata: bytes) -> list[Stored]:
    events: list[Stored] = []
    add = events.append
    start = start_of_metadata = 0
    for position, kind, id, version, type_, type_version, time, size, size_of_metadata in zip(
        *(decode(column) for decode, column in zip(_DECODERS, columns, strict=True)), strict=True
    ):
        end = start + size
        end_of_metadata = start_of_metadata + size_of_metadata
        payload, about = payloads[start:end], metadata[start_of_metadata:end_of_metadata]
        add(Stored(position, kind, id, version, type_, type_version, payload, about, time))
        start, start_of_metadata = end, end_of_metadata
    return events


def _large(
    connection: sqlite3.Connection, archived: ArchivedEvents, after: int, limit: int
) -> tuple[list[Stored], bool]:
    """Reads row by row, and says whether those are all there are."""
    rows = connection.execute(ROWS, (after, limit))
    events = within((archived.stored(connection, row) for row in rows), event_size)
    return events, len(events) < limit and rows.fetchone() is None
