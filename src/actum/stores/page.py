"""Ends a page after a number of items or bytes, whichever comes first."""

from collections.abc import Callable, Iterable
from typing import TypeVar

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
