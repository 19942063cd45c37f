"""A trace: what shares a correlation id, as a tree from the request to the last effect."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec
from msgspec import Struct

from actum.app import App, definition_of
from actum.model.event import Stored, read_metadata
from actum.operations.inspection.readable import readable_payload, shown_json
from actum.operations.tracing.found import Found, Window, find_all
from actum.operations.tracing.node import Node, Tone, sorted_by_time
from actum.operations.work.actions import is_left, slices_of, triggers_for
from actum.ports.database import Letter, SetAside, SliceState, Timer
from actum.ports.message import Message
from actum.ports.workflows import StepRecord, StoredWorkflow
from actum.runtime.actions.action_names import queue_of
from actum.runtime.context.timers import TIMERS
from actum.runtime.workflows.run.outcome import read_kept
from actum.stores.open import Stores

MAX_DETAIL = 500
MAX_ASIDE = 1_000
"""Rows that are set aside that are looked at."""
NEWEST = 200
"""Events at the end of the journal whose correlations are offered."""
TONES: Mapping[str, Tone] = {"completed": "good", "failed": "bad", "stalled": "bad", "cancelled": "warn"}


class Trace(Struct, frozen=True):
    """The tree of a correlation id, and where it was searched for."""

    correlation_id: str
    roots: Sequence[Node]
    window: Window
    is_cut: bool
    by: str
    first: int | None
    last: int | None


class Correlation(Struct, frozen=True):
    """A correlation id that new events have: its first event among them, and how many there are."""

    id: str
    first: Stored
    command: str
    by: str
    count: int
    last_time: int


async def newest_correlations(stores: Stores) -> list[Correlation]:
    """Lists the correlation ids of the newest events, the newest first."""
    head = await stores.journal.head()
    found: dict[str, list[Stored]] = {}
    after = await stores.journal.position_before(head, NEWEST)
    for stored in await stores.journal.feed(after, NEWEST):
        correlation_id = read_metadata(stored.metadata).correlation_id
        if correlation_id:
            found.setdefault(correlation_id, []).append(stored)
    listed = []
    for id, events in found.items():
        metadata = read_metadata(events[0].metadata)
        listed.append(Correlation(id, events[0], metadata.command, metadata.by, len(events), events[-1].time))
    return sorted(listed, key=lambda one: one.last_time, reverse=True)


async def trace(stores: Stores, app: App, correlation_id: str, *, near: int | None = None) -> Trace:
    """Gives everything that is found of a correlation id near a position of the journal, or at its end."""
    found = await find_all(stores, correlation_id, near)
    return await _Tree(stores, app, found).grown(correlation_id)


class _Tree:
    """A tree while it grows: nodes are put below what caused them, or at the root."""

    def __init__(self, stores: Stores, app: App, found: Found) -> None:
        self._stores = stores
        self._app = app
        self._found = found
        self._catalog = definition_of(app).catalog
        self._roots: list[Node] = []
        self._by_cause: dict[str, Node] = {}
        self._states: dict[str, Mapping[int, SliceState]] = {}
        self._aside: Sequence[SetAside] = ()

    async def grown(self, correlation_id: str) -> Trace:
        """Puts together everything that was found."""
        found = self._found
        live = {one.name: one.checkpoint for one in await self._stores.database.views() if one.is_live}
        self._aside = await self._stores.database.set_aside(limit=MAX_ASIDE)
        commands = list(self._commands())
        for command, events in commands:
            for node, stored in zip(command.children, events, strict=True):
                self._by_cause[f"{stored.kind}/{stored.id}@{stored.version}"] = node
        for workflow, steps in found.workflows:
            self._by_cause[f"{workflow.kind}/{workflow.id}"] = _workflow(workflow, steps)
        for command, events in commands:
            self._put(command, read_metadata(events[0].metadata).causation_id)
            for node, stored in zip(command.children, events, strict=True):
                node.children += self._views(stored, live)
                node.children += await self._actions(stored)
        for workflow, _ in found.workflows:
            self._put(self._by_cause[f"{workflow.kind}/{workflow.id}"], workflow.causation_id)
        for message in found.messages:
            self._put(_message(message), message.causation_id)
        for timer in found.timers:
            self._put(_timer(timer), timer.causation_id)
        for node, cause in _letters(found.letters, correlation_id):
            self._put(node, cause)
        times = [one.time for one in found.events]
        by = next((by for one in found.events if (by := read_metadata(one.metadata).by)), "")
        roots = sorted_by_time(self._roots)
        first, last = min(times, default=None), max(times, default=None)
        return Trace(correlation_id, roots, found.window, found.is_cut, by, first, last)

    def _put(self, node: Node, cause: str) -> None:
        above = self._by_cause.get(cause)
        (self._roots if above is None or above is node else above.children).append(node)

    def _commands(self) -> Iterator[tuple[Node, list[Stored]]]:
        """Groups the events of one command, which have consecutive versions and one metadata."""

        def of(stored: Stored) -> tuple[str, str, int, bytes]:
            return stored.kind, stored.id, stored.time, stored.metadata

        for (kind, id, time, written), group in groupby(self._found.events, of):
            events = list(group)
            metadata = read_metadata(written)
            title = f"{kind}/{id}" + (f" {metadata.command}" if metadata.command else "")
            by = f"by {metadata.by}" if metadata.by else ""
            place = (kind, id, str(events[-1].version))
            children = [self._event(stored) for stored in events]
            yield Node("command", title, time, by, place=place, children=children), events

    def _event(self, stored: Stored) -> Node:
        payload = shown_json(readable_payload(self._catalog.kinds.get(stored.kind), stored))
        return Node(
            "event",
            stored.type,
            stored.time,
            f"position {stored.position:,}",
            detail=_cut(msgspec.json.encode(payload)),
            place=(stored.kind, stored.id, str(stored.version)),
        )

    def _views(self, stored: Stored, live: Mapping[str, int]) -> Iterator[Node]:
        for view in self._catalog.views.values():
            if stored.type in view.by_name and view.takes_from(stored.kind):
                aside = self._aside_for(view.name, stored)
                if aside is not None:
                    status = "its row is set aside"
                    yield Node("view", view.name, None, status, "bad", detail=aside.error, place=(view.name,))
                elif live.get(view.name, 0) >= stored.position:
                    yield Node("view", view.name, None, "shows it", "good", place=(view.name,))
                else:
                    yield Node("view", view.name, None, "has not reached it", "warn", place=(view.name,))

    def _aside_for(self, view: str, stored: Stored) -> SetAside | None:
        """Gives the row that is set aside at an event, or the entity's own if it was before."""
        key = msgspec.json.encode(stored.id).decode()
        for row in self._aside:
            is_later = row.position < stored.position and row.key == key
            if row.view == view and (row.position == stored.position or is_later):
                return row
        return None

    async def _actions(self, stored: Stored) -> list[Node]:
        nodes = []
        key = f"{stored.kind}/{stored.id}"
        for trigger in triggers_for(self._app, stored):
            letter = await self._stores.database.first_letter(trigger.name, key)
            if letter is not None and letter.position <= stored.position:
                nodes.append(_letter(letter, is_before=letter.position < stored.position))
                continue
            if trigger.name not in self._states:
                self._states[trigger.name] = await slices_of(self._stores, trigger.name)
            slices = self._stores.database.slices
            if is_left(trigger, self._states[trigger.name], stored, slices):
                nodes.append(_action(trigger.name, "not done yet", "warn"))
            else:
                nodes.append(_action(trigger.name, "done", "good"))
        return nodes


def _action(name: str, status: str, tone: Tone) -> Node:
    return Node("action", name, None, status, tone, place=(name,))


def _letter(letter: Letter, *, is_before: bool = False) -> Node:
    times = "once" if letter.attempts == 1 else f"{letter.attempts} times"
    status = f"waits behind letter {letter.id}" if is_before else f"{letter.status}, tried {times}"
    tone: Tone = "bad" if letter.status == "dead" else "warn"
    place = (str(letter.id),)
    return Node("letter", letter.action, letter.last_failed or None, status, tone, letter.error, place)


def _letters(letters: Sequence[Letter], correlation_id: str) -> Iterator[tuple[Node, str]]:
    """Gives the letters of messages and timers that are of a correlation."""
    for letter in letters:
        if not letter.body:
            continue
        held: Message | Timer
        if letter.action == TIMERS:
            held = msgspec.json.decode(letter.body, type=Timer)
        elif queue_of(letter.action):
            held = msgspec.json.decode(letter.body, type=Message)
        else:
            continue
        if held.correlation_id == correlation_id:
            yield _letter(letter), held.causation_id


def _message(message: Message) -> Node:
    title = f"queue {message.queue}" + (f", key {message.key}" if message.key else "")
    return Node(
        "message", title, message.time, "waits", "warn", _cut(_worded(message.body)), (message.queue,)
    )


def _timer(timer: Timer) -> Node:
    title = f"{timer.kind}/{timer.entity_id} {timer.command}"
    place = (timer.kind, timer.entity_id)
    return Node("timer", title, timer.due, "due then", "", _cut(_worded(timer.arguments)), place)


def _workflow(workflow: StoredWorkflow, steps: Sequence[StepRecord]) -> Node:
    return Node(
        "workflow",
        f"{workflow.kind}/{workflow.id}",
        workflow.created,
        workflow.status,
        TONES.get(workflow.status, ""),
        workflow.error,
        (workflow.kind, workflow.id),
        [_step(step) for step in steps],
    )


def _step(step: StepRecord) -> Node:
    kept = read_kept(step.body)
    number = f" {step.occurrence}" if step.occurrence > 1 else ""
    if kept.error is not None:
        return Node("step", step.name + number, step.time, "failed", "bad", kept.error.message)
    if not kept.is_final:
        return Node("step", step.name + number, step.time, "waits", "warn")
    return Node("step", step.name + number, step.time, "done", "good", _cut(_worded(bytes(kept.result))))


def _worded(text: bytes) -> bytes:
    try:
        return msgspec.json.encode(shown_json(text))
    except msgspec.DecodeError:
        return text


def _cut(text: bytes) -> str:
    shown = text.decode(errors="replace")
    return shown if len(shown) <= MAX_DETAIL else f"{shown[:MAX_DETAIL]}…"
