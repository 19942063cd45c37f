"""A turn: one command against one entity gives events and a reply; and the fold of a history into a state.

This is the whole decision, without I/O, clock or asyncio. Hosts differ only in where they load and store.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from actum.errors import (
    AuthorError,
    BrokenStream,
    Invalid,
    UndeclaredEvent,
    UnknownEvent,
    UnreadableEvent,
    WrongEvent,
)
from actum.model.entity import CommandType, EntityType
from actum.model.event import Event, Stored

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event as JSON; every store but DynamoDB, whose limit is lower, takes as much."""

as_tuple = msgspec.structs.astuple

Emitted = tuple[str, int, bytes]
"""An event on its way to the journal: its stored name, its version, its payload as JSON."""


def as_stored(kind: str, id: str, after: int, emitted: Iterable[Emitted], time: int) -> list[Stored]:
    """Gives events that follow version `after` as they would be kept, but for their place in a journal."""
    return [
        Stored(0, kind, id, version, type_, type_version, payload, b"{}", time)
        for version, (type_, type_version, payload) in enumerate(emitted, after + 1)
    ]


class Instance:
    """One entity in memory: its state, and its place in its stream.

    `version` counts the events behind the state, those emitted in a running turn included. `time` is that of
    the turn or event at hand, in microseconds since 1970.

    `is_spoiled` becomes true when a turn failed after it had changed a state that cannot be put back; the
    instance must then be made anew from its history.
    """

    __slots__ = ("_before", "_emitted", "id", "is_spoiled", "kind", "state", "time", "version")

    def __init__(self, kind: EntityType, id: str) -> None:
        self.kind = kind
        self.id = id
        self.version = 0
        self.time = 0
        self.is_spoiled = False
        self._emitted: list[Emitted] | None = None
        self._before: tuple[Any, ...] | None = None
        self._adopt(kind.cls())

    def __repr__(self) -> str:
        return f"<{self.kind.name}/{self.id}@{self.version}>"

    def decide(self, command: CommandType, arguments: tuple[Any, ...], now: int) -> tuple[list[Emitted], Any]:
        """Runs one command and gives the events it emitted and its reply.

        An exception leaves nothing behind: neither events nor a changed state.
        """
        version = self.version
        self.time = now
        emitted: list[Emitted] = []
        self._emitted = emitted
        self._before = as_tuple(self.state) if self.kind.is_plain else None
        try:
            reply = command.function(self.state, *arguments)
            if type(reply) is not command.signature.scalar:
                reply = command.signature.isolate(reply)
            if self._emitted is not emitted:
                raise AuthorError(
                    f"{self!r}: {command.name} went on after an emit had failed; let the error pass"
                )
        except BaseException:
            if emitted or self._before is not None:
                self._put_back(version)
            raise
        finally:
            self._emitted = None
            self._before = None
        return emitted, reply

    def ask(self, query: CommandType, arguments: tuple[Any, ...], now: int) -> Any:
        """Runs one query and gives its answer, which no later turn can change."""
        self.time = now
        return query.signature.isolate(query.function(self.state, *arguments))

    def emit(self, event: Event) -> None:
        """Records an event of the running turn.

        The event is reduced as it will be read back, so the state is always the fold of what is stored.
        """
        emitted = self._emitted
        if emitted is None:
            raise AuthorError(
                f"{self!r}: events are emitted in a command; a query or a reducer only reads them"
            )
        kind = self.kind
        reduction = kind.reductions.get(type(event))
        if reduction is None:
            raise UndeclaredEvent(self._undeclared(event))
        event_type = reduction.event_type
        try:
            payload = event_type.encode(event)
            kept = event_type.decode(payload)
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            raise WrongEvent(
                f"{self!r} emitted {event!r}, which does not fit its annotations: {error}"
            ) from error
        if len(payload) > MAX_EVENT_BYTES:
            raise Invalid(
                f"{self!r} emitted {event_type.name} with {len(payload):,} bytes, and an event holds "
                f"{MAX_EVENT_BYTES:,}: keep large contents elsewhere, and a reference to them in the event"
            )
        # None until the reducer is done: it may not emit, and a failure must not go unnoticed.
        self._emitted = None
        emitted.append((event_type.name, event_type.version, payload))
        self.version += 1
        if reduction.function is not None:
            reduction.function(self.state, kept)
        self._emitted = emitted

    def replay(self, history: Iterable[Stored]) -> None:
        """Folds stored events into the state; they must follow on from `version` without a gap."""
        by_name = self.kind.by_name
        state = self.state
        for stored in history:
            if stored.version != self.version + 1:
                raise BrokenStream(
                    f"{self.kind.name}/{self.id}: version {stored.version} follows {self.version}; the "
                    "history has "
                    "a gap, so its state cannot be known: restore the store from a backup"
                )
            reduction = by_name.get(stored.type)
            if reduction is None:
                raise UnknownEvent(
                    f"{self.kind.name}/{self.id} has an event {stored.type!r} at version {stored.version} "
                    "that "
                    f"{self.kind.cls.__name__} does not declare: bring its class back, or give the new class "
                    f"name={stored.type!r}"
                )
            self.version = stored.version
            self.time = stored.time
            if reduction.function is not None:
                event_type = reduction.event_type
                try:
                    if stored.type_version == event_type.version:
                        event = event_type.decode(stored.payload)
                    else:
                        event = event_type.read(stored.payload, stored.type_version)
                except msgspec.DecodeError as error:
                    raise self._unreadable(stored, event_type.unreadable(error)) from error
                except UnreadableEvent as error:
                    raise self._unreadable(stored, error) from error
                reduction.function(state, event)

    def snapshot(self) -> bytes:
        """Gives the state as JSON."""
        return self.kind.write_state(self.state)

    def restore(self, snapshot: bytes, version: int, time: int) -> None:
        """Takes the state from a snapshot that was made at `version`."""
        self._adopt(self.kind.read_state(snapshot))
        self.version = version
        self.time = time

    def release(self) -> None:
        """Lets go of the state, so that memory is given back at once."""
        self.state.__dict__.clear()

    def _adopt(self, state: Any) -> None:
        state.__dict__["instance"] = self
        self.state = state

    def _put_back(self, version: int) -> None:
        self.version = version
        if self._before is None:
            self.is_spoiled = True
            return
        for name, value in zip(self.kind.fields, self._before, strict=True):
            setattr(self.state, name, value)

    def _unreadable(self, stored: Stored, error: UnreadableEvent) -> UnreadableEvent:
        return UnreadableEvent(f"{self.kind.name}/{self.id} at version {stored.version}: {error}")

    def _undeclared(self, event: object) -> str:
        if isinstance(event, type) and issubclass(event, Event):
            return f"{self!r} emitted the class {event.__name__}: emit a fact, {event.__name__}(…)"
        name = type(event).__name__
        if not isinstance(event, Event):
            return f"{self!r} emitted {event!r}, which is not an Event: declare `class {name}(Event)`"
        return (
            f"{self!r} emitted {name}, which no reducer of {self.kind.cls.__name__} takes: add a @reducer "
            "for it, "
            f"or list it: class {self.kind.cls.__name__}(Entity, emits=[{name}])"
        )
