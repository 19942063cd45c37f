"""A turn: one command on one entity yields events and a reply; and the fold of a history into a state.

This is the whole decision, without I/O, clock or asyncio. Hosts differ only in where they load and store.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec
from msgspec.structs import astuple as as_tuple

from actum.errors import (
    AuthorError,
    BrokenStream,
    Invalid,
    UndeclaredEvent,
    UnknownEvent,
    UnreadableEvent,
    WrongEvent,
    WrongState,
)
from actum.model.deadlines.turn_deadlines import TurnDeadlines
from actum.model.entity import CommandType, EntityType
from actum.model.event import Event, EventType, Stored
from actum.model.states.kept_state import put_fields
from actum.model.values.claim_value import canonical
from actum.model.values.round_trip import LOST, reason_of, short_repr
from actum.model.values.state import MAX_WATCHED

REFUSALS = "actum.errors"
MAX_CLAIMS = 1_000
"""Values that one command may claim and release."""
SMALL = 2_000
"""Bytes of JSON up to which a state is copied before each turn that may change it unseen."""
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Of an event as JSON. Every store accepts as much but DynamoDB, whose limit is lower."""
LARGE = 2_048
"""Bytes above which an event counts by its size against the memory limit, instead of as one of many."""
NOTHING_TOUCHED: Mapping[str, Any] = {}
"""Shared by all entities: an empty dict of its own would add 64 bytes to every live one."""
INSTANCE = "instance"
"""Where a state has its instance, only while a turn runs or its events are folded: what is reached through a
struct's `__dict__` alone is never found by the garbage collector, and so not what refers back to it."""
NO_CHANGES: Any = None
"""What a turn begins with; not a plain None, from which type checkers conclude that it stays so."""

Emitted = tuple[str, int, bytes]
"""An event on its way to the journal: its stored name, its version, and its payload as JSON."""

ClaimChange = tuple[str, bytes, bool]
"""A value that a turn claims or releases: its name, its canonical form, and whether it is released."""


def as_stored(kind: str, id: str, after: int, emitted: Iterable[Emitted], time: int) -> list[Stored]:
    """Returns events after version `after` in their stored form, but without a position in a journal."""
    return [
        Stored(0, kind, id, version, type_, type_version, payload, b"{}", time)
        for version, (type_, type_version, payload) in enumerate(emitted, after + 1)
    ]


class Instance:
    """One entity in memory: its state, and its place in its stream.

    `version` counts the events behind the state, including those emitted in a running turn. `time` is that of
    the current turn or event, in microseconds since 1970.

    `is_spoiled` becomes true when a turn has changed, or may have changed, a state that cannot be restored;
    the instance must then be rebuilt from its history. `is_proven` becomes false when a turn may have changed
    the state without an event; it must then not be kept. `touched` holds the fields that the last turn
    changed without an event and that were restored, with the values found there. `left` holds the events of a
    turn that raised outside a reducer. `has_large` becomes true at an event of more than `LARGE` bytes.
    `claims` are what the last command claimed and released, in order, and `deadlines` those that it set and
    cancelled; None if nothing.
    """

    __slots__ = (
        "_emitted",
        "_image",
        "_image_size",
        "_image_version",
        "_is_deeply_fit",
        "_sound",
        "claims",
        "deadlines",
        "has_large",
        "id",
        "is_proven",
        "is_spoiled",
        "kind",
        "left",
        "state",
        "time",
        "touched",
        "version",
    )

    state: Any

    def __init__(self, kind: EntityType, id: str) -> None:
        self.kind: EntityType = kind
        self.id: str = id
        self.version: int = 0
        self.time: int = 0
        self.is_spoiled: bool = False
        self.is_proven: bool = True
        self.touched: Mapping[str, Any] = NOTHING_TOUCHED
        self.left: list[Emitted] | None = None
        self.has_large: bool = False
        self.claims: list[ClaimChange] | None = None
        self.deadlines: TurnDeadlines | None = None
        self._emitted: list[Emitted] | None = None
        self._sound: tuple[Any, ...] | None = None
        self._image: bytes | None = None
        self._image_size = 0
        self._image_version = -1
        self._is_deeply_fit: bool | None = None
        self._adopt(kind.cls())

    def __repr__(self) -> str:
        return f"<{self.kind.name}/{self.id}@{self.version}>"

    def decide(  # noqa: PLR0915 (the hot path: one function, without calls)
        self, command: CommandType, arguments: tuple[Any, ...], now: int
    ) -> tuple[list[Emitted], Any]:
        """Runs one command and returns the events it emitted and its reply.

        An exception leaves nothing behind: neither events nor a changed state.
        """
        version = self.version
        self.time = now
        emitted: list[Emitted] = []
        before = as_tuple(self.state)
        if command.is_steady:
            self._sound = None
        else:
            self._watch(command)
            self._sound = before
        if self.touched:
            self.touched = NOTHING_TOUCHED
        self.claims = self.deadlines = NO_CHANGES
        self._emitted = emitted
        beside = self.state.__dict__
        beside[INSTANCE] = self
        try:
            reply = command.function(self.state, *arguments)
            if type(reply) is not command.signature.scalar:
                reply = command.signature.isolate(reply)
            if self._emitted is not emitted:
                raise AuthorError(
                    f"{self!r}: {command.name} caught the error of an emit and continued: do not catch it"
                )
            if len(beside) > 1:
                self._remove_undeclared(emitted)
            if self.claims is not None and not emitted:
                raise self._claimed_without_event(command)
            if self.deadlines is not None:
                self.deadlines.check(has_events=bool(emitted))
        except BaseException as error:
            self.claims = self.deadlines = None
            self.left = emitted if self._emitted is emitted else None
            self._put_back(command, version, before, error)
            raise
        finally:
            self._emitted = None
            beside.clear()
        if self._sound is not None:
            self._restore_after_command(command, version, self._sound)
        return emitted, reply

    def ask(self, query: CommandType, arguments: tuple[Any, ...], now: int) -> Any:
        """Runs one query and returns its answer, which no later turn can change. The state stays the same."""
        self.time = now
        if self.touched:
            self.touched = NOTHING_TOUCHED
        beside = self.state.__dict__
        beside[INSTANCE] = self
        try:
            if query.is_steady:
                return query.signature.isolate(query.function(self.state, *arguments))
            self._watch(query)
            before = as_tuple(self.state)
            try:
                answer = query.signature.isolate(query.function(self.state, *arguments))
            except BaseException as error:
                self._settle(query, before, error)
                raise
            if as_tuple(self.state) != before or not query.is_harmless or len(beside) > 1:
                self._settle(query, before, None)
            return answer
        finally:
            beside.clear()

    def emit(self, event: Event) -> None:
        """Records an event of the running turn.

        The event is reduced as it will be read back, so the state is always the fold of what is stored.
        """
        emitted = self._emitted
        if emitted is None:
            raise AuthorError(f"{self!r}: only a command may emit events; a query or a reducer must not")
        kind = self.kind
        reduction = kind.reductions.get(type(event))
        if reduction is None:
            raise UndeclaredEvent(self._undeclared(event))
        event_type = reduction.event_type
        try:
            payload = event_type.encode(event)
            kept = event_type.decode(payload)
            if event_type.is_open or kept != event:
                self._compare(event_type, event, kept)
        except LOST as error:
            said = f"{self!r} emitted {short_repr(event)}"
            mismatch = event_type.mismatch(event)
            raise WrongEvent(
                f"{said}: {mismatch}"
                if mismatch
                else f"{said}, which does not fit its annotations: {reason_of(error)}"
            ) from error
        if len(payload) > LARGE:
            self._check_size(event_type.name, payload)
        # None until the reducer returns: a reducer must not emit, and its failure must not go unnoticed.
        self._emitted = None
        emitted.append((event_type.name, event_type.version, payload))
        self.version += 1
        function = reduction.function
        if function is not None:
            if self._sound is None and not kind.is_doubtful:
                function(self.state, kept)
            else:
                self._reduce(function, kept)
        self._emitted = emitted

    def change_claim(self, name: str, value: Any, *, is_released: bool) -> None:
        """Records that the running turn claims a value for its entity, or releases it."""
        if self._emitted is None:
            verb = "release" if is_released else "claim"
            raise AuthorError(f"{self!r}: only a command may {verb} values; a query or a reducer must not")
        change = (name, canonical(name, value), is_released)
        if self.claims is None:
            self.claims = []
        elif len(self.claims) == MAX_CLAIMS:
            raise Invalid(
                f"{self!r}: one command may claim and release {MAX_CLAIMS} values: do it in several steps"
            )
        self.claims.append(change)

    def keep_state(self, before: bytes) -> None:
        """Records the state if the running turn has changed it, or claims or releases something."""
        emitted, kind = self._emitted, self.kind
        if emitted is None or emitted:
            raise AuthorError(f"{self!r} emitted an event, but it keeps its state alone: set its fields")
        if self.deadlines is not None:
            raise AuthorError(
                f"{self!r} scheduled or cancelled a deadline, which is stored with events, and it keeps its "
                "state alone: let an action on Changed use ctx.schedule, or let the entity declare events"
            )
        written = self.snapshot()
        if written == before and self.claims is None:
            return
        [event_type] = [reduction.event_type for reduction in kind.reductions.values()]
        if len(written) > LARGE:
            self._check_size(event_type.name, written)
        if not kind.is_plain:
            # What the caller passed, or was given, must not be part of the state.
            put_fields(self.state, kind.read_state(written))
        emitted.append((event_type.name, event_type.version, written))
        self.version += 1

    def turn_deadlines(self) -> TurnDeadlines:
        """Returns what records the deadlines of the running turn."""
        if self._emitted is None:
            raise AuthorError(
                f"{self!r}: only a command may schedule or cancel; a query or a reducer must not"
            )
        if self.deadlines is None:
            kind = self.kind
            self.deadlines = TurnDeadlines(repr(self), kind.cls, kind.commands, self.time)
        return self.deadlines

    def replay(self, history: Iterable[Stored]) -> None:
        """Folds stored events into the state; they must follow `version` without a gap."""
        state = self.state
        state.__dict__[INSTANCE] = self
        try:
            self._fold(history, state)
        finally:
            state.__dict__.clear()
        self._is_deeply_fit = None

    def _fold(self, history: Iterable[Stored], state: Any) -> None:
        by_name = self.kind.by_name
        for stored in history:
            if stored.version != self.version + 1:
                raise BrokenStream(
                    f"{self.kind.name}/{self.id}: version {stored.version} follows {self.version}. The "
                    "history has a gap, so its state cannot be known: restore the store from a backup"
                )
            reduction = by_name.get(stored.type)
            if reduction is None:
                raise UnknownEvent(
                    f"{self.kind.name}/{self.id} has an event {stored.type!r} at version {stored.version}, "
                    f"which {self.kind.cls.__name__} does not declare: restore its class, "
                    f"or give the new class name={stored.type!r}"
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
        """Returns the state as JSON; raises WrongState if JSON does not preserve it."""
        try:
            written = self.kind.write_state(self.state)
            kept = as_tuple(self.kind.read_state(written))
        except LOST as error:
            raise WrongState(f"{self!r} has a state that JSON cannot hold: {reason_of(error)}") from error
        fault = self.kind.states.between(as_tuple(self.state), kept)
        if fault is not None:
            raise WrongState(f"{self!r} has a state that JSON does not preserve: {fault}")
        return written

    def copy(self) -> "Instance":
        """Returns the same entity with a copy of its state; raises WrongState if it cannot be copied."""
        twin = Instance(self.kind, self.id)
        if self.kind.is_plain:
            for name, value in zip(self.kind.fields, as_tuple(self.state), strict=True):
                setattr(twin.state, name, value)
        else:
            twin._adopt(self._copied_state())
        twin.version, twin.time, twin.is_proven = self.version, self.time, self.is_proven
        return twin

    def is_like(self, other: "Instance") -> bool:
        """Whether another instance has the same state."""
        return self.kind.states.between(as_tuple(self.state), as_tuple(other.state)) is None

    def restore(self, snapshot: bytes, version: int, time: int) -> None:
        """Takes the state from a snapshot that was made at `version`."""
        self._adopt(self.kind.read_state(snapshot))
        self._is_deeply_fit = None
        self.version = version
        self.time = time

    def handed_over(self) -> Any:
        """Returns the state, which knows its id and version from now on; the instance does not have it then.

        Neither would ever be freed if each had the other.
        """
        state, self.state = self.state, None
        state.__dict__[INSTANCE] = self
        return state

    def _adopt(self, state: Any) -> None:
        self.state = state

    def _copied_state(self) -> Any:
        try:
            return self.kind.read_state(self.snapshot())
        except WrongState:
            try:
                values = copy.deepcopy(as_tuple(self.state))
            except RecursionError as error:
                raise WrongState(f"{self!r} has a state that is nested too deeply to be copied") from error
            state = self.kind.cls()
            for name, value in zip(self.kind.fields, values, strict=True):
                setattr(state, name, value)
            return state

    def _reduce(self, function: Callable[[Any, Any], None], event: Event) -> None:
        """Reduces an event where the state may have been changed unseen, or may not survive JSON."""
        state = self.state
        before = as_tuple(state)
        if self._sound is not None and before != self._sound:
            before = self._unchanged(before, self._sound)
        function(state, event)
        after = as_tuple(state)
        if self._sound is not None:
            self._sound = after
        if self.kind.is_doubtful:
            self._check(before, after, event)

    def _claimed_without_event(self, command: CommandType) -> AuthorError:
        return AuthorError(
            f"{self!r}: {command.name} claimed or released a value and emitted no event: emit one that says "
            "so, since claims are stored with events and can be rebuilt from them"
        )

    def _compare(self, event_type: EventType, event: Event, kept: Event) -> None:
        """Raises WrongEvent for an event that JSON does not preserve."""
        fault = event_type.fault(event, kept)
        if fault is not None:
            if mismatch := event_type.mismatch(event):
                raise WrongEvent(f"{self!r} emitted {short_repr(event)}: {mismatch}")
            raise WrongEvent(f"{self!r} emitted {short_repr(event)}, which JSON does not preserve: {fault}")

    def _check_size(self, name: str, payload: bytes) -> None:
        """Notes that an event is large; raises Invalid for one that is too large."""
        if len(payload) > MAX_EVENT_BYTES:
            raise Invalid(
                f"{self!r} emitted {name} with {len(payload):,} bytes, and {MAX_EVENT_BYTES:,} are allowed: "
                "keep large content elsewhere, and a reference to it in the event"
            )
        self.has_large = True

    def _unchanged(self, found: tuple[Any, ...], sound: tuple[Any, ...]) -> tuple[Any, ...]:
        """Restores, before an event is reduced, what the command has changed directly."""
        if not self.kind.is_plain:
            self.is_proven = False
            return found
        self._reset(sound)
        return sound

    def _restore_after_command(self, command: CommandType, version: int, sound: tuple[Any, ...]) -> None:
        """Restores after a command what it has changed without an event, or notes that it may have."""
        if not self.kind.is_plain:
            if not command.is_harmless:
                self._doubt(version)
        elif as_tuple(self.state) != sound:
            self._reset(sound)

    def _check(self, before: tuple[Any, ...], after: tuple[Any, ...], event: Event) -> None:
        fault = self.kind.states.fault(before, after)
        if fault is None and self._is_deeply_fit:
            fault = self._deep_fault(after)
        if fault is not None:
            raise WrongState(
                f"{self!r}: after {short_repr(event)}, JSON does not preserve the state: {fault}"
            )

    def _remove_undeclared(self, emitted: list[Emitted]) -> None:
        """Removes what a turn has set besides the fields; raises WrongState if events may depend on it."""
        cls = self.kind.cls
        names = [name for name in self.state.__dict__ if name != INSTANCE]
        undeclared = [name for name in names if not isinstance(getattr(cls, name, None), cached_property)]
        if emitted and undeclared:
            raise WrongState(
                f"{self!r}: {', '.join(undeclared)} was set but is no field of {cls.__name__}, so it would "
                "be lost when the entity is loaded again: declare it, or use a local variable"
            )
        self.touched = {name: self.state.__dict__[name] for name in undeclared}

    def _deep_fault(self, values: tuple[Any, ...]) -> str | None:
        """Checks the contents of containers, unless they are too large to be checked at every event."""
        if self._image_size > MAX_WATCHED:
            self._is_deeply_fit = None
            return None
        return self.kind.states.deep_fault(values)

    def _watch(self, handler: CommandType) -> None:
        """Copies the state before a turn that may change it unseen, where that is cheap enough."""
        if self._is_deeply_fit is None and self.kind.states.deep and self._image_size <= MAX_WATCHED:
            self._image_size = len(self._written() or b"")
            if self._image_size <= MAX_WATCHED:
                self._is_deeply_fit = self.kind.states.deep_fault(as_tuple(self.state)) is None
        if handler.is_harmless or self._image_version == self.version:
            return
        if not handler.may_emit or self._image_size <= SMALL:
            self._image = self._written()
            self._image_version = self.version
            self._image_size = len(self._image or b"")

    def _settle(self, query: CommandType, before: tuple[Any, ...], error: BaseException | None) -> None:
        """Restores what a query has changed, or marks the instance as spoiled."""
        if len(self.state.__dict__) > 1:
            self._remove_undeclared([])
        if not self.kind.is_plain:
            self._judge(query, error)
        elif as_tuple(self.state) != before:
            self._reset(before)

    def _judge(self, handler: CommandType, error: BaseException | None) -> None:
        """Decides after a turn without events whether the state may have been changed."""
        is_refusal = error is None or type(error).__module__ == REFUSALS
        if handler.is_harmless and is_refusal:
            return
        # The author's own error may hold parts of the state, and change them later.
        is_same = self._image_version == self.version and self._image is not None
        if not (is_same and is_refusal and self._written() == self._image):
            self.is_spoiled = True

    def _doubt(self, version: int) -> None:
        """Notes that a successful command may have changed the state without an event."""
        if self.version == version:
            is_known = self._image_version == version and self._image is not None
            self.is_spoiled = not (is_known and self._written() == self._image)
        else:
            self.is_proven = False

    def _written(self) -> bytes | None:
        try:
            return self.kind.write_state(self.state)
        except LOST:
            return None

    def _put_back(
        self, command: CommandType, version: int, before: tuple[Any, ...], error: BaseException
    ) -> None:
        if self.kind.is_plain:
            if self.left is not None and self._sound is not None and as_tuple(self.state) != self._sound:
                self._reset(self._sound)
            if self.version != version or as_tuple(self.state) != before:
                touched = self.touched
                self._reset(before)
                self.touched = touched
        elif self.version != version:
            self.is_spoiled = True
        else:
            self._judge(command, error)
        self.version = version

    def _reset(self, values: tuple[Any, ...]) -> None:
        """Restores a state of immutable values, and notes which fields were changed."""
        state = self.state
        touched: dict[str, Any] = {}
        for name, value in zip(self.kind.fields, values, strict=True):
            if (held := getattr(state, name)) is not value:
                touched[name] = held
                setattr(state, name, value)
        self.touched = {**self.touched, **touched}

    def _unreadable(self, stored: Stored, error: UnreadableEvent) -> UnreadableEvent:
        return UnreadableEvent(f"{self.kind.name}/{self.id} at version {stored.version}: {error}")

    def _undeclared(self, event: object) -> str:
        if isinstance(event, type) and issubclass(event, Event):
            return f"{self!r} emitted the class {event.__name__}: emit an instance, {event.__name__}(…)"
        name = type(event).__name__
        if not isinstance(event, Event):
            known = [one.__name__ for one in self.kind.reductions if one.__module__ != Event.__module__]
            which = f", as in self.emit({known[0]}(...))" if known else ": declare one"
            return f"{self!r} emitted {event!r}, which is no event: emit an instance of an Event{which}"
        owner = self.kind.cls.__name__
        if self.kind.keeps_state:
            return f"{self!r} emitted {name}, but {owner} keeps its state alone: set its fields"
        return (
            f"{self!r} emitted {name}, which no reducer of {owner} takes: "
            f"add a @reducer for it, or list it: class {owner}(Entity, emits=[{name}])"
        )
