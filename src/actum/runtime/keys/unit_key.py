"""The key of an atomic unit, and what it stands for."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from actum.errors import Invalid
from actum.runtime.context.session import Session
from actum.runtime.keys.stored import digest, former_key, stored_key
from actum.runtime.keys.unit_reply import UnitKey


def unit_key(
    line: Session, function: Callable[..., Any], args: Sequence[Any], idempotency_key: str | None
) -> UnitKey | None:
    """Returns the key of a unit: the caller's own, or that of the work it belongs to, if there is one."""
    if idempotency_key is not None:
        calls = _calls_of(function, args)
        return UnitKey(idempotency_key, stored_key(idempotency_key), former_key(idempotency_key), calls)
    stored, former = line.next_key("$unit", "", "")
    if stored is None:
        return None
    if line.identity is None:
        calls = _calls_of(function, args)
    elif line.cause is not None:
        calls = ("",)
    else:
        # Earlier versions stored the name only.
        calls = (line.identity, _name_of(function))
    return UnitKey(line.shown_key, stored, former, calls)


def _calls_of(function: Callable[..., Any], args: Sequence[Any]) -> tuple[str, ...]:
    """Identifies a function and its arguments, and says how earlier versions did, without module and object.

    Raises Invalid for arguments that JSON cannot hold.
    """
    name = _name_of(function)
    while isinstance(function, partial):
        args = [*function.args, *sorted(function.keywords.items()), *args]
        function = function.func
    former = f"{name}/{_written(args)}" if args else name
    whose = f"{getattr(function, '__module__', '')}.{name}"
    return f"{whose}/{_written(args)}/{_object_of(function)}", former


def _object_of(function: Callable[..., Any]) -> str:
    """Identifies the object that a method is called on, if JSON can hold it."""
    try:
        return digest(msgspec.json.encode(getattr(function, "__self__", None)))
    except (TypeError, ValueError):
        return ""


def _written(args: Sequence[Any]) -> str:
    try:
        return digest(msgspec.json.encode(args))
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"the arguments of a unit with an idempotency key are part of what the key stands for, and JSON "
            f"cannot hold them: {error}"
        ) from error


def _name_of(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", type(function).__qualname__)
