"""Limits of types: whether what keeps the limits of one keeps those of another."""

import operator
import re
from collections.abc import Mapping
from typing import Any

from actum.operations.evolution.shapes import Shape

ARRAYS = frozenset({"list", "set", "frozenset", "tuple"})
SAME = {"PersonId": "str"}


def broken_limits(old: Shape, new: Shape) -> list[str]:
    """Gives the limits of a type that what was written under other limits may not keep."""
    before, after = limits_of(old), limits_of(new)
    is_comparable = (
        SAME.get(old.name, old.name) == SAME.get(new.name, new.name)
        or (old.name in ARRAYS and new.name in ARRAYS)
        or (old.name, new.name) == ("int", "float")
    )
    return [
        f"{name}={limit!r}"
        for name, limit in after.items()
        if not is_comparable or not _is_kept(name, limit, before)
    ]


def keeps_limit(value: Any, name: str, limit: Any) -> bool:
    """Whether a value keeps one limit of msgspec's Meta."""
    match name:
        case "gt" | "ge" | "lt" | "le":
            return bool(getattr(operator, name)(value, limit))
        case "multiple_of":
            return bool(value % limit == 0)
        case "min_length":
            return bool(len(value) >= limit)
        case "max_length":
            return bool(len(value) <= limit)
        case _:
            return name == "pattern" and re.search(limit, value) is not None


def limits_of(shape: Shape) -> dict[str, Any]:
    """Gives the limits of a type; of whole numbers as ge and le alone, and of a tuple its length."""
    if shape.name == "tuple":
        return {"min_length": len(shape.parts), "max_length": len(shape.parts)}
    found = dict(shape.limits)
    if shape.name == "int":
        if "gt" in found:
            found["ge"] = max(found.get("ge", found["gt"] + 1), found.pop("gt") + 1)
        if "lt" in found:
            found["le"] = min(found.get("le", found["lt"] - 1), found.pop("lt") - 1)
    return found


def _is_kept(name: str, limit: Any, before: Mapping[str, Any]) -> bool:
    """Whether every value within the limits `before` keeps one more."""
    low = max(((before[one], one == "gt") for one in ("gt", "ge") if one in before), default=None)
    high = min(((before[one], one != "lt") for one in ("lt", "le") if one in before), default=None)
    kept: dict[str, bool] = {
        "gt": low is not None and low >= (limit, True),
        "ge": low is not None and low[0] >= limit,
        "lt": high is not None and high <= (limit, False),
        "le": high is not None and high[0] <= limit,
    }
    if name in kept:
        return kept[name]
    given = before.get(name)
    if given == limit or given is None or name in ("pattern", "tz"):
        return bool(given == limit)
    if name == "multiple_of":
        return bool(given % limit == 0)
    return bool(given >= limit if name == "min_length" else given <= limit)
