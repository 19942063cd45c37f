"""Upcasts tried on payloads as the lock describes them: whether what they give has the fields of today."""

from collections.abc import Iterator
from typing import Any

from actum.app import App, definition_of
from actum.model.event import EventType
from actum.operations.evolution.change import Change
from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.fitting import shapes_of
from actum.operations.evolution.limits import ARRAYS
from actum.operations.evolution.lock import EventLock, Lock, TypeLock
from actum.operations.evolution.shapes import Shape

SAMPLES: dict[str, Any] = {
    "None": None,
    "bool": True,
    "int": 1,
    "float": 1.5,
    "str": "text",
    "PersonId": "ann",
    "bytes": "dGV4dA==",
    "datetime": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00",
    "timedelta": "PT60S",
    "UUID": "5b0d7a3c-8f5e-4b3a-9d0c-2f6f3f1c1a11",
    "Decimal": "1.5",
}
"""A value of each plain type, as JSON has it."""
DEEPEST = 8


def tried_upcasts(app: App, before: Lock) -> Iterator[Change]:
    """Judges upcasts by their results: one that leaves out a needed field lets every old event fail."""
    events = definition_of(app).catalog.events
    now = lock_of(app).events
    for name, old in before.events.items():
        event_type = events.get(name)
        if event_type is None or event_type.version <= old.version:
            continue
        given = _upcast(event_type, old, before)
        if given is None:
            continue
        needed = [field for field, shape in shapes_of(now[name]).items() if shape.is_needed]
        lacking = [field for field in needed if field not in given]
        if lacking:
            yield Change(
                "upcast",
                f"event {name}",
                f"its upcasts from version {old.version} on do not set `{'`, `'.join(lacking)}`",
                "stored events are upcast to a payload without it, and cannot be read",
                f'set it in the upcast: payload["{lacking[0]}"] = …',
            )


def _upcast(event_type: EventType, old: EventLock, lock: Lock) -> dict[str, Any] | None:
    """Gives what the upcasts make of a sample; None where one is missing, or cannot take it."""
    payload: Any = _object(old, lock, 0)
    for step in range(old.version, event_type.version):
        upcast = event_type.upcasts.get(step)
        if upcast is None:
            return None
        try:
            payload = upcast(payload)
        except Exception:  # noqa: BLE001 (author's code, on a value that no event ever had)
            return None
    return payload if isinstance(payload, dict) else None


def _object(described: TypeLock, lock: Lock, depth: int) -> dict[str, Any]:
    made = {name: _sample(field.shape, lock, depth + 1) for name, field in shapes_of(described).items()}
    return made if described.tag is None else {described.tag_field or "type": described.tag, **made}


def _sample(shape: Shape, lock: Lock, depth: int) -> Any:
    """Makes a value of a type, as an upcast would be given it."""
    if shape.name in SAMPLES or depth > DEEPEST:
        return SAMPLES.get(shape.name)
    if shape.name in ("|", "Personal"):
        return _sample(shape.parts[0], lock, depth)
    if shape.name in ARRAYS:
        return [_sample(part, lock, depth + 1) for part in shape.parts]
    if shape.name == "dict":
        return {"key": _sample(shape.parts[1], lock, depth + 1)}
    return shape.values[0] if shape.values else _instance(lock.types.get(shape.name), lock, depth)


def _instance(described: TypeLock | None, lock: Lock, depth: int) -> Any:
    if described is None or described.sort == "custom":
        return None
    if described.sort == "enum":
        return described.values[0]
    made = _object(described, lock, depth)
    return list(made.values()) if described.sort == "array" else made
