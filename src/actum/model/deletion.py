"""Deleted, the event that tells views and actions in the feed that an entity was erased."""

import msgspec

from actum.model.event import Event, Stored

DELETED = "actum.Deleted"


class Deleted(Event, name=DELETED):
    """An entity was erased with `ctx.delete(…, erase=True)`: this is all that is left of it.

    It has a position of its own in the feed, and version 0, because the entity begins again at 1. A view
    drops the entity's row unless one of its reducers takes `Deleted`. Actions subscribe with `on(Deleted)`.
    """

    kind: str
    id: str


_encode = msgspec.json.Encoder().encode


def deletion(position: int, kind: str, id: str, time: int) -> Stored:
    """Returns the event as a journal keeps it. It holds nothing of the erased entity but its kind and id."""
    return Stored(position, kind, id, 0, DELETED, 1, _encode(Deleted(kind, id)), b"{}", time)
