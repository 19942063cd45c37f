"""The fold of events into a view's rows, without a database: which rows a batch touches, and how."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from actum.errors import ActumError, EventChanged, KeyNotLoaded, ReducerFailed
from actum.model.code.place import place_of_declaration, place_of_error, shown_place
from actum.model.deletion import DELETED
from actum.model.error_text import error_message, error_text
from actum.model.event import Event, Recorded, Stored
from actum.model.reduction import Reduction
from actum.model.rows.mirror import STATE
from actum.model.view import View, ViewType

FEW = 8
"""Rows of one event up to which each gets a copy of it; more share one, or copying would take n² time."""

MAX_CHECKED = 16_000
"""Length of a row's JSON above which it is checked only at the end of a batch, and not at every event."""


class Step(Struct, frozen=True, gc=False):
    """One event applied to one row; `is_shared` is true if other rows get the same event object."""

    key: Any
    reduction: Reduction
    event: Event
    stored: Stored
    is_shared: bool = False


class Changes(Struct, frozen=True):
    """What a batch did to a view: the rows to write, and the keys whose rows are deleted.

    Rows of `lent` keys may hold parts of an event that other rows hold too: they are written, and then read
    again before anything else changes them.
    """

    written: list[View]
    deleted: list[Any]
    lent: frozenset[Any] = frozenset()


class SharedEvents:
    """Checks that an event which many rows share stays unchanged, once for all of them."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._before = b""

    def meet(self, step: Step) -> None:
        """Notes the event of the step that comes next; raises EventChanged if the one before was changed."""
        if self._step is None or self._step.event is not step.event:
            self.end()
            self._step, self._before = step, step.reduction.event_type.encode(step.event)

    def end(self) -> None:
        """Raises EventChanged if the last event was changed."""
        step, self._step = self._step, None
        if step is not None and step.reduction.event_type.encode(step.event) != self._before:
            raise EventChanged(f"a reducer changed the event at position {step.stored.position}")


class Folding:
    """Folds steps into existing rows, `rows` by key; raises ReducerFailed or EventChanged."""

    def __init__(self, view: ViewType, rows: Mapping[Any, View]) -> None:
        self._view = view
        self._rows = rows
        self._touched: dict[Any, View | None] = {}
        self._shared = SharedEvents()
        self._lent: set[Any] = set()
        self._long: set[Any] = set()
        self._may_lend = any(column.kind == "json" for column in view.columns)

    def apply(self, steps: Iterable[Step]) -> None:
        """Applies steps in order."""
        view = self._view
        share = self._before_sharing if view.may_share else None
        check = self._check if self._may_lend else view.check
        apply_all(view, steps, self._rows, self._touched, check=check, share=share)

    def changes(self) -> Changes:
        """Returns what has changed."""
        self._shared.end()
        return Changes(
            [row for row in self._touched.values() if row is not None],
            [key for key, row in self._touched.items() if row is None],
            frozenset(self._lent),
        )

    def _check(self, row: View) -> None:
        key = self._view.key_in(row)
        if self._view.check(row, key in self._long) > MAX_CHECKED:
            self._long.add(key)

    def _before_sharing(self, step: Step, row: View | None) -> View | None:
        """Returns the row to which a step is applied, which shares no part with other rows."""
        if step.key in self._lent and row is not None:
            # It may hold a list of an event that other rows hold: it gets a copy.
            row = self._view.row_from_sql(self._view.row_to_sql(row))
            self._lent.discard(step.key)
        if step.is_shared:
            self._shared.meet(step)
            if self._may_lend:
                self._lent.add(step.key)
        return row


def steps_of(view: ViewType, batch: Sequence[Stored]) -> list[Step]:
    """Finds the rows that a batch touches, in order; raises ReducerFailed for an event without a key."""
    steps: list[Step] = []
    add_steps(view, batch, steps, most=sys.maxsize)
    return steps


def add_steps(
    view: ViewType, batch: Sequence[Stored], steps: list[Step], *, start: int = 0, most: int
) -> int:
    """Adds the steps of the events from index `start` on, and returns the index after the last one.

    It stops after `most` events, or when as many steps were added.
    """
    by_name, key_of, add = view.by_name, view.rows.key, steps.append
    mirrored = None if view.mirror is None else view.mirror.kind.name
    place = start
    end = min(len(batch), start + most)
    full = len(steps) + most
    while place < end and len(steps) < full:
        stored = batch[place]
        place += 1
        reduction = by_name.get(stored.type)
        if reduction is None:
            if stored.type != DELETED:
                continue
            reduction = view.reduction_of_deletion(stored.kind, stored.id)
            if reduction is None:
                continue
        elif mirrored is not None and stored.kind != mirrored:
            continue  # An event that another entity emits too.
        try:
            event = reduction.event_type.read(stored.payload, stored.type_version)
            if reduction.key is None:
                add(Step(key_of(stored.id), reduction, event, stored))
            else:
                _add_keyed(view, reduction, event, stored, steps)
        except KeyNotLoaded:
            raise  # The same batch is read again, and its keys with it.
        except BaseException as error:
            raise failed(view, reduction, stored, error) from error
    return place


def _add_keyed(view: ViewType, reduction: Reduction, event: Event, stored: Stored, steps: list[Step]) -> None:
    keys = keys_of(view, reduction, event, stored)
    if len(keys) > FEW:
        steps += [Step(key, reduction, event, stored, is_shared=True) for key in keys]
        return
    read = reduction.event_type.read
    for number, key in enumerate(keys):
        # Rows that took a list from the same event object would change each other's list.
        own = read(stored.payload, stored.type_version) if number else event
        steps.append(Step(key, reduction, own, stored))


def fold(view: ViewType, steps: Iterable[Step], rows: Mapping[Any, View]) -> Changes:
    """Applies steps to existing rows, `rows` by key, and returns the changes."""
    folding = Folding(view, rows)
    folding.apply(steps)
    return folding.changes()


def apply(view: ViewType, row: View | None, step: Step) -> View | None:
    """Applies an event to its row, or to a new one, and returns the row, or None if it was deleted."""
    touched: dict[Any, View | None] = {}
    apply_all(view, (step,), {} if row is None else {step.key: row}, touched)
    return touched[step.key]


def apply_all(  # noqa: C901 (one loop, without calls: every event of every view passes here)
    view: ViewType,
    steps: Iterable[Step],
    rows: Mapping[Any, View],
    touched: dict[Any, View | None],
    *,
    check: Callable[[View], object] | None = None,
    share: Callable[[Step, View | None], View | None] | None = None,
) -> None:
    """Applies events to their rows and puts the results into `touched`: the row, or None if it was deleted.

    A row is looked up in `touched`, then in `rows`, and else is new; `share` may replace it by a copy.
    `check` gets a row before it changes again, as if the row were to be written now.
    """
    settle, key_in = view.rows.settle, view.key_in
    for step in steps:
        key, reduction = step.key, step.reduction
        if key not in touched:
            row = rows.get(key)
        elif (row := touched[key]) is not None and check is not None:
            # As if the batch had ended here: which rows are set aside must not depend on where a batch ends.
            check(row)
        if share is not None:
            row = share(step, row)
        function = reduction.function
        if function is None:  # The event is an erasure, and drops the row.
            touched[key] = None
            continue
        if row is None:
            row = view.new_row(key)
        try:
            if reduction.wants_recorded:
                function(row, step.event, Recorded.of(step.event, step.stored))
            else:
                function(row, step.event)
            settle(row)
        except KeyNotLoaded:
            raise  # As above.
        except BaseException as error:
            raise failed(view, reduction, step.stored, error) from error
        if key_in(row) != key:
            why = f"it changed the key {view.key!r}; use @reducer(key=…)"
            raise failed(view, reduction, step.stored, why)
        touched[key] = _without(view, row, step) if vars(row) else row


def _without(view: ViewType, row: View, step: Step) -> View | None:
    """Returns a row without what a reducer has set besides its columns; None if the reducer deleted it."""
    beside = vars(row)
    is_deleted = beside.pop("is_deleted", False)
    state = beside.pop(STATE, None)
    cls = type(row)
    names = [name for name in beside if not isinstance(getattr(cls, name, None), cached_property)]
    beside.clear()
    if names:
        why = (
            f"{', '.join(names)} was set but is not a field of {cls.__name__}: declare it, or use a variable"
        )
        raise failed(view, step.reduction, step.stored, why)
    if state is not None:
        beside[STATE] = state
    return None if is_deleted else row


def failed(view: ViewType, reduction: Reduction, stored: Stored, why: object) -> ReducerFailed:
    """Returns the error that names the reducer that failed, the event, and the reason."""
    name = getattr(reduction.function, "__qualname__", reduction.event_type.name)
    return ReducerFailed(
        f"view {view.name}: {name} failed on {stored.type} of {stored.kind}/{stored.id} "
        f"at position {stored.position}: {_reason(why)}{_place(reduction, why)}",
        position=stored.position,
    )


def _place(reduction: Reduction, why: object) -> str:
    """Says in which line of the author's code a reducer failed, or where it is."""
    place = place_of_error(why) if isinstance(why, BaseException) else None
    shown = shown_place(place or place_of_declaration(reduction.function))
    return f" ({shown})" if shown else ""


def keys_of(view: ViewType, reduction: Reduction, event: Event, stored: Stored) -> Collection[Any]:
    """Returns the keys of the rows that an event belongs to, each once, as the rows hold them."""
    key = reduction.key
    if key is None:
        return (view.key_of(stored.id),)
    found = _named(reduction, event, stored)
    if found is None:
        return ()
    if not isinstance(found, view.key_columns.several):
        return (view.key_of(found),)
    several: Any = found
    return dict.fromkeys(map(view.key_of, several))


def _named(reduction: Reduction, event: Event, stored: Stored) -> Any:
    """Returns what a reducer's key says of an event: one key, several, or None."""
    key = reduction.key
    if isinstance(key, str):
        return getattr(event, key)
    if isinstance(key, tuple):
        parts = tuple(getattr(event, name) for name in key)
        return None if any(part is None for part in parts) else parts
    return key(event, Recorded.of(event, stored)) if reduction.key_wants_recorded else key(event)


def _reason(why: object) -> str:
    if isinstance(why, ActumError):
        return error_message(why)
    return error_text(why) if isinstance(why, BaseException) else str(why)
