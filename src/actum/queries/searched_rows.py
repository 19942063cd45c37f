"""Adds to the rows of a view the words by which they are found."""

import asyncio
from collections.abc import Sequence
from typing import Any

from actum.model.view import ViewType

TEXT_AT_ONCE = 64 * 1024
"""How many characters are cut into words before other tasks may run: some milliseconds."""


async def with_words(view: ViewType, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """Returns rows with their words behind the stored columns; as they are, if the view is not searched."""
    searched = view.searched
    if searched is None:
        return rows
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        found.append((*row, searched.words(row)))
        size += searched.size(row)
        if size >= TEXT_AT_ONCE:
            size = 0
            await asyncio.sleep(0)
    return found
