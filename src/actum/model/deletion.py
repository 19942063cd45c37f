"""Deleted, the fact that an entity was erased, as views and actions meet it in the feed."""

import msgspec

from actum.model.event import Event, Stored

DELETED = "actum.Deleted"


class Deleted(Event, name=DELETED):
    """An entity was erased with `ctx.delete(…, erase=True)`: this is all that is left of it.

    It stands in the feed at a position of its own, of version 0, for the entity begins again at 1. A view
    drops the entity's row unless a reducer of it takes `Deleted`; an action asks for it with `on(Deleted)`.
    """

    kind: str
    id: str


_encode = msgspec.json.Encoder().encode


def deletion(position: int, kind: str, id: str, time: int) -> Stored:
    """Gives the fact as a journal keeps it; nothing of what was erased is in it but the id."""
    return Stored(position, kind, id, 0, DELETED, 1, _encode(Deleted(kind, id)), b"{}", time)
