"""Entities that keep their state alone: commands change fields, and the newest state is the only event."""

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.event import Event, EventMeta, EventType

StateT = TypeVar("StateT", bound=Struct)
KEPT = "state"
"""The value of `keeps=` with which an entity keeps its state alone."""


class Changed(Event, Generic[StateT], name="actum.Changed"):
    """An entity that keeps its state alone was changed: `state` is the whole state after the command.

    `Changed[Settings]` is the event of the entities of a class, for reducers of views and for actions;
    `Changed` alone stands for those of all classes. It is stored as `Settings.Changed`, and its payload is
    the state. Only the newest of an entity is kept: who reads the feed late sees that one alone. When the
    fields of the class change their shape, raise `version=` in its class statement, and say with
    `@Changed[Settings].upcast(1)` how an older state becomes today's.
    """

    state: StateT

    if not TYPE_CHECKING:

        def __class_getitem__(cls, of: type[Struct]) -> "type[Changed[Any]]":
            return cls if of is Any or isinstance(of, TypeVar) else changed_of(of)


class KeptOptions(Struct, frozen=True):
    """What a class that keeps its state alone says in its class statement."""

    name: str
    version: int


def changed_of(of: Any) -> type[Changed[Any]]:
    """Returns the event class of the entities of a class; raises DefinitionError for one that has events."""
    options = vars(of).get("__kept_options__") if isinstance(of, type) else None
    if options is None:
        name = getattr(of, "__name__", repr(of))
        raise DefinitionError(
            f"Changed[{name}]: name an entity class that keeps its state alone, "
            f'class {name}(Entity, keeps="state")'
        )
    found = vars(of).get("__changed__")
    if found is None:
        found = of.__changed__ = _event_class(of, options)
    event: type[Changed[Any]] = found
    return event


def _event_class(of: type[Struct], options: KeptOptions) -> type[Changed[Any]]:
    members = {"__annotations__": {"state": of}, "__module__": of.__module__, "__doc__": Changed.__doc__}
    made: Any = EventMeta(
        f"Changed[{of.__name__}]",
        (Changed,),
        members,
        name=f"{options.name}.Changed",
        version=options.version,
    )
    event_type: EventType = made.__event_type__
    write = msgspec.json.Encoder().encode
    event_type.encode = lambda event: write(event.state)
    event_type.payload_class, event_type.wrap, event_type.unwrap = of, made, attrgetter("state")
    result: type[Changed[Any]] = made
    return result


def payload_of(event: type[Event]) -> type[Struct]:
    """Returns the class whose JSON is the payload of an event: that of the entity for a `Changed`."""
    if not issubclass(event, Changed):
        return event
    of: type[Struct] = event.__annotations__["state"]
    return of


def take_state(entity: Any, event: Any) -> None:
    """Reduces a change: the entity gets the fields of the state."""
    put_fields(entity, event.state)


def keeping(
    function: Callable[..., Any], write: Callable[[Any], bytes], read: Callable[[bytes], Any]
) -> Callable[..., Any]:
    """Returns the function of a command that also records the state, if it has changed it."""

    @wraps(function)
    def run(state: Any, *arguments: Any) -> Any:
        before = write(state)
        try:
            reply = function(state, *arguments)
            state._instance.keep_state(before)
        except BaseException:
            put_fields(state, read(before))
            raise
        return reply

    return run


def put_fields(state: Any, kept: Any) -> None:
    """Gives a state the fields of another one."""
    for name in state.__struct_fields__:
        setattr(state, name, getattr(kept, name))
