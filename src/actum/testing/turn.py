"""One turn of an example: its events, reply and state, and whether they survive being stored."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import ActumError, Rejected, Taken, WrongReply
from actum.model.deadlines.deadline import Change
from actum.model.entity import CommandType
from actum.model.event import Event
from actum.model.handler import Existence
from actum.model.signature import Signature
from actum.model.states.kept_state import changed_of
from actum.model.states.wrong_reducer import wrong_reducer
from actum.model.turn import ClaimChange, Emitted, Instance
from actum.runtime.entities.input_output_guard import pure
from actum.testing.past import GivenHistory

HeldValue = tuple[str, bytes]
"""A value that another entity holds: the name of the claim, and the canonical form of the value."""


class Watched(CommandType):
    """A command or query that records what its function returned, before JSON."""

    __slots__ = ("given",)

    def __init__(self, watched: CommandType) -> None:
        self.name: str = watched.name
        self.may_emit: bool = watched.may_emit
        self.existence: Existence = watched.existence
        self.is_harmless: bool = watched.is_harmless
        self.is_steady: bool = watched.is_steady
        self.signature: Signature = watched.signature
        self.given: Any = None

        def function(state: Any, *arguments: Any) -> Any:
            self.given = watched.function(state, *arguments)
            return self.given

        self.function = function


class WatchedInstance(Instance):
    """An instance that records events as its commands emitted them, before JSON."""

    __slots__ = ("given",)

    def __init__(self, past: GivenHistory) -> None:
        super().__init__(past.kind, past.id)
        self.given: list[Event] = []
        self.version: int = past.before
        self.replay(past.history)

    def emit(self, event: Event) -> None:
        super().emit(event)
        self.given.append(event)

    def keep_state(self, before: bytes) -> None:
        version = self.version
        super().keep_state(before)
        if self.version > version:
            self.given.append(changed_of(self.kind.cls)(self.kind.read_state(self.snapshot())))


class Turn(Struct, frozen=True):
    """The outcome of a turn: its events, reply and claims, or its error; and the history after it.

    `deadlines` are those that it set and cancelled.
    """

    past: GivenHistory
    events: list[Event]
    reply: Any
    error: Exception | None
    instance: Instance
    claims: Sequence[ClaimChange] = ()
    deadlines: Sequence[Change] = ()


def run(
    past: GivenHistory,
    declared: CommandType,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
    held: Collection[HeldValue] = (),
) -> Turn:
    """Runs one command or query on an entity with a history, while other entities hold some values.

    Raises AssertionError when anything of the turn would be lost or changed by being stored and read.
    """
    instance = WatchedInstance(past)
    watched = Watched(declared)
    emitted: list[Emitted] = []
    try:
        bound = declared.signature.bind(arguments, dict(named))
        with pure:
            if declared.name in past.kind.commands:
                emitted, reply = instance.decide(watched, bound, past.time)
            else:
                reply = instance.ask(watched, bound, past.time)
    except Exception as error:  # noqa: BLE001 (the example says whether it was expected)
        _check_error(error)
        if not (instance.left is None and instance.is_spoiled and declared.may_emit):
            # A reducer that failed may leave a changed state: that error is reported already.
            _check_fold(
                _past_of(past, instance), instance, f"{declared.name} was refused and left the state changed"
            )
        after = past.fold() if instance.is_spoiled else instance
        return Turn(past, [], None, error, after)
    _check_survives(bound, declared.signature.bind_json(msgspec.json.encode(bound)), "the arguments")
    _check_survives(watched.given, reply, "the reply")
    after_it = past.then(emitted)
    events = after_it.events()[len(past.history) :]
    for event, kept in zip(instance.given, events, strict=True):
        _check_survives(event, kept, "the event")
    fault = wrong_reducer(instance, emitted, past.fold)
    if fault is not None:
        raise AssertionError(fault)
    _check_state(after_it, instance, f"{declared.name} changed the state without an event that says so")
    deadlines = () if instance.deadlines is None else instance.deadlines.changed
    claims = instance.claims or ()
    for name, form, is_released in claims:
        if not is_released and (name, form) in held:
            taken = Taken(f"{past.kind.name}/{past.id}", name)
            return Turn(past, [], None, taken, past.fold())
    return Turn(after_it, events, reply, None, instance, claims, deadlines)


def _check_survives(given: object, kept: object, what: str) -> None:
    if given != kept:
        raise AssertionError(f"{what} does not survive JSON: {given!r} is read back as {kept!r}")


def _past_of(past: GivenHistory, instance: Instance) -> GivenHistory:
    """Gives the history whose fold a state after a turn must be; one that was restored is as before."""
    return past.then(instance.left) if instance.left and not instance.kind.is_plain else past


def _check_error(error: Exception) -> None:
    if isinstance(error, WrongReply):
        raise AssertionError(str(error)) from error
    if isinstance(error, Rejected):
        try:
            facts = msgspec.json.decode(msgspec.json.encode(error.facts))
        except (TypeError, ValueError) as failure:
            raise AssertionError(f"the facts of {error!r} do not survive JSON: {failure}") from error
        _check_survives(msgspec.to_builtins(error.facts), facts, "the facts of a refusal")


def _check_fold(past: GivenHistory, instance: Instance, failure: str) -> None:
    folded = _fields(past.fold())
    held = {**_fields(instance), **instance.touched}
    changed = [name for name in held if name not in folded or held[name] != folded[name]]
    if changed:
        lines = [
            f"    {name}: {held[name]!r} in memory, {folded.get(name)!r} when its events are folded"
            for name in changed
        ]
        raise AssertionError("\n".join([failure, *lines]))


def _check_state(past: GivenHistory, instance: Instance, failure: str) -> None:
    _check_fold(past, instance, failure)
    held = _fields(instance)
    kind = past.kind
    try:
        kept = kind.read_state(kind.write_state(instance.state))
    except (msgspec.MsgspecError, TypeError, ValueError, ActumError) as error:
        raise AssertionError(f"the state does not survive JSON: {error}") from error
    for name in kind.fields:
        _check_survives(held[name], getattr(kept, name), f"the state's {name}")


def _fields(instance: Instance) -> dict[str, Any]:
    return {name: getattr(instance.state, name) for name in instance.kind.fields}
