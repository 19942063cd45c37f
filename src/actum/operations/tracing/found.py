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
"""Events that one search looks at."""
BEFORE = 2_000
"""How many of them lie before the position that it is asked to look near."""
PAGE = 1_000
MAX_EVENTS = 500
MAX_ANCESTORS = 50
MAX_WAITING = 500
"""Messages of each queue, timers, letters and workflows that are looked at."""
MAX_STEPS = 200


class Window(Struct, frozen=True):
    """The positions that were searched, from `after` to `up_to`, of a journal that ends at `head`.

    `earlier` and `later` are positions to search near for what lies outside; None where nothing does.
    """

    after: int
    up_to: int
    head: int
    earlier: int | None = None
    later: int | None = None


class Found(Struct, frozen=True):
    """What was found of a correlation id. `is_cut` says that there are more events than are shown."""

    window: Window
    events: Sequence[Stored]
    is_cut: bool
    messages: Sequence[Message]
    timers: Sequence[Timer]
    workflows: Sequence[tuple[StoredWorkflow, Sequence[StepRecord]]]
    letters: Sequence[Letter]


async def find_all(stores: Stores, correlation_id: str, near: int | None = None) -> Found:
    """Searches the events near a position, and everything that waits; raises Invalid without an id."""
    if not correlation_id:
        raise Invalid("name a correlation id, which the answer to every request has", field="id")
    window, events, is_cut = await _events(stores, correlation_id, near)
    events = await _with_ancestors(stores, correlation_id, events)
    letters = await stores.database.letters(limit=MAX_WAITING)
    return Found(
        window,
        events,
        is_cut,
        await _messages(stores, correlation_id),
        [one for one in await stores.database.timers(limit=MAX_WAITING) if _is_of(one, correlation_id)],
        await _workflows(stores, correlation_id, events),
        letters,
    )


async def _events(stores: Stores, correlation_id: str, near: int | None) -> tuple[Window, list[Stored], bool]:
    """Searches the last events or, with a position, some before it and most after it."""
    journal = stores.journal
    head = await journal.head()
    begin = after = await journal.position_before(*((head, WINDOW) if near is None else (near, BEFORE)))
    # Only what may be of it is decoded: nearly every event of the window is not.
    mention = msgspec.json.encode(correlation_id)
    found: list[Stored] = []
    scanned = 0
    while scanned < WINDOW and len(found) <= MAX_EVENTS and (page := await journal.feed(after, PAGE)):
        after = page[-1].position
        scanned += len(page)
        found += [stored for stored in page if _is_about(stored, mention, correlation_id)]
    is_at_end = scanned < WINDOW and len(found) <= MAX_EVENTS
    head = max(head, after)
    up_to = head if is_at_end else after
    earlier = max(1, await journal.position_before(begin, WINDOW // 2)) if begin else None
    window = Window(begin, up_to, head, earlier, up_to + 1 if up_to < head else None)
    return window, found[:MAX_EVENTS], len(found) > MAX_EVENTS


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


async def _messages(stores: Stores, correlation_id: str) -> list[Message]:
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
