"""The names of operations in the documentation, from which clients are generated: the functions' names."""

import re
from collections.abc import Iterator, Sequence

from actum.model.action import Actions, Bound, OnRequest

NO_NAME = re.compile(r"\W+")
KIND = re.compile(r"\s*:[^}]*}")
"""The type of a path's parameter, and what follows it."""


def requests_of(group: Actions) -> list[tuple[Bound, OnRequest]]:
    """Gives the actions of a group that requests set off."""
    return [(bound, bound.trigger) for bound in group.bound if isinstance(bound.trigger, OnRequest)]


def joined(*paths: str) -> str:
    """Gives a path made of several."""
    return "/" + "/".join(part for path in paths for part in path.split("/") if part)


def operation_names(groups: Sequence[Actions]) -> dict[int, str]:
    """Gives each trigger's operation a unique name, by the identity of the trigger.

    It is the function's name if that answers at one address only. Otherwise the method is added, and the path
    too if that is not enough.
    """
    triggers = [
        (bound.name, trigger, joined(group.path, trigger.path))
        for group in groups
        for bound, trigger in requests_of(group)
    ]
    taken = {trigger.options.get("operation_id") for _, trigger, _ in triggers}
    candidates = [(trigger, list(_candidates(name, trigger, path))) for name, trigger, path in triggers]
    names: dict[int, str] = {}
    for trigger, own in candidates:
        others = [other for one, other in candidates if one is not trigger]
        names[id(trigger)] = next(
            (name for name in own if name not in taken and not any(name in other for other in others)),
            own[-1],
        )
    return names


def _candidates(name: str, trigger: OnRequest, path: str) -> Iterator[str]:
    method = trigger.method.lower()
    yield name
    yield f"{name}_{method}"
    yield f"{name}_{method}_{NO_NAME.sub('_', KIND.sub('}', path)).strip('_')}"
