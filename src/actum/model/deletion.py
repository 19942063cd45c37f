"""Deleted, the event that tells views and actions in the feed that an entity was erased, and why."""

import msgspec

from actum.model.event import Event, Stored

DELETED = "actum.Deleted"
ERASED = "erased"
"""Why an entity was erased, if nobody said more."""


class Deleted(Event, name=DELETED):
    """An entity was erased: this is all that is left of it.

    `why` is the text given to `ctx.delete(…, erase=True, why=…)`, or else "erased". It has a position of its
    own in the feed, and version 0, because the entity begins again at 1. A view drops the entity's row unless
    one of its reducers takes `Deleted`. Actions subscribe with `on(Deleted)`, or with `on(Deleted, of=Cart)`
    for entities of one class.
    """

    kind: str
    id: str
    why: str = ERASED


_encode = msgspec.json.Encoder().encode


def deletion(position: int, kind: str, id: str, time: int, why: str = ERASED) -> Stored:
    """Returns the event as a journal keeps it. It holds nothing of the erased entity but its kind and id."""
    return Stored(position, kind, id, 0, DELETED, 1, _encode(Deleted(kind, id, why)), b"{}", time)
