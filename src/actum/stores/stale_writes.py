"""The errors of databases when another process has changed what a write depends on."""

from actum.errors import StaleWrite
from actum.model.view import ViewType


def no_generation(view: ViewType, generation: int) -> StaleWrite:
    """Says that a generation of a view is gone."""
    return StaleWrite(f"view {view.name} has no generation {generation} any more: another one took its place")


def moved_view(view: ViewType, generation: int, before: int) -> StaleWrite:
    """Says that a view's checkpoint is not where a write expected it."""
    return StaleWrite(
        f"view {view.name}, generation {generation}, is not at {before} any more: another process runs it"
    )


def moved_action(action: str, before: int) -> StaleWrite:
    """Says that an action's checkpoint is not where a write expected it."""
    return StaleWrite(f"action {action} is not at {before} any more: another process runs it")
