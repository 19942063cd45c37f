"""Rules: functions that say whether a principal may do something, and those that most applications need."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.access.principal import Principal
from actum.model.code.function_kind import name_of, require_plain

OwnRule = Callable[[Principal], bool]
IdRule = Callable[[Principal, str], bool]


class Through(Struct, frozen=True):
    """Allows what is reached through one of these routes."""

    routes: tuple[Callable[..., Any], ...]


class AnyOf(Struct, frozen=True):
    """Allows what one of its rules allows."""

    rules: tuple[Any, ...]


Rule = OwnRule | IdRule | Through | AnyOf


def anyone(principal: Principal) -> bool:
    """Allows everybody, also without credentials."""
    return True


def signed_in(principal: Principal) -> bool:
    """Allows everybody who is known."""
    return principal.is_known


def nobody(principal: Principal) -> bool:
    """Allows nobody, as for whatever has no rule."""
    return False


def has_role(*roles: str) -> OwnRule:
    """Allows principals that have one of these roles."""
    wanted: frozenset[Any] = frozenset(roles)
    if not wanted or not all(isinstance(role, str) and role for role in wanted):
        raise DefinitionError('has_role() takes the names of roles: write has_role("clerk")')

    def has_one(principal: Principal) -> bool:
        return not wanted.isdisjoint(principal.roles)

    has_one.__qualname__ = f"has_role({', '.join(sorted(wanted))})"
    return has_one


def through(*routes: Callable[..., Any]) -> Through:
    """Allows what a request reaches through one of these routes, each of which has a rule of its own.

    So a handler may send a command that its caller could not send alone.
    """
    if not routes or not all(map(inspect.isroutine, routes)):
        raise DefinitionError("through() takes the functions of routes: write through(place_order)")
    return Through(routes)


def any_of(*rules: Rule) -> AnyOf:
    """Allows what one of these rules allows."""
    if not rules:
        raise DefinitionError("any_of() takes rules: write any_of(signed_in, through(place_order))")
    return AnyOf(rules)


class CompiledRule(Struct, frozen=True):
    """A rule, with its functions sorted by what they take."""

    of_principal: tuple[OwnRule, ...] = ()
    of_id: tuple[IdRule, ...] = ()
    routes: frozenset[Callable[..., Any]] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether it allows everybody."""
        return anyone in self.of_principal

    def allows(self, principal: Principal, id: str | None, route: object) -> bool:
        """Says whether a principal may do it; a rule of ids allows nothing that is about no single one."""
        # `is True`: a function that forgets to return its answer, or returns a coroutine, allows nothing.
        for rule in self.of_principal:
            if rule(principal) is True:
                return True
        if id is not None:
            for rule_of_id in self.of_id:
                if rule_of_id(principal, id) is True:
                    return True
        return route in self.routes

    @property
    def summary(self) -> str:
        """The rule in words: the names of its functions, and of the routes that it allows."""
        named = [name_of(rule) for rule in (*self.of_principal, *self.of_id)]
        routes = sorted(name_of(route) for route in self.routes)
        if routes:
            named.append(f"through({', '.join(routes)})")
        return " or ".join(named) or "nobody: there is no rule"


DENIED: CompiledRule = CompiledRule()
"""The rule for whatever has none."""


def compile_rule(where: str, rule: Any) -> CompiledRule:
    """Sorts what a rule is made of; raises DefinitionError for what is no rule."""
    of_principal: list[OwnRule] = []
    of_id: list[IdRule] = []
    routes: list[Callable[..., Any]] = []
    for part in _parts(rule):
        if isinstance(part, Through):
            routes += part.routes
        elif _takes_id(where, part):
            of_id.append(part)
        else:
            of_principal.append(part)
    return CompiledRule(tuple(of_principal), tuple(of_id), frozenset(routes))


def _parts(rule: Any) -> Iterator[Any]:
    if isinstance(rule, AnyOf):
        for part in rule.rules:
            yield from _parts(part)
    else:
        yield rule


def _takes_id(where: str, rule: Any) -> bool:
    """Says whether a rule takes an id beside the principal."""
    fix = "write a function of the principal, or of the principal and the id, that returns True or False"
    if not callable(rule) or isinstance(rule, type):
        raise DefinitionError(f"{where}: {rule!r} is no rule: {fix}")
    require_plain(f"{where}: the rule", rule)
    try:
        parameters = list(inspect.signature(rule).parameters.values())
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{where}: {name_of(rule)} is no rule: {fix}") from error
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [each for each in parameters if each.default is each.empty]
    if len(required) not in (1, 2) or any(each.kind not in by_place for each in required):
        raise DefinitionError(f"{where}: {name_of(rule)} takes {len(required)} parameters: {fix}")
    return len(required) == 2
