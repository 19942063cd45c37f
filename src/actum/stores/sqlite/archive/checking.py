"""Compares a store with its archived events: every one has to be in a file, and as its row says."""

import sqlite3
from collections.abc import Callable

from actum.errors import StoreError
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.reading import is_same

HAS_SEGMENTS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'actum_segments'"
SEGMENTS = "SELECT segment, file FROM actum_segments ORDER BY segment"
SIZES = "SELECT file, size FROM actum_segments"
# What the events refer to; a row has nothing where payload and metadata were.
ROWS = """SELECT e.position, kind, s.id, e.version, e.type, e.type_version, NULL, NULL, e.time
    FROM json_each(?) CROSS JOIN actum_events e ON e.position = value JOIN actum_streams s USING (stream)
    WHERE typeof(payload) = 'integer' AND payload = ?"""
ARCHIVED = "SELECT count(*) FROM actum_events WHERE typeof(payload) = 'integer'"


def has_segments(connection: sqlite3.Connection) -> bool:
    """Says whether a store has the table of segments; stores of earlier versions do not."""
    return bool(connection.execute(HAS_SEGMENTS).fetchone()[0])


def files_of(connection: sqlite3.Connection) -> list[str]:
    """Gives the names of the files that a store needs."""
    if not has_segments(connection):
        return []
    return [file for _, file in connection.execute(SEGMENTS)]


def unused_of(connection: sqlite3.Connection) -> list[str]:
    """Gives the names of files that a store is about to write or to remove."""
    if not has_segments(connection):
        return []
    return [file for (file,) in connection.execute("SELECT file FROM actum_segments_unused")]


def find_segments(connection: sqlite3.Connection, folder: SegmentFolder) -> int:
    """Looks for all files of a store, and gives how many there are; raises SegmentLost if one is missing."""
    if not has_segments(connection):
        return 0
    files = connection.execute(SIZES).fetchall()
    for file, size in files:
        folder.check(file, size)
    return len(files)


def check_segments(
    connection: sqlite3.Connection, folder: SegmentFolder, alive: Callable[[], None] = lambda: None
) -> int:
    """Reads all files of a store, and gives how many there are.

    Raises SegmentLost for one that is missing or damaged, and StoreError for an event that is not in its own.
    """
    if not has_segments(connection):
        return 0
    segments = connection.execute(SEGMENTS).fetchall()
    found = 0
    for segment, file in segments:
        alive()
        events = {event.position: event for event in folder.read(file)}
        for row in connection.execute(ROWS, (f"[{','.join(map(str, events))}]", segment)):
            if not is_same(events[row[0]], row):
                raise StoreError(
                    f"{folder.path / file} has another event at position {row[0]:,} than the store"
                )
            found += 1
    wanted = connection.execute(ARCHIVED).fetchone()[0]
    if found != wanted:
        raise StoreError(f"{wanted - found:,} archived events of {folder.file} are in none of its files")
    return len(segments)
