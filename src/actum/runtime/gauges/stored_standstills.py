"""What stands still as the database alone shows it, also to whoever looks beside the application."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from actum.ports.database import Database, Letter
from actum.ports.workflows import OPERATOR_ACTS, WorkflowCount
from actum.runtime.actions.action_names import part_of
from actum.runtime.gauges.standstill import Standstill, State

LAG = 2.0
"""Seconds after which unfinished work is late."""
PATIENCE = 1.5
"""Seconds that a store has to answer."""
MAX_LISTED = 100
"""The most rows that are set aside, and the most dead letters, that are listed."""

T = TypeVar("T")


async def stored_standstills(database: Database, live: Collection[str], now: int) -> list[Standstill]:
    """Returns rows that are set aside, letters that are dead or retried, and stalled workflows.

    `live` are the names of the views that serve queries, `now` is in microseconds since 1970.
    """
    (rows, _), (letters, _), (retried, _), (stalled, _) = await asyncio.gather(
        reached(lambda: database.set_aside(limit=MAX_LISTED)),
        reached(lambda: database.letters(status="dead", limit=MAX_LISTED)),
        reached(lambda: database.letters(status="retrying", limit=MAX_LISTED)),
        reached(lambda: database.workflows(status="stalled", limit=MAX_LISTED)),
    )
    found = [
        Standstill("view", row.view, "set aside", row.since, row.error, row.key.strip('"'))
        for row in rows or ()
        if row.view in live
    ]
    late = now - round(LAG * 1_000_000)
    found += [_standstill(letter, "dead letter", letter.error) for letter in letters or ()]
    found += [
        Standstill("workflow", one.kind, "stands still", one.updated, one.error, one.id)
        for one in stalled or ()
    ]
    return found + [
        _standstill(letter, "lags", f"it fails, and is tried again: {letter.error}")
        for letter in retried or ()
        if letter.first_failed <= late
    ]


def classless_workflows(counts: Sequence[WorkflowCount], kinds: Collection[str]) -> list[tuple[str, str]]:
    """Returns the kinds of workflows under way that no class has, each with why it stands still."""
    return [
        (count.kind, f"{count.count} are under way, and no class of the application is called that")
        for count in counts
        if count.kind not in {*kinds, OPERATOR_ACTS} and count.status == "running"
    ]


async def reached(call: Callable[[], Awaitable[T]]) -> tuple[T | None, str]:
    """Returns the result of a call, or why there is none, in words that clients may read."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await call(), ""
    except Exception as error:  # noqa: BLE001 (whatever keeps it from answering)
        return None, f"it gave no answer: {type(error).__name__}"


def _standstill(letter: Letter, state: State, why: str) -> Standstill:
    part = part_of(letter.action)
    return Standstill(part, letter.action, state, letter.first_failed or letter.last_failed, why, letter.key)
