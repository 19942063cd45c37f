"""What an event changed in a state: the fields whose JSON differs, before and after."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from actum.model.turn import Instance
from actum.operations.inspection.readable import shown_json


class FieldChange(Struct, frozen=True):
    """A field that has another value after an event than before, both as JSON has them."""

    field: str
    before: Any
    after: Any


def shown_state(instance: Instance) -> dict[str, Any]:
    """Gives a state as an operator may read it; raises WrongState if JSON cannot hold it."""
    state: dict[str, Any] = shown_json(instance.snapshot())
    return state


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> Sequence[FieldChange]:
    """Lists the fields that differ, in the order in which the class declares them."""
    return [
        FieldChange(name, before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value or name not in before
    ]
