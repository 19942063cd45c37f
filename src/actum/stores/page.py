"""Ends a page after a number of items or bytes, whichever comes first."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from actum.model.event import Stored
from actum.ports.journal import Loaded, Repeated

T = TypeVar("T")

MAX_PAGE_BYTES: int = 16 * 1024 * 1024
"""The item that reaches this many bytes is the last of its page."""


def within(items: Iterable[T], size_of: Callable[[T], int], most: int = MAX_PAGE_BYTES) -> list[T]:
    """Gives the first items, up to the one that reaches `most` bytes; the rest is not iterated over."""
    page: list[T] = []
    size = 0
    for item in items:
        page.append(item)
        size += size_of(item)
        if size >= most:
            break
    return page


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
