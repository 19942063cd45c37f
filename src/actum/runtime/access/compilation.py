"""Compiles the rules of an application: finds what each is for, and refuses one that is for nothing."""

from collections.abc import Callable, Sequence
from typing import Any

from actum.errors import DefinitionError
from actum.model.access.access import Access
from actum.model.access.rules import CompiledRule, compile_rule
from actum.model.action import Actions, Bound, OnRequest
from actum.model.code.function_kind import name_of
from actum.model.entity import Entity
from actum.model.handler import Handler
from actum.model.routes.own_paths import CONSOLE, METRICS, READY
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.runtime.access.policy import Place, Policy
from actum.runtime.catalog import Catalog

OWN_PATHS = (READY, METRICS, CONSOLE)
"""The paths that need a rule; /-/health has none, for it says nothing but that the process is alive."""


def compile_policy(
    name: str, access: Access, catalog: Catalog, groups: Sequence[Actions], docs_path: str | None
) -> Policy:
    """Compiles rules; raises DefinitionError for one that is for nothing, or cannot hold."""
    return _Compilation(access, catalog, groups, docs_path).policy(name)


class _Compilation:
    """The rules as they are declared, and what they may be for."""

    def __init__(
        self, access: Access, catalog: Catalog, groups: Sequence[Actions], docs_path: str | None
    ) -> None:
        self._access = access
        self._catalog = catalog
        self._routes: list[tuple[Bound, str]] = [
            (bound, group.path + bound.trigger.path)
            for group in groups
            for bound in group.bound
            if isinstance(bound.trigger, OnRequest)
        ]
        self._functions = {bound.function for bound, _ in self._routes}
        self._paths = (*OWN_PATHS, *(() if docs_path is None else (docs_path,)))
        self._rules = {subject: self._compiled(subject) for subject in access.rules}

    def policy(self, name: str) -> Policy:
        calls: dict[Place, CompiledRule] = {}
        for kind in self._catalog.kinds.values():
            for listed in (kind.commands, kind.queries):
                for call in listed:
                    self._add(calls, (kind.name, call), getattr(kind.cls, call), kind.cls)
        asked: dict[Place, CompiledRule] = {}
        for view in self._catalog.views.values():
            for query in view.queries:
                self._add(asked, (view.name, query), getattr(view.cls, query), view.cls)
        rules = self._rules
        return Policy(
            self._access.challenge(name),
            calls,
            {kind.name: rules[kind.cls] for kind in self._catalog.kinds.values() if kind.cls in rules},
            asked,
            {view.name: rules[view.cls] for view in self._catalog.views.values() if view.cls in rules},
            {flow.name: rules[flow.cls] for flow in self._catalog.workflows.values() if flow.cls in rules},
            {one: rules[one] for one in (subject_of(bound) for bound, _ in self._routes) if one in rules},
            {path: rules[path] for path in self._paths if path in rules},
        )

    def _add(self, found: dict[Place, CompiledRule], place: Place, *subjects: object) -> None:
        rule = next((self._rules[subject] for subject in subjects if subject in self._rules), None)
        if rule is not None:
            found[place] = rule

    def _compiled(self, subject: Any) -> CompiledRule:
        where = f"the rule for {_shown(subject)}"
        if not self._is_known(subject):
            raise DefinitionError(f"{where} is for nothing in the application: {self._fix(subject)}")
        rule = compile_rule(where, self._access.rules[subject])
        for route in rule.routes:
            if route not in self._functions:
                raise DefinitionError(f"{where}: {name_of(route)} is no route of the application")
        is_route = not isinstance(subject, type | Handler)
        if is_route and rule.routes:
            raise DefinitionError(f"{where}: through() is for commands, queries and views, not for routes")
        if rule.of_id and (why := self._has_no_id(subject)):
            raise DefinitionError(f"{where} takes an id, and {why}: write a function of the principal alone")
        return rule

    def _is_known(self, subject: Any) -> bool:
        catalog = self._catalog
        if isinstance(subject, str):
            return subject in self._paths
        if isinstance(subject, Handler):
            of_calls: list[Any] = [*catalog.kinds.values(), *catalog.views.values()]
            return any(getattr(one.cls, subject.name, None) is subject for one in of_calls)
        listed: list[Any] = [*catalog.kinds.values(), *catalog.views.values(), *catalog.workflows.values()]
        return subject in [one.cls for one in listed] or subject in self._functions

    def _fix(self, subject: Any) -> str:
        if isinstance(subject, str):
            return f"the paths that take rules are {', '.join(self._paths)}; name a route by its function"
        if isinstance(subject, type) and issubclass(subject, Entity | View | Workflow):
            return "list its class in the App"
        return "name a class, command, query or route that the App lists"

    def _has_no_id(self, subject: Any) -> str | None:
        if isinstance(subject, str):
            return "a path has none"
        if isinstance(subject, type):
            return "a view has none" if issubclass(subject, View) else None
        if isinstance(subject, Handler):
            owner = subject.owner
            return "a view has none" if owner is not None and issubclass(owner, View) else None
        paths = [path for bound, path in self._routes if bound.function is subject]
        return None if all("{id:" in path for path in paths) else "its path has no {id:str}"


def subject_of(bound: Bound) -> Callable[..., Any]:
    """Gives what the rule of a route is for: its function, or the workflow that it starts."""
    return bound.function if bound.starts is None else bound.starts.workflow


def _shown(subject: Any) -> str:
    if isinstance(subject, str):
        return subject
    if isinstance(subject, Handler):
        return f"{getattr(subject.owner, '__name__', '?')}.{subject.name}"
    return name_of(subject)
