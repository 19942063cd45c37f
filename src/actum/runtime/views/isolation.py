"""Isolation: folds rows of a view one by one, so that one that fails is set aside and others go on."""

import asyncio
import re
from collections.abc import Iterable
from time import monotonic
from typing import Any

import msgspec

from actum.errors import AuthorError, CallerError, EventChanged
from actum.model.error_text import plain_text
from actum.model.event import Stored
from actum.model.rows.projection import SharedEvents, Step
from actum.model.rows.trail import Fault, Placed, Trail, place
from actum.model.view import View, ViewType
from actum.ports.database import AsideChanges, Database, NewSetAside, SetAside
from actum.runtime.clock import Clock
from actum.runtime.containment import comes_from_outside
from actum.runtime.feed import Feed

WAITING_AT_ONCE = 200
"""The most waiting events of a row that are folded again in one transaction."""
MAX_TURN_TIME = 0.01
"""Seconds after which it yields to other tasks."""

OF_EVENT = re.compile(r" of .+? at position \d+: ", re.DOTALL)
"""The part of an error that says of which event it is."""


class Apart:
    """The result of folding rows one by one: what is written, and what is set aside."""

    def __init__(self, view: ViewType, time: int, *, again: SetAside | None = None) -> None:
        self.trails: dict[Any, Trail] = {}
        self.unplaced: list[Fault] = []
        self.has_more = False
        self.last_done = 0
        self._view = view
        self._time = time
        self._again = again

    def __repr__(self) -> str:
        return f"<Apart, {len(self.trails)} rows of {self._view.name}>"

    @property
    def written(self) -> list[tuple[Any, ...]]:
        """The rows to write, as columns."""
        return [last.values for trail in self.trails.values() if (last := trail.last) and last.values]

    @property
    def deleted(self) -> list[Any]:
        """The keys of the deleted rows."""
        trails = self.trails.values()
        return [trail.key for trail in trails if (last := trail.last) and last.values is None]

    @property
    def changes(self) -> AsideChanges:
        """The changes to the rows that are set aside."""
        trails = [(self._view.key_to_text(trail.key), trail) for trail in self.trails.values()]
        faults = [(text, fault) for text, trail in trails if not trail.was_held and (fault := trail.fault)]
        faults += [(f"@{fault.position}", fault) for fault in self.unplaced]
        set_aside = tuple(
            NewSetAside(text, fault.position, plain_text(fault.error), self._time) for text, fault in faults
        )
        if self._again is not None:
            return self._changes_again(self._again, set_aside)
        waits = [(text, position) for text, trail in trails for position in trail.waiting]
        waits += [(f"@{fault.position}", fault.position) for fault in self.unplaced]
        freed = tuple(text for text, trail in trails if trail.is_freed)
        return AsideChanges(set_aside, tuple(waits), (), freed)

    def by_cause(self) -> list[tuple[str, str]]:
        """Returns what is set aside as a log shows it: the row, and how many more of one cause, and why."""
        causes: dict[str, list[NewSetAside]] = {}
        for new in self.changes.set_aside:
            causes.setdefault(OF_EVENT.sub(": ", new.error, count=1), []).append(new)
        named = f"view {self._view.name}: "
        return [
            (f"{first.key} and {len(more)} more" if more else first.key, first.error.removeprefix(named))
            for first, *more in causes.values()
        ]

    def _changes_again(self, row: SetAside, set_aside: tuple[NewSetAside, ...]) -> AsideChanges:
        if set_aside:
            return AsideChanges(set_aside, done=((row.key, set_aside[0].position - 1),))
        if self.has_more:
            return AsideChanges(done=((row.key, self.last_done),))
        return AsideChanges(freed=(row.key,))


class Isolation:
    """Folds one generation's rows one by one; `has_rows` says whether any are set aside."""

    def __init__(self, view: ViewType, generation: int, database: Database, feed: Feed, clock: Clock) -> None:
        self.has_rows: bool = False
        self._view = view
        self._generation = generation
        self._database = database
        self._feed = feed
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Isolation of {self._view.name}, generation {self._generation}>"

    async def look(self) -> None:
        """Reads whether any rows are set aside."""
        self.has_rows = await self._database.count_set_aside(self._view.name, self._generation) > 0

    async def held(self, keys: Iterable[Any]) -> set[Any]:
        """Returns those of the keys whose rows are set aside."""
        texts = {self._view.key_to_text(key): key for key in keys}
        held = await self._database.held(self._view.name, self._generation, list(texts))
        return {texts[text] for text in held}

    async def fold(self, batch: list[Stored]) -> Apart:
        """Folds the events of a batch for each row, up to the first that fails."""
        placed = place(self._view, batch, comes_from_outside)
        keys = placed.keys
        rows, errors = await self._load(list(keys))
        held = await self.held(keys) if self.has_rows else set()
        try:
            return await self._folded(placed, rows, errors, held, is_sharing=True)
        except EventChanged:
            rows, errors = await self._load(list(keys))
            return await self._folded(placed, rows, errors, held, is_sharing=False)

    async def fold_again(self, row: SetAside) -> Apart:
        """Folds the first of the events that wait for a row, onto its last good state."""
        positions = await self._database.waiting(self._view.name, self._generation, row.key, WAITING_AT_ONCE)
        placed = place(self._view, await self._events_at(positions), comes_from_outside)
        apart = Apart(self._view, self._clock.now(), again=row)
        apart.has_more = len(positions) == WAITING_AT_ONCE
        apart.last_done = positions[-1] if positions else 0
        if row.key.startswith("@"):
            await self._place_again(apart, placed, row)
            return apart
        key = self._view.key_from_text(row.key)
        rows, errors = await self._load([key])
        apart.trails[key] = Trail(self._view, key, rows.get(key), error=errors.get(key, ""))
        # An event whose row was known before and is not now still belongs to this row.
        mine = [
            Fault(key, item.position, item.error) if isinstance(item, Fault) else item
            for item in placed.items
            if item.key == key or item.key is None
        ]
        await self._follow(apart, Placed(mine), None)
        return apart

    async def refuse(self, apart: Apart) -> None:
        """Asks the store which rows it cannot store, and restores their last state that it can."""
        trails = [trail for trail in apart.trails.values() if (last := trail.last) and last.values]
        for trail, error in zip(trails, await self._refusals(apart.written), strict=True):
            if error:
                trail.refuse(await self._refusals(trail.written))

    async def _folded(
        self,
        placed: Placed,
        rows: dict[Any, View],
        errors: dict[Any, str],
        held: set[Any],
        *,
        is_sharing: bool,
    ) -> Apart:
        apart = Apart(self._view, self._clock.now())
        for key in placed.keys:
            apart.trails[key] = Trail(
                self._view, key, rows.get(key), is_held=key in held, error=errors.get(key, "")
            )
        await self._follow(apart, placed, SharedEvents() if is_sharing else None)
        return apart

    async def _follow(self, apart: Apart, placed: Placed, shared: SharedEvents | None) -> None:
        """Folds the events of each row; without `shared`, each row gets its own copy of an event."""
        began = monotonic()
        for item in placed.items:
            if isinstance(item, Step):
                apart.trails[item.key].step(_own(item, shared), comes_from_outside)
            elif item.key is None:
                apart.unplaced.append(item)
            else:
                apart.trails[item.key].fail(item.position, item.error)
            if monotonic() - began > MAX_TURN_TIME:
                await asyncio.sleep(0)
                began = monotonic()
        if shared is not None:
            shared.end()

    async def _place_again(self, apart: Apart, placed: Placed, row: SetAside) -> None:
        """Requests a rebuild of the view for an event whose rows were unknown before and are known now.

        Its rows were folded without it, and only a fold from the beginning is right.
        """
        faults = [item for item in placed.items if isinstance(item, Fault)]
        if not faults and placed.items:
            await self._database.request_rebuild(self._view.name)
            why = "it can be placed now, and the view is being built anew for it"
            faults = [Fault(None, row.position, why)]
        apart.unplaced += [Fault(None, fault.position, fault.error) for fault in faults]

    async def _events_at(self, positions: list[int]) -> list[Stored]:
        """Returns the events at these positions that still exist."""
        wanted, events = set(positions), []
        place = 0
        while place < len(positions):
            first = positions[place]
            near = [position for position in positions[place:] if position < first + WAITING_AT_ONCE]
            found = await self._feed.read(first - 1, near[-1] - first + 1)
            events += [stored for stored in found if stored.position in wanted]
            wanted -= {stored.position for stored in found}
            end = near[-1] if not found or found[-1].position >= near[-1] else found[-1].position
            place = next((at for at, position in enumerate(positions) if position > end), len(positions))
        return events

    async def _load(self, keys: list[Any]) -> tuple[dict[Any, View], dict[Any, str]]:
        """Returns the rows of keys, and for keys that the store cannot hold, why not."""
        if not keys:
            return {}, {}
        try:
            found = await self._database.rows(self._view, self._generation, keys)
        except (CallerError, AuthorError) as error:
            if len(keys) == 1:
                return {}, {keys[0]: str(error)}
            rows, errors = await self._load(keys[: len(keys) // 2])
            more_rows, more_errors = await self._load(keys[len(keys) // 2 :])
            return rows | more_rows, errors | more_errors
        read = [self._view.row_from_sql(values) for values in found]
        return {self._view.key_in(row): row for row in read}, {}

    async def _refusals(self, rows: list[tuple[Any, ...]]) -> list[str]:
        return await self._database.refusals(self._view, self._generation, rows)


def _own(step: Step, shared: SharedEvents | None) -> Step:
    """Returns a step with its own copy of the event, unless the event is known to be left unchanged."""
    if not step.is_shared:
        return step
    if shared is not None:
        shared.meet(step)
        return step
    event = step.reduction.event_type.read(step.stored.payload, step.stored.type_version)
    return msgspec.structs.replace(step, event=event)
