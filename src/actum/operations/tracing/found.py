"""The search for what shares a correlation id. No store has an index of it, so it is bounded everywhere."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from actum.errors import Invalid
from actum.model.event import Stored, read_metadata
from actum.ports.database import Letter, Timer
from actum.ports.journal import EventRange
from actum.ports.message import Message
from actum.ports.workflows import OPERATOR_ACTS, StepRecord, StoredWorkflow
from actum.stores.open import Stores

WINDOW = 20_000
"""Positions of the journal that one search looks at."""
BEFORE = 2_000
"""How many of them lie before the position that it is asked to look near."""
PAGE = 1_000
MAX_EVENTS = 500
MAX_ANCESTORS = 50
MAX_WAITING = 500
"""Messages of each queue, timers, letters and workflows that are looked at."""
MAX_STEPS = 200


class Window(Struct, frozen=True):
    """The positions that were searched, from `after` to `up_to`, of a journal that ends at `head`."""

    after: int
    up_to: int
    head: int


class Found(Struct, frozen=True):
    """What was found of a correlation id. `is_cut` says that there are more events than are shown."""

    window: Window
    events: Sequence[Stored]
    is_cut: bool
    messages: Sequence[Message]
    timers: Sequence[Timer]
    workflows: Sequence[tuple[StoredWorkflow, Sequence[StepRecord]]]
    letters: Sequence[Letter]


async def window_near(stores: Stores, near: int | None) -> Window:
    """Gives the positions to search: around one, or those at the end of the journal."""
    head = await stores.journal.head()
    if near is None:
        return Window(max(0, head - WINDOW), head, head)
    after = max(0, near - BEFORE)
    return Window(after, min(head, after + WINDOW), head)


async def find_all(stores: Stores, correlation_id: str, near: int | None = None) -> Found:
    """Searches the events near a position, and everything that waits; raises Invalid without an id."""
    if not correlation_id:
        raise Invalid("name a correlation id, which the answer to every request has", field="id")
    window = await window_near(stores, near)
    events, is_cut = await _events(stores, correlation_id, window)
    events = await _with_ancestors(stores, correlation_id, events)
    letters = await stores.database.letters(limit=MAX_WAITING)
    return Found(
        window,
        events,
        is_cut,
        await _messages(stores, correlation_id, letters),
        [one for one in await stores.database.timers(limit=MAX_WAITING) if _is_of(one, correlation_id)],
        await _workflows(stores, correlation_id, events),
        letters,
    )


async def _events(stores: Stores, correlation_id: str, window: Window) -> tuple[list[Stored], bool]:
    # Only what may be of it is decoded: nearly every event of the window is not.
    mention = msgspec.json.encode(correlation_id)
    after, found = window.after, list[Stored]()
    while after < window.up_to:
        page = await stores.journal.feed(after, PAGE)
        if not page:
            break
        after = page[-1].position
        for stored in page:
            if stored.position <= window.up_to and _is_about(stored, mention, correlation_id):
                if len(found) == MAX_EVENTS:
                    return found, True
                found.append(stored)
    return found, False


def _is_about(stored: Stored, mention: bytes, correlation_id: str) -> bool:
    return mention in stored.metadata and read_metadata(stored.metadata).correlation_id == correlation_id


def place_of(cause: str) -> tuple[str, str, int] | None:
    """Gives the kind, id and version in a causation id; None for one that names no event."""
    name, _, version = cause.rpartition("@")
    kind, _, id = name.partition("/")
    return (kind, id, int(version)) if kind and id and version.isdecimal() and len(version) < 19 else None


async def _with_ancestors(stores: Stores, correlation_id: str, events: list[Stored]) -> list[Stored]:
    """Adds the events that caused the found ones, wherever in the journal they are."""
    known = {(one.kind, one.id, one.version): one for one in events}
    waiting = list(events)
    for _ in range(MAX_ANCESTORS):
        if not waiting:
            break
        place = place_of(read_metadata(waiting.pop().metadata).causation_id)
        if place is None or place in known:
            continue
        kind, id, version = place
        for one in await stores.journal.read(EventRange(kind, id, version - 1, version)):
            if read_metadata(one.metadata).correlation_id == correlation_id:
                known[kind, id, one.version] = one
                waiting.append(one)
    return sorted(known.values(), key=lambda one: one.position)


async def _messages(stores: Stores, correlation_id: str, letters: Sequence[Letter]) -> list[Message]:
    found: list[Message] = []
    for queue in await stores.database.message_counts():
        found += await stores.database.messages(queue, 0, MAX_WAITING)
    return [message for message in found if message.correlation_id == correlation_id]


async def _workflows(
    stores: Stores, correlation_id: str, events: Sequence[Stored]
) -> list[tuple[StoredWorkflow, Sequence[StepRecord]]]:
    """Finds those among the newest, and those that the events name as their cause."""
    newest = await stores.database.workflows(limit=MAX_WAITING, reverse=True)
    found = {(one.kind, one.id): one for one in newest if one.correlation_id == correlation_id}
    causes = {read_metadata(stored.metadata).causation_id for stored in events}
    for cause in sorted(cause for cause in causes if place_of(cause) is None):
        kind, _, id = cause.partition("/")
        if id and (kind, id) not in found and (one := await stores.database.workflow(kind, id)) is not None:
            found[kind, id] = one
    return [
        (one, await stores.database.workflow_records(one.kind, one.id, limit=MAX_STEPS))
        for one in found.values()
        if one.kind != OPERATOR_ACTS
    ]


def _is_of(timer: Timer, correlation_id: str) -> bool:
    return timer.correlation_id == correlation_id
