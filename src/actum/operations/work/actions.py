"""Actions: what sets each off, how much it has left to do, and its letters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import NotFound
from actum.model.action import OnCron, OnInterval
from actum.model.event import Stored
from actum.ports.database import Letter, SliceState
from actum.ports.letter import LetterStatus
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.actions.triggers.events import EventTrigger
from actum.runtime.actions.triggers.messages import MessageTrigger
from actum.runtime.actions.triggers.sliced_source import slice_of_key
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.runtime.actions.worker import Worker
from actum.runtime.clock import SystemClock
from actum.runtime.context.timers import TIMERS
from actum.runtime.declarations import triggers_of
from actum.stores.open import Stores

MAX_COUNTED = 100
"""Letters of one status, and due timers, that are counted."""
MAX_SCANNED = 3_000
"""Events that are looked at to count those that an action has left to do."""
PAGE = 500
STATUSES: tuple[LetterStatus, ...] = ("dead", "retrying", "waiting")


class Count(Struct, frozen=True):
    """How many there are; of more than are counted, `is_more` says so."""

    number: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.is_more else ''}"

    def __bool__(self) -> bool:
        return bool(self.number) or self.is_more


class WorkingAction(Struct, frozen=True):
    """An action with what sets it off, in words.

    `left` counts what it has left to do: events after its checkpoint that are its own, or messages in its
    queue; None for timers, and for one that the clock sets off. `under_way` counts what it has taken here,
    `hanging` what hangs: key, position and for how many seconds. `oldest` is the time of the first event or
    message that is left, or since when the first timer is due. `next_try` is when the first letter is tried
    again, `why` and `attempts` are of the letter that failed first.
    """

    name: str
    set_off_by: str
    left: Count | None
    dead: Count
    retrying: Count
    waiting: Count
    is_here: bool
    under_way: int
    hanging: Sequence[tuple[str, int, float]]
    next_try: int | None
    why: str
    attempts: int
    oldest: int | None = None

    @property
    def stands_still(self) -> bool:
        """Whether something of it waits until an operator does something."""
        return bool(self.dead)


async def list_actions(
    stores: Stores, app: App, running: Sequence[RunningAction] = ()
) -> list[WorkingAction]:
    """Lists every action that works in the background, and the timers.

    `running` are those of this process, if it runs the application.
    """
    messages = await stores.database.message_counts()
    head = await stores.journal.head()
    workers = {one.name.removeprefix("action "): one.worker for one in running}
    return [
        await _looked_at(stores, trigger, messages, head, workers.get(trigger.name))
        for trigger in triggers_of(definition_of(app))
    ] + [await _timers(stores, workers.get(TIMERS))]


async def find_action(
    stores: Stores, app: App, name: str, running: Sequence[RunningAction] = ()
) -> WorkingAction:
    """Gives one action; raises NotFound, with the names that there are."""
    found = {one.name: one for one in await list_actions(stores, app, running)}
    if name not in found:
        raise NotFound(f"{app.name} has no action {name!r}; it has {', '.join(found)}")
    return found[name]


def traceback_of(letter: Letter, running: Sequence[RunningAction]) -> str:
    """Gives where the code failed on a letter last, if that was in this process; else ""."""
    for one in running:
        if one.worker is not None and one.worker.name == letter.action:
            return one.worker.tracebacks.of(letter.key, letter.position)
    return ""


async def _looked_at(
    stores: Stores,
    trigger: ActionTrigger[Any],
    messages: Mapping[str, int],
    head: int,
    worker: Worker | None,
) -> WorkingAction:
    left: Count | None = None
    oldest: int | None = None
    if isinstance(trigger, MessageTrigger):
        left = Count(messages.get(trigger.queue, 0))
        oldest = await oldest_message(stores, trigger.queue) if left else None
    elif isinstance(trigger, EventTrigger):
        left, oldest = await _events_left(stores, trigger, head)
    return await _action(stores, trigger.name, _set_off_by(trigger), left, oldest, worker)


async def oldest_message(stores: Stores, queue: str) -> int | None:
    """Gives when the first message in a queue was sent, in microseconds since 1970; None if it is empty."""
    first = await stores.database.messages(queue, 0, 1)
    return first[0].time if first else None


async def _timers(stores: Stores, worker: Worker | None) -> WorkingAction:
    due = await stores.database.next_timer()
    oldest = None if due is None or due > SystemClock().now() else due
    return await _action(stores, TIMERS, "timers and deadlines that are due", None, oldest, worker)


async def _action(
    stores: Stores,
    name: str,
    set_off_by: str,
    left: Count | None,
    oldest: int | None,
    worker: Worker | None,
) -> WorkingAction:
    letters = {status: await _letters(stores, name, status) for status in STATUSES}
    first = next(iter([*letters["dead"], *letters["retrying"]]), None)
    counts = {status: _counted(found) for status, found in letters.items()}
    return WorkingAction(
        name,
        set_off_by,
        left,
        counts["dead"],
        counts["retrying"],
        counts["waiting"],
        worker is not None,
        0 if worker is None else worker.behind,
        () if worker is None else worker.hanging,
        min((letter.due for letter in letters["retrying"]), default=None),
        "" if first is None else first.error,
        0 if first is None else first.attempts,
        oldest,
    )


async def _letters(stores: Stores, action: str, status: LetterStatus) -> list[Letter]:
    return await stores.database.letters(action=action, status=status, limit=MAX_COUNTED + 1)


def _counted(letters: Sequence[Letter]) -> Count:
    return Count(min(len(letters), MAX_COUNTED), len(letters) > MAX_COUNTED)


def _set_off_by(trigger: ActionTrigger[Any]) -> str:
    declared = trigger.declared
    if isinstance(trigger, EventTrigger):
        of = "" if trigger.declared.of is None else f" of {trigger.declared.of.__entity_options__.name}"
        return ", ".join(sorted(_types_of(trigger))) + of
    if isinstance(trigger, MessageTrigger):
        return f"messages of the queue {trigger.queue}"
    if isinstance(declared, OnInterval):
        return f"the clock, every {declared.interval}"
    if isinstance(declared, OnCron):
        return f"the clock, {declared.expression} ({declared.timezone})"
    return "the clock"


def _types_of(trigger: EventTrigger) -> frozenset[str]:
    return frozenset(event.__event_type__.name for event in trigger.declared.events)


async def _events_left(stores: Stores, trigger: EventTrigger, head: int) -> tuple[Count | None, int | None]:
    """Counts the events after the checkpoints that are the action's own, as far as that takes little time.

    The time of the first one is given too.
    """
    states = await slices_of(stores, trigger.name)
    if not states:
        return None, None
    after = min(state.checkpoint for state in states.values())
    found = scanned = 0
    oldest: int | None = None
    while after < head and scanned < MAX_SCANNED:
        page = await stores.journal.feed(after, PAGE)
        if not page:
            break
        after = page[-1].position
        scanned += len(page)
        left = [stored for stored in page if is_left(trigger, states, stored, stores.database.slices)]
        found += len(left)
        oldest = left[0].time if left and oldest is None else oldest
    return Count(found, after < head), oldest


async def slices_of(stores: Stores, action: str) -> Mapping[int, SliceState]:
    """Gives how far an action is, in each slice or as a whole; nothing for one that has never run."""
    database = stores.database
    triggers = await database.triggers(action)
    stored = await database.slice_states(action) if database.slices > 1 else {}
    if not triggers and not stored:
        return {}
    # The checkpoint of an action that has run is stored: asking for it stores nothing.
    whole = SliceState(await database.checkpoint(action, at_first=0) if triggers else 0, triggers)
    return {number: stored.get(number, whole) for number in range(database.slices)}


def is_left(trigger: EventTrigger, states: Mapping[int, SliceState], stored: Stored, slices: int) -> bool:
    """Says whether an event is still to be done by an action, as far as is stored."""
    of = trigger.declared.of
    if stored.type not in _types_of(trigger):
        return False
    if of is not None and stored.kind != of.__entity_options__.name:
        return False
    if not states:
        return True
    state = state_of(states, f"{stored.kind}/{stored.id}", slices)
    return stored.position > max(state.checkpoint, state.triggers.get(stored.type, 0))


def state_of(states: Mapping[int, SliceState], key: str, slices: int) -> SliceState:
    """Gives the state of the slice that a key is in."""
    return states[slice_of_key(key, slices)]


def triggers_for(app: App, stored: Stored) -> Iterator[EventTrigger]:
    """Gives the actions that an event sets off."""
    for trigger in triggers_of(definition_of(app)):
        if not isinstance(trigger, EventTrigger) or stored.type not in _types_of(trigger):
            continue
        of = trigger.declared.of
        if of is None or stored.kind == of.__entity_options__.name:
            yield trigger
