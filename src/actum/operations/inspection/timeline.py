"""An entity's timeline: its events, who caused them and when, and what each of them changed in the state."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from actum.errors import ActumError, Invalid, NotFound
from actum.model.entity import EntityType
from actum.model.error_text import error_message
from actum.model.event import Metadata, Stored, read_metadata
from actum.model.turn import Instance
from actum.operations.inspection.changes import FieldChange, changes_between, shown_state
from actum.operations.inspection.readable import readable_payload, shown_json
from actum.operations.page import check_limit
from actum.ports.journal import EventRange, Loaded
from actum.runtime.stream_pages import pages_of
from actum.stores.open import Stores

PAGE = 30
MAX_FOLDED = 20_000
"""Events that are folded at most to know a state, some tenths of a second of work."""


class TimelineEvent(Struct, frozen=True):
    """An event on a timeline: `payload` as an operator may read it, and what it changed in the state.

    `changes` are None where the state before it is not known.
    """

    stored: Stored
    metadata: Metadata
    payload: Any
    changes: Sequence[FieldChange] | None


class Timeline(Struct, frozen=True):
    """A page of a timeline, the newest event first, and the state after the first of them.

    `version` is that of the first event, `newest` that of the entity, `pruned` the one up to which events
    were removed. `older` is the version with which the page of older events begins; None on the last. `state`
    is None, and `why` says so, where it is not known.
    """

    kind: str
    id: str
    version: int
    newest: int
    pruned: int
    events: Sequence[TimelineEvent]
    state: dict[str, Any] | None
    why: str
    older: int | None


class KnownState(Struct, frozen=True):
    """An entity's state at a version, or (None) why it is not known."""

    instance: Instance | None
    why: str = ""


async def newest_version(stores: Stores, kind: EntityType, id: str) -> int:
    """Gives an entity's version; raises NotFound for one that there is not."""
    found = await stores.journal.read(EventRange(kind.name, id, limit=1, reverse=True))
    if not found:
        raise NotFound(f"there is no {kind.name} {id!r}")
    return found[0].version


async def show_timeline(
    stores: Stores, kind: EntityType, id: str, *, version: int | None = None, limit: int = PAGE
) -> Timeline:
    """Gives the events up to a version, or to the end, and the state there.

    Raises NotFound for an entity or a version that there is not.
    """
    check_limit(limit)
    newest = await newest_version(stores, kind, id)
    version = newest if version is None else version
    loaded = await _loaded(stores, kind, id)
    check_version(kind, id, version, newest, loaded.pruned)
    part = EventRange(kind.name, id, up_to=version, limit=limit, reverse=True)
    events = [stored async for page in pages_of(stores.journal, part) for stored in page]
    events.reverse()
    start = await _state_before(stores, kind, id, events[0].version, loaded)
    if start.instance is None and (within := _within(kind, id, loaded, events)) is not None:
        start = within
    shown, state, why = _folded(kind, start, events)
    first = events[0].version
    older = first - 1 if first > loaded.pruned + 1 else None
    return Timeline(kind.name, id, version, newest, loaded.pruned, shown[::-1], state, why, older)


async def state_at(stores: Stores, kind: EntityType, id: str, version: int) -> KnownState:
    """Gives the state at a version, 0 for the one before the first event."""
    loaded = await _loaded(stores, kind, id)
    return await _state_before(stores, kind, id, version + 1, loaded)


def check_version(kind: EntityType, id: str, version: int, newest: int, pruned: int) -> None:
    """Raises Invalid for what is no version, and NotFound for one that there is not (any more)."""
    if version < 1:
        raise Invalid(f"version={version}: versions begin at 1", field="version")
    if version > newest:
        raise NotFound(f"{kind.name}/{id} has no version {version}: it is at {newest}")
    if version <= pruned:
        raise NotFound(f"{kind.name}/{id}: the history up to version {pruned} was removed")


async def _loaded(stores: Stores, kind: EntityType, id: str) -> Loaded:
    [loaded] = await stores.journal.load([(kind.name, id)], {kind.name: kind.fingerprint})
    return loaded


async def _state_before(
    stores: Stores, kind: EntityType, id: str, version: int, loaded: Loaded
) -> KnownState:
    """Gives the state before a version, from the snapshot where that is older, else from the beginning."""
    instance = Instance(kind, id)
    snapshot = loaded.snapshot
    after = 0
    try:
        if snapshot is not None and snapshot.version < version:
            instance.restore(snapshot.state, snapshot.version, snapshot.time)
            after = snapshot.version
        else:
            after = instance.version = loaded.pruned
        if version - 1 - after > MAX_FOLDED:
            return KnownState(None, f"more than {MAX_FOLDED:,} events would have to be folded")
        if version - 1 > after:
            async for page in pages_of(stores.journal, EventRange(kind.name, id, after, version - 1)):
                instance.replay(page)
    except ActumError as error:
        return KnownState(None, error_message(error))
    except Exception as error:  # noqa: BLE001 (a reducer of the author may raise anything)
        return KnownState(None, f"a reducer failed: {type(error).__name__}: {error_message(error)}")
    return KnownState(instance)


def _within(kind: EntityType, id: str, loaded: Loaded, events: Sequence[Stored]) -> KnownState | None:
    """Gives the state of a snapshot that was made at one of these events; None if there is no such one."""
    snapshot = loaded.snapshot
    if snapshot is None or not events[0].version <= snapshot.version <= events[-1].version:
        return None
    instance = Instance(kind, id)
    try:
        instance.restore(snapshot.state, snapshot.version, snapshot.time)
    except Exception:  # noqa: BLE001 (one that cannot be read is as good as none)
        return None
    return KnownState(instance)


def _folded(
    kind: EntityType, start: KnownState, events: Sequence[Stored]
) -> tuple[list[TimelineEvent], dict[str, Any] | None, str]:
    """Folds events one by one, and says what each changed, until one cannot be folded."""
    instance, why = start.instance, start.why
    state: dict[str, Any] | None = None
    shown: list[TimelineEvent] = []
    if instance is not None:
        state, why = _shown(instance)
    for stored in events:
        changes: Sequence[FieldChange] | None = None
        if instance is not None and state is not None and stored.version > instance.version:
            before = state
            why = _replayed(instance, stored)
            state, why = (None, why) if why else _shown(instance)
            changes = None if state is None else changes_between(before, state)
        payload = shown_json(readable_payload(kind, stored))
        shown.append(TimelineEvent(stored, read_metadata(stored.metadata), payload, changes))
    return shown, state, why


def _replayed(instance: Instance, stored: Stored) -> str:
    """Folds an event; gives why that failed, or ""."""
    try:
        instance.replay([stored])
    except ActumError as error:
        return error_message(error)
    except Exception as error:  # noqa: BLE001 (a reducer of the author may raise anything)
        return f"version {stored.version}: a reducer failed: {type(error).__name__}: {error_message(error)}"
    return ""


def _shown(instance: Instance) -> tuple[dict[str, Any] | None, str]:
    try:
        return shown_state(instance), ""
    except ActumError as error:
        return None, error_message(error)
