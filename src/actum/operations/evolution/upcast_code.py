"""The upcast that a changed event needs, as code to paste beside its class."""

import re
from collections.abc import Collection, Mapping

from actum.operations.evolution.fitting import shapes_of
from actum.operations.evolution.lock import EventLock
from actum.operations.evolution.shapes import FieldShape

CONVERTED = {
    "str": "str({})",
    "int": "int({})",
    "float": "float({})",
    "bool": "bool({})",
    "Decimal": "str({})",
    "list": "[{}]",
}


def upcast_code(
    name: str, before: EventLock, after: EventLock, renamed: Mapping[str, str], changed: Collection[str]
) -> str:
    """Writes an upcast of an event; what only its author knows is left as `...`, which JSON refuses."""
    old, new = shapes_of(before), shapes_of(after)
    lines = [f'    payload["{to}"] = payload.pop("{of}")' for of, to in renamed.items()]
    for field, shape in new.items():
        if field in old or field in renamed.values():
            continue
        if shape.is_needed:
            lines.append(f'    payload["{field}"] = ...  # {shape.shape.text}: what stored events meant')
    for field in before.later:
        if field in old and field in new and old[field].default != new[field].default:
            lines.append(f'    payload.setdefault("{field}", {old[field].default})')
    for field in changed:
        lines += _converted(field, old[field], new[field])
    if after.forbids_unknown:
        gone = [field for field in old if field not in new and field not in renamed]
        lines += [f'    payload.pop("{field}", None)' for field in gone]
    return "\n".join(
        [
            header(name, after, before.version + 1),
            "",
            f"@{after.class_name or name}.upcast({before.version})",
            f"def {function_name(after.class_name or name, before.version)}(payload: dict) -> dict:",
            *(lines or ["    ..."]),
            "    return payload",
        ]
    )


def _converted(field: str, old: FieldShape, new: FieldShape) -> list[str]:
    value = f'payload["{field}"]'
    if any(part.name == "None" for part in old.shape.parts) and not any(
        part.name == "None" for part in new.shape.parts
    ):
        return [f"    if {value} is None:", f"        {value} = ...  # {new.shape.text}: what None meant"]
    if old.shape.name == new.shape.name or new.shape.name not in CONVERTED:
        return [f"    {value} = ...  # {new.shape.text}, from {value}, a {old.shape.text}"]
    return [f"    {value} = {CONVERTED[new.shape.name].format(value)}"]


def header(name: str, event: EventLock, version: int) -> str:
    """Writes the first line of an event's class."""
    stored = f', name="{name}"' if event.class_name else ""
    return f"class {event.class_name or name}(Event{stored}, version={version}): ..."


def function_name(name: str, version: int) -> str:
    """Gives a name for an upcast."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", name.partition("[")[0])
    return f"{words.strip('_').lower()}_from_{version}"
