"""Reads archived events for rows that refer to them; a few segments stay in memory."""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from actum.errors import StoreError
from actum.model.event import Stored
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.segment import SegmentLost

MAX_CACHED = 32 * 1024 * 1024
"""Bytes of the payloads and metadata of segments in memory; the last one that was read always is."""
FILE = "SELECT file FROM actum_segments WHERE segment = ?"

Events = Mapping[int, Stored]
"""The events of a segment, by position."""


class Cached(Struct, frozen=True):
    """A segment in memory, and its bytes."""

    events: Events
    size: int


class ArchivedEvents:
    """The events of a folder's segments. Any thread may read them."""

    def __init__(self, folder: SegmentFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._cached: OrderedDict[str, Cached] = OrderedDict()
        self._size = 0

    def __repr__(self) -> str:
        return f"<ArchivedEvents of {self._folder}, {len(self._cached)} segments in memory>"

    def stored(self, connection: sqlite3.Connection, row: Sequence[Any]) -> Stored:
        """Makes an event of its row; raises SegmentLost if it is archived and its file is lost or damaged.

        Within a transaction it may be lost because it was replaced since; see `Archive.read`.
        """
        segment = row[6]
        if type(segment) is not int:
            return Stored(*row)
        found = connection.execute(FILE, (segment,)).fetchone()
        if found is None:
            raise StoreError(f"{self._folder.file} names no file of its archived event at {row[0]:,}")
        event = self.of(found[0]).get(row[0])
        if event is None or not is_same(event, row):
            raise SegmentLost(
                f"{self._folder.path / found[0]} does not hold the event at position {row[0]:,}", found[0]
            )
        return event

    def of(self, file: str) -> Events:
        """Gives the events of a file."""
        with self._lock:
            cached = self._cached.get(file)
            if cached is not None:
                self._cached.move_to_end(file)
                return cached.events
        events = {event.position: event for event in self._folder.read(file)}
        size = sum(len(event.payload) + len(event.metadata) for event in events.values())
        with self._lock:
            if file not in self._cached:
                self._cached[file] = Cached(events, size)
                self._size += size
            while self._size > MAX_CACHED and len(self._cached) > 1:
                self._size -= self._cached.popitem(last=False)[1].size
        return events

    def drop(self, file: str) -> None:
        """Forgets a file."""
        with self._lock:
            cached = self._cached.pop(file, None)
            self._size -= 0 if cached is None else cached.size


def is_same(event: Stored, row: Sequence[Any]) -> bool:
    """Says whether an event is that of a row, whose payload and metadata are elsewhere."""
    return (event.position, event.kind, event.id, event.version, event.type, event.type_version) == tuple(
        row[:6]
    ) and event.time == row[8]
