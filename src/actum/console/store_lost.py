"""A page whose store does not answer: it is given up for one that says so."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Response

from actum.console.visit import Visit
from actum.errors import Unavailable
from actum.runtime.gauges.standstill import Standstill

PATIENCE = 2.0
"""Seconds that a page may take before it is asked whether a store does not answer."""
POLL = 0.25
"""Seconds between two times that this is asked."""


class StoreLost(Unavailable):
    """A page was given up, because a store that it needs does not answer."""


async def answer_unless_lost(
    visit: Visit, answer: Callable[[Visit], Awaitable[Response[Any]]]
) -> Response[Any]:
    """Gives the answer of a page; raises StoreLost if it takes long and a store does not answer.

    A page that only takes long is waited for.
    """
    answering = asyncio.ensure_future(answer(visit))
    try:
        await asyncio.wait({answering}, timeout=PATIENCE)
        while not answering.done():
            if lost := visit.services.readiness.lost_stores:
                raise StoreLost(_text(lost))
            await asyncio.wait({answering}, timeout=POLL)
        return answering.result()
    finally:
        answering.cancel()


def _text(lost: Sequence[Standstill]) -> str:
    names = " and the ".join(one.name for one in lost)
    return f"The {names} {'does' if len(lost) == 1 else 'do'} not answer, so this page cannot be shown"
