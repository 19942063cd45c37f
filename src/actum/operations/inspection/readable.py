"""Stored JSON as an operator may read it: personal values opened, those of forgotten people marked."""

from typing import Any

import msgspec

from actum.errors import AuthorError, KeyNotLoaded, StoreError
from actum.model.entity import EntityType
from actum.model.event import Stored
from actum.model.people.personal import FORGOTTEN

UNREAD = (AuthorError, StoreError, KeyNotLoaded, msgspec.DecodeError)


def readable_payload(kind: EntityType | None, stored: Stored) -> bytes:
    """Gives an event's payload as JSON, with its personal values opened.

    One that no class can read is given as it is stored, so that what is sealed stays sealed.
    """
    reduction = None if kind is None else kind.by_name.get(stored.type)
    if reduction is None or reduction.event_type.sealed is None:
        return stored.payload
    try:
        event = reduction.event_type.read(stored.payload, stored.type_version)
    except UNREAD:
        return stored.payload
    return reduction.event_type.encode(event)


def shown_json(text: bytes) -> Any:
    """Reads JSON for people: what was forgotten or is sealed is said in words in its place."""
    return _worded(msgspec.json.decode(text))


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        if value == {"forgotten": True}:
            return str(FORGOTTEN)
        if value.keys() == {"sealed"} or value.keys() == {"forgotten", "sealed"}:
            return "(sealed)"
        return {name: _worded(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_worded(held) for held in value]
    return value
