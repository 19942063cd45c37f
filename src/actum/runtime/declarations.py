"""How a declared application is checked, by the libraries that it needs and no others."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from actum.model.action import Actions, OnRequest
from actum.runtime.actions.triggers.registry import compile_triggers
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.runtime.catalog import Catalog, check_triggers
from actum.runtime.opened_resource import OpenResource

Resources = Sequence[tuple[type[Any], OpenResource]]


def check(catalog: Catalog, resources: Resources) -> list[ActionTrigger[Any]]:
    """Checks what only the libraries of a full installation can check: SQL, cron expressions."""
    views = tuple(catalog.views.values())
    if any(view.queries for view in views):
        # By name, so that an application without queries does not load what reads SQL.
        import_module("actum.queries.query_check").check_queries(views)
    triggers = compile_triggers(catalog.bound, [kind for kind, _ in resources])
    check_triggers(catalog)
    return triggers


def check_routes(name: str, groups: Sequence[Actions], resources: Resources, *, docs: str | None) -> None:
    """Checks the actions that requests set off; raises DefinitionError, with a mend, for what cannot work."""
    if any(isinstance(bound.trigger, OnRequest) for group in groups for bound in group.bound):
        # By name, so that an application without routes does not load what serves them.
        import_module("actum.http.routes").check_routes(
            name, groups, [kind for kind, _ in resources], docs=docs
        )
