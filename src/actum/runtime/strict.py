"""Turns in development: refused if they do input or output, or change the state without an event."""

from typing import Any

from actum.errors import ImpureTurn
from actum.model.entity import CommandType
from actum.model.turn import Emitted, Instance, as_stored
from actum.runtime.purity import pure


def decide(
    instance: Instance, command: CommandType, arguments: tuple[Any, ...], now: int
) -> tuple[list[Emitted], Any]:
    """Runs a command as `Instance.decide` does; in development raises ImpureTurn for what it may not do."""
    if not pure.is_enforced:
        return instance.decide(command, arguments, now)
    before = _copy_of(instance)
    with pure:
        emitted, reply = instance.decide(command, arguments, now)
    if before is not None:
        _check(instance, before, emitted, command)
    return emitted, reply


def ask(instance: Instance, query: CommandType, arguments: tuple[Any, ...], now: int) -> Any:
    """Runs a query as `Instance.ask` does; in development raises ImpureTurn for what it may not do."""
    if not pure.is_enforced:
        return instance.ask(query, arguments, now)
    before = _copy_of(instance)
    with pure:
        answer = instance.ask(query, arguments, now)
    if before is not None:
        _check(instance, before, [], query)
    return answer


def _copy_of(instance: Instance) -> Instance | None:
    """Gives the same entity with a state of its own; None if JSON cannot hold that state."""
    kept = _kept(instance)
    if kept is None:
        return None
    copy = Instance(instance.kind, instance.id)
    copy.restore(kept, instance.version, instance.time)
    return copy


def _check(instance: Instance, before: Instance, emitted: list[Emitted], handler: CommandType) -> None:
    """Compares a state with the fold of what was emitted, for that is what it is once it is read again."""
    kind = instance.kind
    before.replay(as_stored(kind.name, instance.id, before.version, emitted, instance.time))
    changed = [name for name in kind.fields if getattr(instance.state, name) != getattr(before.state, name)]
    held = _kept(instance)
    if not changed or held is None or held == _kept(before):
        return
    instance.is_spoiled = True
    raise ImpureTurn(
        f"{kind.name}.{handler.name} changed {', '.join(changed)} without an event that says so, which would "
        "be gone when the entity is loaded again: emit an event, and change the state in its @reducer"
    )


def _kept(instance: Instance) -> bytes | None:
    try:
        return instance.snapshot()
    except (TypeError, ValueError):
        return None
