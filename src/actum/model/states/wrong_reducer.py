"""Finds the reducer that left a state which does not fit its annotations, for development and tests."""

from collections.abc import Callable, Sequence

from msgspec.structs import astuple as as_tuple

from actum.errors import WrongState
from actum.model.code.place import place_of_declaration, shown_place
from actum.model.entity import fields_of
from actum.model.turn import Emitted, Instance, as_stored
from actum.model.values.round_trip import short_repr
from actum.model.values.serialisable import display


def wrong_reducer(
    instance: Instance, emitted: Sequence[Emitted], before: Callable[[], Instance]
) -> str | None:
    """Says which reducer of a turn set a field to what does not fit it, and where; None if all fits.

    `before` returns the entity as it was before the events, and may be changed. A state that was wrong then
    is no fault of these reducers.
    """
    try:
        instance.snapshot()
    except WrongState:
        return _found(before(), emitted, instance.time)
    return None


def _found(twin: Instance, emitted: Sequence[Emitted], time: int) -> str | None:
    kind = twin.kind
    if kind.states.wrong_field(as_tuple(twin.state)) is not None:
        return None
    for stored in as_stored(kind.name, twin.id, twin.version, emitted, time):
        twin.replay([stored])
        found = kind.states.wrong_field(as_tuple(twin.state))
        function = kind.by_name[stored.type].function
        if found is not None and function is not None:
            return _fault(twin, function, *found)
    return None


def _fault(instance: Instance, reducer: object, name: str, reason: str) -> str:
    cls = instance.kind.cls
    [annotation] = [field.annotation for field in fields_of(cls) if field.name == name]
    place = shown_place(place_of_declaration(reducer))
    return (
        f"the reducer {cls.__name__}.{getattr(reducer, '__name__', '')}{f' ({place})' if place else ''} set "
        f"{name} to {short_repr(getattr(instance.state, name))}, but {cls.__name__}.{name} is declared as "
        f"{display(annotation)}, so that it could not be read back ({reason})"
    )
