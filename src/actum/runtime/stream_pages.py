"""A stream, read page by page."""

from collections.abc import AsyncIterator

from actum.model.event import Stored
from actum.ports.journal import Journal

PAGE = 1_000
"""Events of a page; a small one takes many times its own bytes while it is held."""


async def pages_of(
    journal: Journal,
    kind: str,
    id: str,
    *,
    after: int = 0,
    up_to: int | None = None,
    limit: int | None = None,
    reverse: bool = False,
) -> AsyncIterator[list[Stored]]:
    """Reads a part of a stream page by page, so that never more than one of them need be held."""
    left = limit
    while left is None or left > 0:
        most = PAGE if left is None else min(left, PAGE)
        page = await journal.read(kind, id, after=after, up_to=up_to, limit=most, reverse=reverse)
        if not page:
            return
        yield page
        if left is not None:
            left -= len(page)
        if reverse:
            up_to = page[-1].version - 1
        else:
            after = page[-1].version
        if up_to is not None and after >= up_to:
            return
