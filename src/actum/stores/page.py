"""Where a page ends: after so many items or so many bytes, whichever comes first."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

MAX_PAGE_BYTES: int = 16 * 1024 * 1024
"""What a page ends with: the item that reaches so many bytes is its last."""


def within(items: Iterable[T], size_of: Callable[[T], int], most: int = MAX_PAGE_BYTES) -> list[T]:
    """Gives the first items, and ends with the one that reaches `most` bytes; the rest is not asked for."""
    page: list[T] = []
    size = 0
    for item in items:
        page.append(item)
        size += size_of(item)
        if size >= most:
            break
    return page
