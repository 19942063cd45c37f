"""The access of routes: the rule of each, and what its documentation says about credentials."""

from collections.abc import Mapping
from typing import Any

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.openapi.spec import SecurityScheme

from actum.errors import DefinitionError
from actum.http.access.authentication import EXEMPT, ROUTE, RouteRule, authentication
from actum.model.access.methods import ApiKeys, Jwt, Sessions
from actum.model.access.rules import DENIED, CompiledRule
from actum.model.action import Bound
from actum.model.routes.own_paths import HEALTH
from actum.runtime.access.compilation import subject_of
from actum.runtime.catalog import Definition


class AccessOfRoutes:
    """Finds the rules of an application's routes; without rules, everything is open."""

    def __init__(self, definition: Definition) -> None:
        self._name = definition.name
        self._access = definition.access
        self._policy = definition.policy
        self._is_alone = not definition.litestar
        self.is_given: bool = definition.access is not None

    def middleware(self) -> list[DefineMiddleware]:
        """Gives the middleware that holds the rules; raises DefinitionError for a secret that is missing."""
        if self._access is None or self._policy is None:
            return []
        return authentication(self._access, self._policy, self._name, is_alone=self._is_alone)

    def of_path(self, path: str) -> RouteRule:
        """Gives the rule of one of Actum's own paths."""
        return RouteRule(DENIED if self._policy is None else self._policy.of_path(path))

    def of_own(self, handler: HTTPRouteHandler | Router) -> RouteRule:
        """Gives the rule of a handler of Actum's own, or of a router of them."""
        paths = [handler.path] if isinstance(handler, Router) else sorted(handler.paths)
        return EXEMPT if paths == [HEALTH] else self.of_path(paths[0])

    def documented(self, bound: Bound, options: Mapping[str, Any]) -> dict[str, Any]:
        """Adds the rule of a route, and the credentials that it needs, to its handler's options."""
        if self._policy is None:
            return dict(options)
        rule = self._rule(bound)
        if options.get("cache") and not rule.is_open and "cache_key_builder" not in options:
            raise DefinitionError(
                f"action {bound.name}: cache= would give one caller the answer to another: leave it out, or "
                "give a cache_key_builder= that tells them apart"
            )
        opt = {**options.get("opt", {}), ROUTE: RouteRule(rule, bound.function)}
        security: list[dict[str, list[str]]] = (
            [] if rule.is_open else [{name: []} for name in self.security_schemes]
        )
        return {"security": security or None, **options, "opt": opt}

    def _rule(self, bound: Bound) -> CompiledRule:
        assert self._policy is not None
        if bound.exposes is None:
            return self._policy.routes.get(subject_of(bound), DENIED)
        return self._policy.of_exposed(bound.exposes)

    @property
    def security_schemes(self) -> dict[str, SecurityScheme]:
        """How credentials are sent, as OpenAPI has it."""
        schemes: dict[str, SecurityScheme] = {}
        for method in () if self._access is None else self._access.methods:
            match method:
                case ApiKeys():
                    schemes["apiKey"] = SecurityScheme(
                        "apiKey", name=method.header, security_scheme_in="header"
                    )
                case Jwt():
                    schemes["bearer"] = SecurityScheme("http", scheme="bearer", bearer_format="JWT")
                case Sessions():
                    name = f"__Host-{method.cookie}" if method.is_secure else method.cookie
                    schemes["session"] = SecurityScheme("apiKey", name=name, security_scheme_in="cookie")
        return schemes
