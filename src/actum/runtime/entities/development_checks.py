"""Turns in development: refused if they do input or output, or leave a state that cannot be stored."""

import logging
from typing import Any

from actum.errors import ActumError, ImpureTurn, WrongState
from actum.model.entity import CommandType
from actum.model.states.wrong_reducer import wrong_reducer
from actum.model.turn import Emitted, Instance, as_stored
from actum.model.values.round_trip import Strictness, difference
from actum.runtime.entities.input_output_guard import pure

log: logging.Logger = logging.getLogger("actum.turns")

_told: set[tuple[str, str]] = set()


def decide(
    instance: Instance, command: CommandType, arguments: tuple[Any, ...], now: int
) -> tuple[list[Emitted], Any]:
    """Runs a command as `Instance.decide` does; in development raises ImpureTurn for what it may not do."""
    if not pure.is_enforced:
        decided = instance.decide(command, arguments, now)
        if instance.touched:
            warn_of_change(instance, command)
        return decided
    before = _copy_of(instance)
    try:
        with pure:
            emitted, reply = instance.decide(command, arguments, now)
    except ImpureTurn:
        raise
    except Exception as error:
        if (left := instance.left) is not None:
            _check(instance, before, left, command, error)
        raise
    _check_state(instance, before, emitted)
    _check(instance, before, emitted, command)
    return emitted, reply


def ask(instance: Instance, query: CommandType, arguments: tuple[Any, ...], now: int) -> Any:
    """Runs a query as `Instance.ask` does; in development raises ImpureTurn for what it may not do."""
    if not pure.is_enforced:
        answer = instance.ask(query, arguments, now)
        if instance.touched:
            warn_of_change(instance, query)
        return answer
    before = _copy_of(instance)
    try:
        with pure:
            answer = instance.ask(query, arguments, now)
    except ImpureTurn:
        raise
    except Exception as error:
        _check(instance, before, [], query, error)
        raise
    _check(instance, before, [], query)
    return answer


def _copy_of(instance: Instance) -> Instance | None:
    """Gives the same entity with a state of its own; None if JSON cannot hold that state."""
    try:
        instance.snapshot()
        return instance.copy()
    except WrongState:
        return None


def _check(
    instance: Instance,
    before: Instance | None,
    emitted: list[Emitted],
    handler: CommandType,
    error: Exception | None = None,
) -> None:
    """Compares a state with the fold of what was emitted, which is what it will be when it is read again."""
    changed = list(instance.touched) or _changed(instance, before, emitted)
    if not changed:
        return
    if not instance.kind.is_plain:
        instance.is_spoiled = True
    raise ImpureTurn(
        f"{instance.kind.name}.{handler.name} changed {', '.join(changed)} without an event that says so, "
        "which would be gone when the entity is loaded again: emit an event, and change the state in its "
        "@reducer"
    ) from error


def _check_state(instance: Instance, before: Instance | None, emitted: list[Emitted]) -> None:
    """Raises WrongState if a reducer has set a field to what its annotation does not allow."""
    if before is None or not emitted:
        return
    fault = wrong_reducer(instance, emitted, before.copy)
    if fault is not None:
        instance.is_spoiled = True
        raise WrongState(f"{instance!r}: {fault}")


def _changed(instance: Instance, before: Instance | None, emitted: list[Emitted]) -> list[str]:
    kind = instance.kind
    if before is None or kind.is_plain:
        return []
    try:
        before.replay(as_stored(kind.name, instance.id, before.version, emitted, instance.time))
        return [
            name
            for name in kind.fields
            if difference(getattr(instance.state, name), getattr(before.state, name), Strictness.STATE)
        ]
    except (ActumError, RecursionError):
        return []


def warn_of_change(instance: Instance, handler: CommandType) -> None:
    """Warns, once for each command and query, that it changes the state without an event."""
    told = (instance.kind.name, handler.name)
    if told not in _told:
        _told.add(told)
        log.warning(
            "%s.%s changed %s without an event that says so; it was put back: change the state in a @reducer",
            *told,
            ", ".join(instance.touched),
        )
