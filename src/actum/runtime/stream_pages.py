"""A stream, read page by page."""

from collections.abc import AsyncIterator

from actum.model.event import Stored
from actum.ports.journal import EventRange, Journal

PAGE = 1_000
"""Events of a page; a small one takes many times its own bytes while it is held."""


async def pages_of(journal: Journal, part: EventRange) -> AsyncIterator[list[Stored]]:
    """Reads a part of a stream page by page, so that only one page is in memory at a time."""
    after, up_to, left = part.after, part.up_to, part.limit
    while left is None or left > 0:
        most = PAGE if left is None else min(left, PAGE)
        page = await journal.read(EventRange(part.kind, part.id, after, up_to, most, part.reverse))
        if not page:
            return
        yield page
        if left is not None:
            left -= len(page)
        if part.reverse:
            up_to = page[-1].version - 1
        else:
            after = page[-1].version
        if up_to is not None and after >= up_to:
            return
