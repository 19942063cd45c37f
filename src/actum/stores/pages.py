"""The bytes that count in pages of a journal."""

from actum.model.event import Stored
from actum.ports.journal import Loaded, Repeated


def event_size(stored: Stored) -> int:
    """Gives the bytes of an event that count."""
    return len(stored.payload)


def reply_size(reply: Repeated | None) -> int:
    """Gives the bytes of a kept reply that count."""
    return 0 if reply is None else len(reply.reply)


def loaded_size(loaded: Loaded) -> int:
    """Gives the bytes of what brings an entity to life that count."""
    state = 0 if loaded.snapshot is None else len(loaded.snapshot.state)
    return state + sum(map(event_size, loaded.events))
