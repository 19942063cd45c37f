"""What an entity would be after an event that has not happened: nothing is stored."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import ActumError, Invalid, NotFound, UnreadableEvent
from actum.model.entity import EntityType
from actum.model.error_text import error_message
from actum.model.event import EventType
from actum.model.turn import as_stored
from actum.operations.inspection.changes import FieldChange, changes_between, shown_state
from actum.operations.inspection.timeline import state_at
from actum.runtime.clock import SystemClock
from actum.stores.open import Stores


class Imagined(Struct, frozen=True):
    """A state after an event that has not happened, `at` the version that it would have."""

    at: int
    state: dict[str, Any]
    changes: Sequence[FieldChange]


async def what_if(
    stores: Stores, kind: EntityType, id: str, type: str, payload: bytes, *, version: int
) -> Imagined:
    """Gives the state after an event, by its stored name and as JSON, that follows a version (0: the first).

    Raises Invalid for a payload that does not fit the event's class, or that its reducer fails on, and
    NotFound for an event that the entity does not declare.
    """
    event_type = _event_type(kind, type)
    written = _validated(event_type, payload)
    known = await state_at(stores, kind, id, version)
    if known.instance is None:
        raise Invalid(f"{kind.name}/{id}: its state at version {version} is not known: {known.why}")
    instance = known.instance
    before = shown_state(instance)
    stored = as_stored(
        kind.name, id, instance.version, [(type, event_type.version, written)], SystemClock().now()
    )
    try:
        instance.replay(stored)
        after = shown_state(instance)
    except ActumError as error:
        raise Invalid(f"after {type}: {error_message(error)}", field="payload") from error
    except Exception as error:
        text = f"{error.__class__.__name__}: {error_message(error)}"
        raise Invalid(f"the reducer of {type} fails on this: {text}", field="payload") from error
    return Imagined(instance.version, after, changes_between(before, after))


def _event_type(kind: EntityType, name: str) -> EventType:
    if name not in kind.by_name:
        raise NotFound(
            f"{kind.name} declares no event {name!r}; it declares {', '.join(kind.by_name) or 'none'}"
        )
    return kind.by_name[name].event_type


def _validated(event_type: EventType, payload: bytes) -> bytes:
    try:
        return event_type.encode(event_type.decode(payload))
    except (msgspec.MsgspecError, UnreadableEvent, UnicodeDecodeError) as error:
        raise Invalid(f"this is no {event_type.name}: {error_message(error)}", field="payload") from error
