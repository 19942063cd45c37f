"""Fingerprints of declarations: equal, in every process, while everything that shapes a state is the same.

They cover what a class reaches: its fields and events with the types inside them, defaults, base classes,
reducers, and what those refer to: methods, the author's functions, constants. Comments and layout do not
count.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from actum.model.event import EventType
from actum.model.reduction import Reduction
from actum.model.values.shape import Shape


def fingerprint(cls: type[Any], options: object, reductions: Iterable[Reduction]) -> str:
    """Returns 16 hexadecimal digits for what a class with these reducers makes of events."""
    shape = Shape(cls.__module__)
    parts = [repr(options), shape.fields(cls)]
    if hasattr(cls, "__post_init__"):
        parts.append(shape.function(cls.__post_init__, cls))
    for reduction in sorted(reductions, key=lambda reduction: reduction.event_type.name):
        parts.append(_event(shape, reduction.event_type))
        if reduction.function is not None:
            parts.append(shape.function(reduction.function, cls))
        parts.append(shape.function(reduction.key) if callable(reduction.key) else repr(reduction.key))
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _event(shape: Shape, event_type: EventType) -> str:
    """Writes the part of an event's declaration that shapes the states made from it."""
    upcasts = [(step, shape.function(function)) for step, function in sorted(event_type.upcasts.items())]
    return f"{event_type.name} {event_type.version} {shape.of(event_type.cls)} {upcasts}"
