"""Finds actions that are declared beside an application, and that it does not have."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from actum.app import App, definition_of
from actum.model.action import Actions


def forgotten_actions(app: App) -> Iterator[str]:
    """Says of each group of actions in the application's module that no application has, how to add it."""
    for module in [*sys.modules.values()]:
        # What stands among the modules need not be one.
        values: dict[str, Any] = getattr(module, "__dict__", {})
        if any(value is app for value in [*values.values()]):
            yield from _forgotten_in(module)


def _forgotten_in(module: ModuleType) -> Iterator[str]:
    values = vars(module)
    apps = [value for value in values.values() if isinstance(value, App)]
    known = [group for app in apps for group in definition_of(app).actions]
    for name, group in values.items():
        if isinstance(group, Actions) and group.bound and not any(group is one for one in known):
            count = f"{len(group.bound)} action{'s' if len(group.bound) > 1 else ''}"
            yield (
                f"{module.__name__} has {name}, Actions with {count}, which the App does not have: "
                f"write App(actions=[{name}])"
            )
