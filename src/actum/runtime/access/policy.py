"""The rules of an application by what they are for, and the guard that holds them for one request."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from actum.errors import Forbidden, Unauthenticated
from actum.model.access.principal import Principal
from actum.model.access.rules import DENIED, CompiledRule
from actum.model.routes.exposing import Exposes
from actum.model.routes.own_paths import CONSOLE
from actum.model.view import View

Place = tuple[str, str]
"""The name of an entity or a view, and that of a command or query."""


class Policy(Struct, frozen=True):
    """The compiled rules; what is not listed is denied.

    `routes` are by the function of an action, or the workflow that it starts; `paths` by the path of Actum's
    own. `challenge` is what a 401 says.
    """

    challenge: str
    calls: Mapping[Place, CompiledRule]
    entities: Mapping[str, CompiledRule]
    view_queries: Mapping[Place, CompiledRule]
    views: Mapping[str, CompiledRule]
    workflows: Mapping[str, CompiledRule]
    routes: Mapping[object, CompiledRule]
    paths: Mapping[str, CompiledRule]

    @property
    def has_console(self) -> bool:
        """Whether a rule says who may use the console."""
        return CONSOLE in self.paths

    def of_path(self, path: str) -> CompiledRule:
        """Gives the rule for one of Actum's own paths, which holds for all below it."""
        while path:
            found = self.paths.get(path)
            if found is not None:
                return found
            path = path.rpartition("/")[0]
        return DENIED

    def of_exposed(self, exposes: Exposes) -> CompiledRule:
        """Gives the rule of a route that stands for a command, a query or a state."""
        of, call = exposes.of, exposes.call
        if issubclass(of, View):
            name = of.__view_options__.name
            found = None if call is None else self.view_queries.get((name, call))
        else:
            name = of.__entity_options__.name
            found = self.entities.get(name) if call is None else self.calls.get((name, call))
        return found or DENIED


class Guard(Struct, frozen=True):
    """Checks what one request reaches: who sends it, and through which route."""

    policy: Policy
    principal: Principal
    route: Callable[..., Any] | None = None

    def check_route(self, rule: CompiledRule, id: str | None) -> None:
        """Raises Unauthenticated or Forbidden unless the route's rule allows the request."""
        if not rule.allows(self.principal, id, None):
            raise self._refusal("use this address")

    def refusal_of_call(self, kind: str, name: str, id: str) -> Exception | None:
        """Gives why a command or query may not be sent to an entity, or None."""
        rule = self.policy.calls.get((kind, name), DENIED)
        return None if self._allows(rule, id) else self._refusal(f"send {kind}.{name}")

    def check_call(self, kind: str, name: str, id: str) -> None:
        """Raises Unauthenticated or Forbidden unless a command or query may be sent to an entity."""
        refused = self.refusal_of_call(kind, name, id)
        if refused is not None:
            raise refused

    def check_entity(self, kind: str, id: str | None) -> None:
        """Raises Unauthenticated or Forbidden unless the entity's own rule allows it."""
        if not self._allows(self.policy.entities.get(kind, DENIED), id):
            raise self._refusal(f"see or delete the history of {kind}")

    def check_view(self, view: str, query: str | None) -> None:
        """Raises Unauthenticated or Forbidden unless a view may be asked this query, or for a row (None)."""
        rule = self.policy.views.get(view) if query is None else self.policy.view_queries.get((view, query))
        if not self._allows(rule or DENIED, None):
            raise self._refusal(f"ask the view {view}")

    def check_workflow(self, kind: str, id: str) -> None:
        """Raises Unauthenticated or Forbidden unless a workflow may be reached."""
        if not self._allows(self.policy.workflows.get(kind, DENIED), id):
            raise self._refusal(f"reach the workflow {kind}")

    def _allows(self, rule: CompiledRule, id: str | None) -> bool:
        return rule.allows(self.principal, id, self.route)

    def _refusal(self, what: str) -> Exception:
        if not self.principal.is_known:
            return Unauthenticated("say who you are: this needs credentials", challenge=self.policy.challenge)
        return Forbidden(f"you may not {what}")
