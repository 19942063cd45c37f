"""Which events are archived: all those of streams whose last event is old."""

import sqlite3

from msgspec import Struct

from actum.model.event import Stored
from actum.stores.page import within

MAX_EVENTS = 10_000
MAX_BYTES = 1024 * 1024
"""Events and bytes at which a segment ends. To read one event, a segment is read as a whole."""

OLD = """FROM actum_events e CROSS JOIN actum_streams s ON s.stream = e.stream
    WHERE s.time < :before AND typeof(payload) <> 'integer'
        AND s.kind NOT IN (SELECT value FROM json_each(:without))"""
COUNT = f"""SELECT count(DISTINCT e.stream), count(*), coalesce(sum(length(payload) + length(metadata)), 0)
    {OLD}"""
ROWS = f"""SELECT e.position, kind, id, e.version, type, type_version, payload, metadata, e.time
    {OLD} AND e.position > :after ORDER BY e.position LIMIT {MAX_EVENTS}"""


class Amount(Struct, frozen=True):
    """How many streams have events to be archived, how many events, and the bytes of their contents."""

    entities: int
    events: int
    bytes: int


class Selection(Struct, frozen=True):
    """The streams whose last event is before a time, in microseconds since 1970, but for those of some kinds.

    `without` is a list of names as JSON.
    """

    before: int
    without: str = "[]"

    def count(self, connection: sqlite3.Connection) -> Amount:
        """Gives how much is to be archived."""
        values = {"before": self.before, "without": self.without}
        return Amount(*connection.execute(COUNT, values).fetchone())

    def segment(self, connection: sqlite3.Connection, after: int) -> list[Stored]:
        """Gives the events of the next segment, beyond a position; none if there are no more."""
        values = {"before": self.before, "without": self.without, "after": after}
        rows = connection.execute(ROWS, values)
        return within((Stored(*row) for row in rows), _size, MAX_BYTES)


def _size(event: Stored) -> int:
    return len(event.payload) + len(event.metadata)
