"""Reductions: which method of a class reduces which event, found once and looked up by event class."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from actum.errors import DefinitionError
from actum.model.code.place import blamed_on
from actum.model.event import Event, EventType, Recorded
from actum.model.handler import ReducerMark
from actum.model.signature import hints_of


class Reduction:
    """One event that a class reduces: its type, the reducer, and the parameters that the reducer takes.

    `function` is None for an event that is emitted and changes no state. `key_wants_recorded` says that `key`
    is a function of the event and of what is recorded of it.
    """

    __slots__ = ("event_type", "function", "key", "key_wants_recorded", "wants_recorded")

    def __init__(
        self,
        event_type: EventType,
        function: Callable[..., None] | None,
        key: Any = None,
        *,
        wants_recorded: bool = False,
    ) -> None:
        self.event_type: EventType = event_type
        self.function: Callable[..., None] | None = function
        self.key: Any = key
        self.key_wants_recorded: bool = callable(key) and _takes_two(key)
        self.wants_recorded: bool = wants_recorded


def events_in(annotation: Any) -> list[type[Event]]:
    """Returns the event classes that an annotation names: one, or a union of several."""
    if get_origin(annotation) in (Union, UnionType):
        return [cls for part in get_args(annotation) for cls in events_in(part)]
    if isinstance(annotation, type) and issubclass(annotation, Event) and annotation is not Event:
        return [annotation]
    return []


def refuse_returned_events(where: str, function: Callable[..., Any]) -> None:
    """Raises DefinitionError for a command that is to answer with an event, which would not be stored."""
    for cls in _events_anywhere(hints_of(function).get("return")):
        raise DefinitionError(
            f"{where} returns {cls.__name__}, but what a command returns is not stored: emit it with "
            f"self.emit({cls.__name__}(...)), and return None, or values for the caller"
        )


def _events_anywhere(annotation: Any) -> Iterator[type[Event]]:
    if isinstance(annotation, type) and issubclass(annotation, Event):
        yield annotation
    for part in get_args(annotation):
        yield from _events_anywhere(part)


def reductions_of(cls: type[Any], *, may_ask_for_recorded: bool) -> dict[type[Event], Reduction]:
    """Finds the reducers of an entity or a view, by event class."""
    found: dict[type[Event], Reduction] = {}
    for name in dir(cls):
        function = inspect.getattr_static(cls, name)
        mark = getattr(function, "__reducer__", None)
        if not isinstance(mark, ReducerMark):
            continue
        with blamed_on(function):
            _add_reducer(cls, function, mark, found, may_ask_for_recorded=may_ask_for_recorded)
    return found


def _add_reducer(
    cls: type[Any],
    function: Any,
    mark: ReducerMark,
    found: dict[type[Event], Reduction],
    *,
    may_ask_for_recorded: bool,
) -> None:
    where = f"reducer {cls.__name__}.{function.__name__}"
    parameters = list(inspect.signature(function).parameters)[1:]
    hints = hints_of(function)
    events = events_in(hints.get(parameters[0])) if parameters else []
    if not events:
        raise DefinitionError(
            f"{where} does not say which event it reduces: annotate its parameter with an Event class, "
            f"as in `def {function.__name__}(self, event: Deposited) -> None`"
        )
    wants_recorded = _wants_recorded(where, parameters, hints, allowed=may_ask_for_recorded)
    for event in events:
        if event in found:
            raise DefinitionError(
                f"{where}: another reducer of {cls.__name__} already takes {event.__name__}; keep one"
            )
        found[event] = Reduction(event.__event_type__, function, mark.key, wants_recorded=wants_recorded)


def inherited(event: type[Event], reductions: Mapping[type[Event], Reduction]) -> Reduction | None:
    """Returns the reduction of an event that has no reducer: that of its nearest base class which has one."""
    for base in event.__mro__[1:]:
        found = reductions.get(base)
        if found is not None and found.function is not None:
            return Reduction(
                event.__event_type__, found.function, found.key, wants_recorded=found.wants_recorded
            )
    return None


def _takes_two(function: Any) -> bool:
    """Whether a function needs a second argument."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for count in (1, 2):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return count == 2
    return False


def _wants_recorded(where: str, parameters: list[str], hints: dict[str, Any], *, allowed: bool) -> bool:
    if len(parameters) == 1:
        return False
    annotation = hints.get(parameters[1])
    is_recorded = annotation is Recorded or get_origin(annotation) is Recorded
    if allowed and len(parameters) == 2 and is_recorded:
        return True
    more = " and, where id, version or time matter, `recorded: Recorded`" if allowed else ""
    raise DefinitionError(f"{where} takes {', '.join(parameters)}: a reducer takes one event{more}")
