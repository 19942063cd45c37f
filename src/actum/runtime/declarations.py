"""How a declared application is checked, by the libraries that it needs and no others."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from actum.model.action import OnRequest
from actum.model.view import ViewType
from actum.runtime.actions.triggers.registry import compile_triggers
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.runtime.catalog import Definition, check_triggers


def triggers_of(definition: Definition) -> Sequence[ActionTrigger[Any]]:
    """Gives the triggers of an application, checked now unless they were when it was declared."""
    return check(definition) if definition.triggers is None else definition.triggers


def check(definition: Definition) -> list[ActionTrigger[Any]]:
    """Checks what only the libraries of a full installation can check: SQL, cron expressions."""
    views = tuple(definition.catalog.views.values())
    if any(view.queries for view in views):
        # By name, so that an application without queries does not load what reads SQL.
        check_queries: Callable[[Sequence[ViewType]], None] = import_module(
            "actum.queries.query_check"
        ).check_queries
        check_queries(views)
    triggers = compile_triggers(definition.catalog.bound, definition.resource_types)
    check_triggers(definition.catalog)
    return triggers


def check_routes(definition: Definition) -> None:
    """Checks the actions that requests set off; raises DefinitionError, and says how to fix it."""
    if any(isinstance(bound.trigger, OnRequest) for bound in definition.catalog.bound):
        # By name, so that an application without routes does not load what serves them.
        check_routes: Callable[[Definition], None] = import_module("actum.http.routes").check_routes
        check_routes(definition)
