"""The trail of one row through a batch: its state after each event, up to the one that fails."""

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any

from msgspec import Struct

from actum.errors import ActumError, KeyNotLoaded, ReducerFailed
from actum.model.deletion import DELETED
from actum.model.event import Stored
from actum.model.reduction import Reduction
from actum.model.rows.projection import FEW, Step, apply, failed, keys_of
from actum.model.view import View, ViewType

IsOutside = Callable[[BaseException], bool]


class Fault(Struct, frozen=True):
    """An event that cannot be folded into the row of `key`, or None where the row is not known."""

    key: Any
    position: int
    error: str


class State(Struct, frozen=True):
    """A row after the event at `position`: its columns, None if it is deleted, or why it cannot be stored."""

    position: int
    values: tuple[Any, ...] | None
    error: str = ""


class Trail:
    """Folds one row, event by event, and stops at the first that fails; later events wait.

    A row that `is_held` was set aside before: its events wait, except the erasure of its entity. So do those
    of a row that could not be read, for the reason in `error`.
    """

    def __init__(
        self, view: ViewType, key: Any, row: View | None, *, is_held: bool = False, error: str = ""
    ) -> None:
        self.key = key
        self.positions: list[int] = []
        self.is_freed: bool = False
        self._view = view
        self._row = row
        self._states: list[State] = []
        self._error = error or ("it waits behind an earlier event" if is_held else "")
        self._is_held = is_held

    def __repr__(self) -> str:
        return f"<Trail of {self._view.name}/{self.key}, {len(self._states)} of {len(self.positions)} events>"

    @property
    def was_held(self) -> bool:
        """Whether the row was set aside before this batch, and still is."""
        return self._is_held and not self.is_freed

    def step(self, step: Step, is_outside: IsOutside) -> None:
        """Takes the next event of the row."""
        if step.stored.type == DELETED:
            self._end(step, is_outside)
        self.positions.append(step.stored.position)
        if not self._error:
            self._apply(step, is_outside)

    def fail(self, position: int, error: str) -> None:
        """Takes an event of the row that cannot be read."""
        self.positions.append(position)
        self._error = self._error or error

    def refuse(self, errors: Iterable[str]) -> None:
        """Takes the store's answer for each of `written`: why it cannot store it, or nothing."""
        for place, error in zip(self._places(), errors, strict=True):
            if error:
                self._states[place] = State(self._states[place].position, None, error)

    @property
    def written(self) -> list[tuple[Any, ...]]:
        """The row's columns after each event."""
        return [self._states[place].values or () for place in self._places()]

    @property
    def last(self) -> State | None:
        """The last state before one that cannot be stored, or None if that is the state before the batch."""
        good = list(takewhile(lambda state: not state.error, self._states))
        return good[-1] if good else None

    @property
    def waiting(self) -> list[int]:
        """The positions of the events that wait."""
        last = self.last
        return self.positions if last is None else self.positions[self.positions.index(last.position) + 1 :]

    @property
    def fault(self) -> Fault | None:
        """The first event that waits, and why it cannot be folded."""
        waiting = self.waiting
        if not waiting:
            return None
        unfit = next((state.error for state in self._states if state.position == waiting[0]), "")
        return Fault(self.key, waiting[0], unfit or self._error)

    def _places(self) -> list[int]:
        return [place for place, state in enumerate(self._states) if state.values is not None]

    def _apply(self, step: Step, is_outside: IsOutside) -> None:
        position = step.stored.position
        try:
            self._row = apply(self._view, self._row, step)
        except KeyNotLoaded:
            raise  # The same batch is read again, and its keys with it.
        except ReducerFailed as error:
            cause = error.__cause__
            if cause is not None and is_outside(cause):
                raise cause from None
            self._error = str(error)
            return
        except BaseException as error:
            if is_outside(error):
                raise
            self._error = str(failed(self._view, step.reduction, step.stored, error))
            return
        state = self._state(position, step, is_outside)
        self._states.append(state)
        self._error = state.error
        if step.is_shared and state.values is not None:
            # The row gets its own copy of what it took from a shared event.
            self._row = self._view.row_from_sql(state.values)

    def _state(self, position: int, step: Step, is_outside: IsOutside) -> State:
        if self._row is None:
            return State(position, None)
        try:
            return State(position, self._view.row_to_sql(self._row))
        except BaseException as error:
            if is_outside(error):
                raise
            return State(position, None, str(failed(self._view, step.reduction, step.stored, error)))

    def _end(self, step: Step, is_outside: IsOutside) -> None:
        """Discards the row's past at the erasure of its entity, if that deletes the row."""
        before = self._row, self._error, self._states
        self._row, self._error, self._states = None, "", []
        self._apply(step, is_outside)
        if self._error or self._row is not None:
            self._row, self._error, self._states = before
            return
        self.is_freed = self.is_freed or self._is_held
        self.positions.clear()
        self._states.clear()


class Placed(Struct, frozen=True):
    """What a batch holds for a view: steps, and events that cannot be read, in order of position."""

    items: list[Step | Fault]

    @property
    def keys(self) -> set[Any]:
        """The keys of all rows that the batch touches."""
        return {item.key for item in self.items if item.key is not None}


def place(view: ViewType, batch: Iterable[Stored], is_outside: IsOutside) -> Placed:
    """Finds the rows that a batch touches, and the events that cannot be read or have no usable key."""
    items: list[Step | Fault] = []
    for stored in batch:
        reduction = view.by_name.get(stored.type)
        if reduction is None and stored.type == DELETED:
            reduction = view.reduction_of_deletion(stored.kind, stored.id)
        if reduction is not None and view.takes_from(stored.kind):
            items += _place(view, reduction, stored, is_outside)
    return Placed(items)


def _place(view: ViewType, reduction: Reduction, stored: Stored, is_outside: IsOutside) -> list[Step | Fault]:
    try:
        event = reduction.event_type.read(stored.payload, stored.type_version)
        keys = list(keys_of(view, reduction, event, stored))
        for key in keys:
            view.key_to_text(key)
        if len(keys) > FEW:
            return [Step(key, reduction, event, stored, is_shared=True) for key in keys]
        read = reduction.event_type.read
        return [Step(key, reduction, read(stored.payload, stored.type_version), stored) for key in keys]
    except BaseException as error:
        if is_outside(error) or isinstance(error, KeyNotLoaded):
            raise
        why = str(failed(view, reduction, stored, error))
        return [Fault(_key_of(view, reduction, stored), stored.position, why)]


def _key_of(view: ViewType, reduction: Reduction, stored: Stored) -> Any:
    """Returns the key of an event that cannot be read, if it does not depend on the payload."""
    if reduction.key is not None:
        return None
    try:
        return view.key_of(stored.id)
    except ActumError:
        return None
