"""Loads many entities at once: their snapshots and later events, with two statements for all of them.

The driver needs the interpreter lock for every row, and would wait for it as long as the event loop is busy.
So each statement returns a single row: what was found as JSON, and the contents one after the other. Where
one of them is large or archived, it is run again in a form that returns rows, until they have the bytes of a
page.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec
from msgspec import Struct

from actum.model.event import Stored
from actum.ports.journal import Loaded, Snapshot, StreamKey
from actum.stores.page import MAX_PAGE_BYTES
from actum.stores.sqlite.archive.reading import ArchivedEvents
from actum.stores.sqlite.journal.rows import LARGEST, SIZES, fill_up
from actum.stores.sqlite.journal.statements import Stream, start_of

PAGE = 1_000
"""The most events of one entity that are loaded with its snapshot."""
EVENTS_A_STATEMENT = 4_000
"""The most events that one statement reads."""
SMALL_STATE = MAX_PAGE_BYTES // LARGEST
SMALL_EVENT = MAX_PAGE_BYTES // EVENTS_A_STATEMENT
"""Bytes up to which contents are put one after the other."""
NOTHING = Loaded(None, 0, [], is_complete=True)
"""What there is of an entity without events."""

# The cross joins keep the order of what is wanted.
FOUND = """FROM (VALUES {values}) AS wanted
    CROSS JOIN actum_streams s ON s.kind = wanted.column2 AND s.id = wanted.column3
    LEFT JOIN actum_snapshots p ON p.kind = wanted.column2 AND p.id = wanted.column3
        AND p.fingerprint = wanted.column4"""
FOUND_ROWS = f"""SELECT wanted.column1, s.stream, s.version, s.position, s.pruned, p.version, p.time, p.state
    {FOUND}"""
FOUND_AT_ONCE = f"""SELECT json_array(json_group_array(wanted.column1), json_group_array(s.stream),
        json_group_array(s.version), json_group_array(s.position), json_group_array(s.pruned),
        json_group_array(p.version), json_group_array(p.time), json_group_array(length(p.state))),
        CAST(group_concat(CASE WHEN length(p.state) <= {SMALL_STATE} THEN p.state END, '') AS BLOB),
        max(length(p.state)) > {SMALL_STATE}
    {FOUND}"""

# Follows each stream back from a position, as far as needed, with further columns of its events.
CHAIN = """WITH RECURSIVE chain (n, after, last, previous, {columns}) AS (
        SELECT column1, column3, column4, e.previous, {of_event}
        FROM (VALUES {{values}}) AS wanted CROSS JOIN actum_events e ON e.position = column2
        UNION ALL
        SELECT c.n, c.after, c.last, e.previous, {of_event}
        FROM chain c CROSS JOIN actum_events e ON e.position = c.previous WHERE c.version > c.after + 1
    )"""


def _chain(*columns: str) -> str:
    of_event = ", ".join(f"e.{column}" for column in columns)
    return CHAIN.format(columns=", ".join(columns), of_event=of_event)


PLACES = _chain("position", "version")
WHOLE = _chain("position", "version", "type", "type_version", "time", "payload", "metadata")
# The contents are looked up when they are read.
EVENT_ROWS = f"""{PLACES} SELECT n, e.position, e.version, type, type_version, time, payload, metadata FROM (
        SELECT n, position AS place FROM chain WHERE version <= last ORDER BY n, version LIMIT -1
    ) CROSS JOIN actum_events e ON e.position = place"""
IS_SMALL = f"typeof(payload) <> 'integer' AND length(payload) + length(metadata) <= {SMALL_EVENT}"
EVENTS_AT_ONCE = f"""{WHOLE} SELECT json_array(json_group_array(n), json_group_array(position),
        json_group_array(version), json_group_array(type), json_group_array(type_version),
        json_group_array(time), json_group_array(length(payload)), json_group_array(length(metadata))),
        CAST(group_concat(CASE WHEN {IS_SMALL} THEN payload END, '') AS BLOB),
        CAST(group_concat(CASE WHEN {IS_SMALL} THEN metadata END, '') AS BLOB), NOT min({IS_SMALL})
    FROM chain WHERE version <= last"""

Numbers = list[int]
Perhaps = list[int | None]
_decode_found = msgspec.json.Decoder(
    tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Perhaps, Perhaps, Perhaps]
).decode
_decode_events = msgspec.json.Decoder(
    tuple[Numbers, Numbers, Numbers, list[str], Numbers, Numbers, Numbers, Numbers]
).decode

WIDTH = 4
_STATEMENTS = {
    (statement, size): statement.replace("{values}", ",".join([f"({','.join('?' * WIDTH)})"] * size))
    for statement in (FOUND_ROWS, FOUND_AT_ONCE, EVENT_ROWS, EVENTS_AT_ONCE)
    for size in SIZES
}

_version = attrgetter("version")


class Part(Struct):
    """What is to be loaded of one stream: the events with `after` < version <= `last`."""

    stream: Stream
    snapshot: Snapshot | None
    after: int
    last: int
    events: list[Stored]

    def loaded(self) -> Loaded:
        """Returns what was loaded; it is complete if no event is missing."""
        is_complete = self.after + len(self.events) >= self.stream.version
        return Loaded(self.snapshot, self.stream.pruned, self.events, is_complete)


def load(
    connection: sqlite3.Connection,
    archived: ArchivedEvents,
    streams: Sequence[StreamKey],
    fingerprints: Mapping[str, str],
) -> list[Loaded]:
    """Loads the first of the streams, up to the one with which they reach the bytes of a page."""
    streams = streams[:LARGEST]
    parts, answered = _find(connection, streams, fingerprints)
    room = MAX_PAGE_BYTES
    for group in _groups(parts):
        room -= _add_events(connection, archived, streams, parts, group, room)
        if room <= 0:
            answered = 1 + max(n for n in group if parts[n].events)
            break
    return [parts[n].loaded() if n in parts else NOTHING for n in range(answered)]


def find(connection: sqlite3.Connection, streams: Sequence[StreamKey]) -> list[Stream]:
    """Gives the rows of at most LARGEST streams; one that has no events has the number 0."""
    parts, _ = _find(connection, streams, {})
    return [parts[n].stream if n in parts else Stream(0, 0, 0, 0) for n in range(len(streams))]


def _find(
    connection: sqlite3.Connection, streams: Sequence[StreamKey], fingerprints: Mapping[str, str]
) -> tuple[dict[int, Part], int]:
    """Returns what is to be loaded of each stream that has events, and of how many streams that is known."""
    wanted = [(n, kind, id, fingerprints.get(kind)) for n, (kind, id) in enumerate(streams)]
    columns, states, has_large = _run(connection, FOUND_AT_ONCE, wanted).fetchone()
    if has_large:
        return _find_large(connection, wanted)
    parts: dict[int, Part] = {}
    end = 0
    for n, number, version, position, pruned, kept, time, size in zip(*_decode_found(columns), strict=True):
        state = None
        if size is not None:
            state = states[end : end + size]
            end += size
        parts[n] = _part(Stream(number, version, position, pruned), kept, time, wanted[n][3], state)
    return parts, len(streams)


def _find_large(
    connection: sqlite3.Connection, wanted: Sequence[tuple[int, str, str, str | None]]
) -> tuple[dict[int, Part], int]:
    """Does the same row by row, up to the one with which the states reach the bytes of a page."""
    parts: dict[int, Part] = {}
    size = 0
    for n, number, version, position, pruned, kept, time, state in _run(connection, FOUND_ROWS, wanted):
        parts[n] = _part(Stream(number, version, position, pruned), kept, time, wanted[n][3], state)
        size += len(state or b"")
        if size >= MAX_PAGE_BYTES:
            return parts, n + 1
    return parts, len(wanted)


def _part(
    stream: Stream, kept: int | None, time: int | None, fingerprint: str | None, state: bytes | None
) -> Part:
    snapshot = None
    if kept is not None and time is not None and fingerprint is not None and state is not None:
        snapshot = Snapshot(kept, time, fingerprint, state)
    after = max(stream.pruned, kept or 0)
    return Part(stream, snapshot, after, min(stream.version, after + PAGE), [])


def _groups(parts: Mapping[int, Part]) -> Iterable[list[int]]:
    """Groups the streams that have events to be read, in their order, so that no statement reads too many."""
    group: list[int] = []
    events = 0
    for n, part in parts.items():
        count = part.last - part.after
        if count <= 0:
            continue
        if group and events + count > EVENTS_A_STATEMENT:
            yield group
            group, events = [], 0
        group.append(n)
        events += count
    if group:
        yield group


def _add_events(
    connection: sqlite3.Connection,
    archived: ArchivedEvents,
    streams: Sequence[StreamKey],
    parts: Mapping[int, Part],
    group: Sequence[int],
    room: int,
) -> int:
    """Reads the events of a group, up to the one that uses up the room; returns their bytes."""
    wanted = []
    for n in group:
        part = parts[n]
        wanted.append((n, start_of(connection, part.stream, part.last), part.after, part.last))
    columns, payloads, metadata, has_large = _run(connection, EVENTS_AT_ONCE, wanted).fetchone()
    if has_large or len(payloads or b"") > room:
        return _add_large_events(connection, archived, streams, parts, wanted, room)
    end = end_of_metadata = 0
    for n, position, version, type_, type_version, time, size, size_of_metadata in zip(
        *_decode_events(columns), strict=True
    ):
        kind, id = streams[n]
        payload = payloads[end : end + size]
        about = metadata[end_of_metadata : end_of_metadata + size_of_metadata]
        end += size
        end_of_metadata += size_of_metadata
        parts[n].events.append(Stored(position, kind, id, version, type_, type_version, payload, about, time))
    for n in group:
        parts[n].events.sort(key=_version)
    return end


def _add_large_events(
    connection: sqlite3.Connection,
    archived: ArchivedEvents,
    streams: Sequence[StreamKey],
    parts: Mapping[int, Part],
    wanted: Sequence[tuple[int, int, int, int]],
    room: int,
) -> int:
    """Does the same row by row."""
    used = 0
    for n, position, version, type_, type_version, time, payload, metadata in _run(
        connection, EVENT_ROWS, wanted
    ):
        kind, id = streams[n]
        row = (position, kind, id, version, type_, type_version, payload, metadata, time)
        event = archived.stored(connection, row)
        parts[n].events.append(event)
        used += len(event.payload)
        if used >= room:
            break
    return used


def _run(
    connection: sqlite3.Connection, statement: str, wanted: Sequence[tuple[object, ...]]
) -> sqlite3.Cursor:
    """Runs a statement for so many rows; there is one for each power of two, and places stay empty."""
    values = [value for row in wanted for value in row]
    return connection.execute(_STATEMENTS[statement, fill_up(values, WIDTH)], values)
