"""How many bytes items count towards the size of a journal's page."""

from actum.model.event import Stored
from actum.ports.journal import Loaded, Repeated


def event_size(stored: Stored) -> int:
    """Gives the size of an event."""
    return len(stored.payload)


def reply_size(reply: Repeated | None) -> int:
    """Gives the size of a stored reply."""
    return 0 if reply is None else len(reply.reply)


def loaded_size(loaded: Loaded) -> int:
    """Gives the size of what was loaded of a stream."""
    state = 0 if loaded.snapshot is None else len(loaded.snapshot.state)
    return state + sum(map(event_size, loaded.events))
