"""An event as the console lists it, in a page or in a stream."""

from collections.abc import Collection

from msgspec import Struct

from actum.console.formats import exact_time, json, time
from actum.console.links import entity_url, trace_url
from actum.console.visit import Visit
from actum.model.event import Stored, read_metadata
from actum.operations.events import EventFilter


class EventLine(Struct, frozen=True):
    """One event, as text: the payload is as it is stored, cut where it is very long."""

    position: int
    time: str
    exact: str
    entity: str
    entity_url: str
    version: int
    type: str
    payload: str
    by: str
    command: str
    correlation_id: str
    trace_url: str

    @classmethod
    def of(cls, visit: Visit, stored: Stored) -> "EventLine":
        """Gives the line of an event."""
        metadata = read_metadata(stored.metadata)
        return cls(
            stored.position,
            time(stored.time),
            exact_time(stored.time),
            f"{stored.kind}/{stored.id}",
            entity_url(visit, stored.kind, stored.id),
            stored.version,
            stored.type,
            json(stored.payload),
            metadata.by,
            metadata.command,
            metadata.correlation_id,
            trace_url(visit, metadata.correlation_id, stored.position) if metadata.correlation_id else "",
        )


class WantedEvents(Struct, frozen=True):
    """Which events are shown: those that a filter matches and, where types are given, of one of these."""

    filter: EventFilter
    types: Collection[str] | None = None

    def matches(self, stored: Stored) -> bool:
        """Says whether an event is one of them."""
        return self.filter.matches(stored) and (self.types is None or stored.type in self.types)
