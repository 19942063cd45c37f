"""The fold of events into a view's rows, without a database: which rows a batch touches, and how."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from actum.errors import ActumError, AuthorError
from actum.model.deletion import DELETED
from actum.model.error_text import error_message, error_text
from actum.model.event import Event, Recorded, Stored
from actum.model.reduction import Reduction
from actum.model.view import DROP, View, ViewType


class Step(Struct, frozen=True, gc=False):
    """One event applied to one row."""

    key: Any
    reduction: Reduction
    event: Event
    stored: Stored


class Changes(Struct, frozen=True):
    """What a batch did to a view: the rows to write, and the keys whose rows are gone."""

    written: list[View]
    deleted: list[Any]


class ReducerFailed(AuthorError):
    """An event at `position` could not be folded into a row of a view."""

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position


def steps_of(view: ViewType, batch: Iterable[Stored]) -> list[Step]:
    """Finds the rows that a batch touches, in order; raises ReducerFailed for an event that does not say."""
    steps: list[Step] = []
    by_name = view.by_name
    for stored in batch:
        reduction = by_name.get(stored.type)
        if reduction is None and stored.type == DELETED:
            reduction = view.reduction_of_deletion(stored.kind, stored.id)
        if reduction is not None:
            try:
                _add_steps(view, reduction, stored, steps)
            except BaseException as error:
                raise failed(view, reduction, stored, error) from error
    return steps


def fold(view: ViewType, steps: Iterable[Step], rows: Mapping[Any, View]) -> Changes:
    """Applies the steps to the rows that exist, and gives the changes; `rows` holds those found, by key."""
    touched: dict[Any, View | None] = {}
    for step in steps:
        key = step.key
        touched[key] = apply(view, touched[key] if key in touched else rows.get(key), step)
    return Changes(
        [row for row in touched.values() if row is not None],
        [key for key, row in touched.items() if row is None],
    )


def apply(view: ViewType, row: View | None, step: Step) -> View | None:
    """Applies an event to its row, new if there is none, and gives the row, or None when it was deleted."""
    if step.reduction is DROP:
        return None
    row = view.new_row(step.key) if row is None else row
    _reduce(view, row, step)
    return None if vars(row).pop("is_deleted", False) else row


def failed(view: ViewType, reduction: Reduction, stored: Stored, why: object) -> ReducerFailed:
    """Says which reducer failed, on which event, and why."""
    name = getattr(reduction.function, "__qualname__", reduction.event_type.name)
    return ReducerFailed(
        f"view {view.name}: {name} failed on {stored.type} of {stored.kind}/{stored.id} "
        f"at position {stored.position}: {_reason(why)}",
        position=stored.position,
    )


def _add_steps(view: ViewType, reduction: Reduction, stored: Stored, steps: list[Step]) -> None:
    event = reduction.event_type.read(stored.payload, stored.type_version)
    for number, key in enumerate(keys_of(view, reduction, event, stored)):
        if number:
            # Rows that took their list from one event would change it under each other's hands.
            event = reduction.event_type.read(stored.payload, stored.type_version)
        steps.append(Step(key, reduction, event, stored))


def _reduce(view: ViewType, row: View, step: Step) -> None:
    reduction = step.reduction
    assert reduction.function is not None
    try:
        if reduction.wants_recorded:
            reduction.function(row, step.event, Recorded.of(step.event, step.stored))
        else:
            reduction.function(row, step.event)
        view.settle(row)
    except BaseException as error:
        raise failed(view, reduction, step.stored, error) from error
    if getattr(row, view.key) != step.key:
        raise failed(view, reduction, step.stored, f"it changed the key {view.key!r}; use @reducer(key=…)")


def keys_of(view: ViewType, reduction: Reduction, event: Event, stored: Stored) -> Iterable[Any]:
    """Gives the keys of the rows that an event belongs to, each once, as the rows hold them."""
    key = reduction.key
    if key is None:
        return (view.key_of(stored.id),)
    found = getattr(event, key) if isinstance(key, str) else key(event)
    if found is None:
        return ()
    keys = found if isinstance(found, (list, tuple, set, frozenset)) else (found,)
    return dict.fromkeys(map(view.key_of, keys))


def _reason(why: object) -> str:
    if isinstance(why, ActumError):
        return error_message(why)
    return error_text(why) if isinstance(why, BaseException) else str(why)
