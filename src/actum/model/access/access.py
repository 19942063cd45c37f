"""Access, the declaration of who may do what in an application."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from actum.errors import DefinitionError
from actum.model.access.methods import AccessMethod, ApiKeys, Jwt, Sessions
from actum.model.access.rules import Rule
from actum.model.entity import Entity
from actum.model.handler import Handler
from actum.model.option import strict_options
from actum.model.view import View
from actum.model.workflows.workflow import Workflow

Subject = str | type[Entity] | type[View] | type[Workflow] | Handler[..., Any] | Callable[..., Any]
"""What a rule is for: an entity, view or workflow, a command or query, a route, or a path of Actum's own."""

MethodT = TypeVar("MethodT", bound=AccessMethod)


class Access:
    """Who may do what: refused unless a rule allows it.

        Access(
            ApiKeys({"shop": ApiKey(Environment("SHOP_KEY"), roles=["clerk"])}),
            rules={
                Account: signed_in,             # every command and query of it
                Account.withdraw: owns,         # this one: a function of the principal and the id
                Balances: has_role("clerk"),    # every query of the view
                open_account: anyone,           # a route, by its function
                "/schema": signed_in,
            },
        )

    A request needs what the rule of its route says, and what the rule says of each command, query, view and
    workflow that it reaches. The rule of a command or query stands in place of that of its class. Routes that
    `expose` made have the rules of their commands and queries.
    """

    @strict_options("Access")
    def __init__(self, *methods: AccessMethod, rules: Mapping[Any, Rule]) -> None:
        for method in methods:
            declared: Any = method
            if not isinstance(declared, ApiKeys | Jwt | Sessions):
                raise DefinitionError(
                    f"Access({declared!r}): name ApiKeys(…), Jwt(…) or Sessions(…), which say who asks"
                )
        if not methods or len({type(method) for method in methods}) < len(methods):
            raise DefinitionError(
                "Access takes one or more of ApiKeys(…), Jwt(…) and Sessions(…), each of them once"
            )
        given: Any = rules
        if not isinstance(given, Mapping):
            raise DefinitionError(
                f"Access: rules={given!r} is no dict of rules: write rules={{Account: signed_in}}"
            )
        self.methods: tuple[AccessMethod, ...] = methods
        self.rules: dict[Any, Rule] = dict(given)

    def __repr__(self) -> str:
        return f"<Access by {', '.join(type(method).__name__ for method in self.methods)}>"

    def method(self, kind: type[MethodT]) -> MethodT | None:
        """Gives the method of a kind, if there is one."""
        return next((each for each in self.methods if isinstance(each, kind)), None)

    def challenge(self, realm: str) -> str:
        """Gives the challenges of a 401."""
        return ", ".join(method.challenge(realm) for method in self.methods)
