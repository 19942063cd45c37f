"""What is stored under names that no declaration has any more: logged at the start, with how to adopt it."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from actum.model.deadlines.deadline import CHECKPOINT
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.ports.broker import Broker
from actum.ports.database import Database, KeptName, ViewState
from actum.ports.journal import Journal, StreamListing
from actum.ports.workflows import OPERATOR_ACTS
from actum.runtime.actions.action_names import function_of, queue_of
from actum.runtime.actions.triggers.messages import MessageTrigger
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.runtime.catalog import Catalog
from actum.runtime.context.timers import TIMERS

OWN = "$"
"""The prefix of Actum's own kinds."""
MAX_COUNTED = 1_000
"""How many entities of a kind are counted, and how many of the oldest and newest events are read."""
PAGE = 500
MAX_BYTES = 2_000_000
"""Bytes of events after which no more are read, so that a long history does not delay the start."""

log: logging.Logger = logging.getLogger("actum.node")


class OrphanedName(Struct, frozen=True):
    """What was stored before this start: entities by kind, messages by queue, actions' work, and views."""

    entities: Mapping[str, int]
    messages: Mapping[str, int]
    names: Sequence[KeptName]
    views: Sequence[ViewState]


async def look_for_left(
    catalog: Catalog, journal: Journal, database: Database, broker: Broker
) -> OrphanedName:
    """Finds what is stored, and counts what has no declaration, as far as that takes little time."""
    kinds = [kind for kind in await journal.kinds() if kind not in catalog.kinds and not kind.startswith(OWN)]
    entities = {
        kind: len((await journal.streams(StreamListing(kind, limit=MAX_COUNTED + 1))).items)
        for kind in sorted(kinds)
    }
    return OrphanedName(entities, await broker.counts(), await database.kept_names(), await database.views())


def warn_of_left(catalog: Catalog, triggers: Collection[ActionTrigger[Any]], left: OrphanedName) -> None:
    """Logs a warning for each name."""
    for warning in (
        *_kinds_left(catalog, left),
        *_views_left(catalog, left.views),
        *_messages_left(triggers, left.messages),
        *_work_left(triggers, left.names),
        *_workflows_left(catalog, left.names),
    ):
        log.warning("%s", warning)


async def warn_of_events_left(catalog: Catalog, journal: Journal) -> None:
    """Logs a warning for each event name; reading events takes a while, for which the start does not wait."""
    for warning in _events_left(await _count_events(catalog, journal)):
        log.warning("%s", warning)


async def _count_events(catalog: Catalog, journal: Journal) -> Mapping[str, int]:
    """Counts the types that no class declares, of known kinds, among the newest and oldest events."""
    oldest = await _events_beyond(journal, 0)
    if not oldest:
        return {}
    last = oldest[-1].position
    # Positions may have gaps: the end is estimated with as many positions per event as the beginning.
    spread = last / len(oldest)
    newest = await _events_beyond(journal, max(last, await journal.head() - int(MAX_COUNTED * spread)))
    known = catalog.events.keys() | {DELETED}
    return Counter(
        stored.type
        for stored in (*oldest, *newest)
        if stored.kind in catalog.kinds and stored.type not in known
    )


async def _events_beyond(journal: Journal, position: int) -> list[Stored]:
    """Returns the events after a position, up to a number and a size."""
    found: list[Stored] = []
    size = 0
    while len(found) < MAX_COUNTED and size < MAX_BYTES:
        page = await journal.feed(position, min(PAGE, MAX_COUNTED - len(found)))
        if not page:
            break
        position = page[-1].position
        size += sum(len(stored.payload) for stored in page)
        found += page
    return found


def _kinds_left(catalog: Catalog, left: OrphanedName) -> Iterator[str]:
    timers = {one.name: one.count for one in left.names if one.sort == "timers"}
    for kind in sorted({*left.entities, *timers} - catalog.kinds.keys()):
        if kind.startswith(OWN):
            continue
        waiting = f", and {timers[kind]} timers for them," if kind in timers else ""
        yield (
            f"there are {_counted(left.entities.get(kind, 0))}entities that are kept as {kind!r}{waiting} "
            "and no class of the application is: if one was renamed, give it the old name, "
            f"class …(Entity, name={kind!r})"
        )


def _counted(count: int) -> str:
    if count > MAX_COUNTED:
        return f"more than {MAX_COUNTED:,} "
    return f"{count} " if count else ""


def _events_left(events: Mapping[str, int]) -> Iterator[str]:
    for name, count in sorted(events.items()):
        yield (
            f"there are events that are kept as {name!r}, {count} of the newest and oldest that were "
            "looked at, and no class of the application is: their entities cannot be loaded, and views and "
            f"actions pass over them; if one was renamed, give it the old name, class …(Event, name={name!r})"
        )


def _views_left(catalog: Catalog, views: Sequence[ViewState]) -> Iterator[str]:
    """A view that was removed leaves its table for ever; one that was renamed comes with a new table."""
    reached = dict.fromkeys(catalog.views, 0)
    for state in views:
        reached[state.name] = max(reached.get(state.name, 0), state.checkpoint)
    if all(reached[name] for name in catalog.views):
        return
    for name in sorted(reached.keys() - catalog.views.keys()):
        yield (
            f"there is a table of a view {name!r} that is not declared any more, while others are new: if "
            f"it was renamed, give the new one the old name, class …(View, name={name!r}); as it is, the new "
            "one is built from the beginning, and the table stays as it is"
        )


def _messages_left(triggers: Collection[ActionTrigger[Any]], messages: Mapping[str, int]) -> Iterator[str]:
    queues = {trigger.queue for trigger in triggers if isinstance(trigger, MessageTrigger)}
    for queue, count in sorted(messages.items()):
        if queue not in queues:
            yield (
                f"{count} messages wait in the queue {queue!r}, and no action takes from it: add "
                f"@actions.queue({queue!r}) to the action that is to do them, beside its other triggers"
            )


def _work_left(triggers: Collection[ActionTrigger[Any]], kept: Sequence[KeptName]) -> Iterator[str]:
    names = {trigger.name for trigger in triggers} | {TIMERS, CHECKPOINT}
    known = {one.name for one in kept if one.sort in ("checkpoint", "tick")}
    # An action that was removed leaves its checkpoint for ever; one that was renamed comes with a new one.
    is_any_new = any(trigger.keeps_place and trigger.name not in known for trigger in triggers)
    for one in kept:
        if one.sort == "letters" and one.name not in names:
            yield (
                f"{one.count} letters are kept for an action {one.name!r} that is not declared, and nobody "
                f"works on them: {_adopt(one.name)}"
            )
        elif one.sort in ("checkpoint", "tick") and one.name not in names and is_any_new:
            yield (
                f"an action {one.name!r} has run on this store and is not declared any more, while others "
                f"are new: {_adopt(one.name)}; as it is, the new one starts at the end of the history"
            )


def _workflows_left(catalog: Catalog, kept: Sequence[KeptName]) -> Iterator[str]:
    for one in kept:
        if one.sort == "workflows" and one.name not in catalog.workflows and one.name != OPERATOR_ACTS:
            yield (
                f"{one.count} workflows that have not ended are kept as {one.name!r}, and no class of the "
                "application is: if it was renamed, give it the old name, "
                f"class …(Workflow, name={one.name!r})"
            )


def _adopt(name: str) -> str:
    function, queue = function_of(name), queue_of(name)
    of = f", on the queue {queue!r}" if queue else ""
    return f"if it was renamed, give the new one the old name, name={function!r}{of}"
