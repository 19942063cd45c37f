"""Who may do what in an application, as a list."""

from collections.abc import Iterator

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import DefinitionError
from actum.model.access.rules import DENIED
from actum.model.action import OnRequest
from actum.runtime.access.compilation import OWN_PATHS, subject_of
from actum.runtime.access.policy import Policy
from actum.runtime.catalog import Definition


class RuleLine(Struct, frozen=True):
    """What a request can reach: a route, command, query, view, workflow or path; and the rule of it."""

    kind: str
    name: str
    rule: str


def rules_of(app: App) -> list[RuleLine]:
    """Lists everything that a request can reach; raises DefinitionError for an application without rules."""
    definition = definition_of(app)
    policy = definition.policy
    if policy is None:
        raise DefinitionError(
            f"{app.name} has no rules, so everybody may do everything: give it App(access=Access(…))"
        )
    return [*_routes(definition, policy), *_paths(definition, policy), *_calls(definition, policy)]


def _routes(definition: Definition, policy: Policy) -> Iterator[RuleLine]:
    for group in definition.actions:
        for bound in group.bound:
            if not isinstance(bound.trigger, OnRequest):
                continue
            if bound.exposes is None:
                rule = policy.routes.get(subject_of(bound), DENIED)
            else:
                rule = policy.of_exposed(bound.exposes)
            yield RuleLine("route", f"{bound.trigger.method} {group.path}{bound.trigger.path}", rule.summary)


def _paths(definition: Definition, policy: Policy) -> Iterator[RuleLine]:
    for path in (*OWN_PATHS, *(() if definition.docs_path is None else (definition.docs_path,))):
        yield RuleLine("path", path, policy.of_path(path).summary)


def _calls(definition: Definition, policy: Policy) -> Iterator[RuleLine]:
    catalog = definition.catalog
    for kind in catalog.kinds.values():
        yield RuleLine("entity", kind.name, policy.entities.get(kind.name, DENIED).summary)
        for what, listed in (("command", kind.commands), ("query", kind.queries)):
            for name in listed:
                rule = policy.calls.get((kind.name, name), DENIED)
                yield RuleLine(what, f"{kind.name}.{name}", rule.summary)
    for view in catalog.views.values():
        yield RuleLine("view", view.name, policy.views.get(view.name, DENIED).summary)
        for name in view.queries:
            yield RuleLine(
                "query", f"{view.name}.{name}", policy.view_queries.get((view.name, name), DENIED).summary
            )
    for name in catalog.workflows:
        yield RuleLine("workflow", name, policy.workflows.get(name, DENIED).summary)
