"""An event as the console lists it, in a page or in a stream."""

from msgspec import Struct

from actum.console.formats import exact_time, json, time
from actum.console.links import entity_url, trace_url
from actum.console.visit import Visit
from actum.model.deletion import DELETED
from actum.model.event import Stored, read_metadata
from actum.model.view import ViewType
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
    """Which events are shown: those that a filter matches and a view, if given, folds into rows."""

    filter: EventFilter
    view: ViewType | None = None

    def matches(self, stored: Stored) -> bool:
        """Says whether an event is one of them."""
        return self.filter.matches(stored) and (self.view is None or _is_folded(self.view, stored))


def _is_folded(view: ViewType, stored: Stored) -> bool:
    if stored.type in view.by_name:
        return view.takes_from(stored.kind)
    return stored.type == DELETED and view.reduction_of_deletion(stored.kind, stored.id) is not None
