"""stored: an event as an earlier program stored it, wherever a test gives events."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import UnknownEvent, UnreadableEvent
from actum.model.event import Event, EventType
from actum.model.turn import Emitted


class StoredEvent(Struct, frozen=True):
    """An event by its stored name and version, with its payload as JSON."""

    name: str
    version: int
    payload: bytes

    def __repr__(self) -> str:
        return f"stored({self.name!r}, {self.version}, {msgspec.json.decode(self.payload)!r})"


GivenEvent = Event | StoredEvent


def stored(name: str, version: int, payload: Mapping[str, Any] | str | bytes) -> StoredEvent:
    """Gives an event as an earlier program stored it, to test what today's makes of it.

        given(Order, stored("OrderPlaced", 1, {"customer": "ann"})).when(Order.cancel).then(OrderCancelled())

    `name` and `version` are those that were stored; `payload` holds the fields as JSON has them, as a dict or
    as the text that `actum events` shows. It can be given wherever events can.
    """
    given: Any = version
    if not isinstance(given, int) or given < 1:
        raise ValueError(f"{version!r} is no version of an event: versions are 1, 2, 3, …")
    if not isinstance(payload, str | bytes):
        try:
            payload = msgspec.json.encode(payload)
        except (TypeError, ValueError) as error:
            raise TypeError(f"the payload of {name} is no JSON: {error}; give it as it was stored") from error
    try:
        msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"the payload of {name} is no JSON object: {error}") from error
    return StoredEvent(name, version, payload.encode() if isinstance(payload, str) else payload)


def emitted_of(event: GivenEvent, known: Iterable[EventType], owner: str) -> Emitted:
    """Gives an event as it is written; `owner` is what knows the event types `known`.

    Raises TypeError for an event that is not among them, and AssertionError for one that cannot be read.
    """
    known = list(known)
    if not isinstance(event, StoredEvent):
        declared = event.__event_type__
        if declared not in known:
            raise TypeError(f"{owner} does not declare {type(event).__name__}")
        return declared.name, declared.version, declared.encode(event)
    found = next((one for one in known if one.name == event.name), None)
    if found is None:
        names = ", ".join(sorted(one.name for one in known)) or "none"
        raise TypeError(
            f"{owner} declares no event that is stored as {event.name!r}; there are {names}. For one that "
            f'was renamed, write class …(Event, name="{event.name}")'
        )
    read_of((event.name, event.version, event.payload), found)
    return event.name, event.version, event.payload


def read_of(emitted: Emitted, event_type: EventType) -> Event:
    """Reads an event, by way of its upcasts; raises AssertionError, with the reason, if that cannot be."""
    _, version, payload = emitted
    try:
        return event_type.read(payload, version)
    except (UnknownEvent, UnreadableEvent) as error:
        raise AssertionError(str(error)) from error
