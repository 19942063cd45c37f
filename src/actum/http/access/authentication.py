"""Authentication: every request is asked who it is, and refused unless the rule of its route allows it."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from litestar.exceptions import MissingDependencyException
from litestar.middleware import DefineMiddleware
from litestar.middleware._internal.exceptions import ExceptionHandlerMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from actum.errors import DefinitionError, Unauthenticated
from actum.http.access.api_keys import KeyAuthenticator
from actum.http.access.credentials import Authenticator, Secrets
from actum.model.access.access import Access
from actum.model.access.methods import ApiKeys, Jwt, Sessions
from actum.model.access.principal import NOBODY, Principal
from actum.model.access.rules import DENIED, CompiledRule, anyone, compile_rule
from actum.runtime.access.policy import Guard, Policy
from actum.runtime.clock import SystemClock
from actum.runtime.context.context import Context, session_of

ROUTE = "actum_route"
"""The option of a handler that holds its rule."""


class RouteRule(Struct, frozen=True):
    """The rule of a route, and what the rules of commands know the route by.

    Nobody is asked for credentials where it `is_exempt`.
    """

    rule: CompiledRule
    route: Callable[..., Any] | None = None
    is_exempt: bool = False


EXEMPT: RouteRule = RouteRule(compile_rule("health", anyone), is_exempt=True)
UNLISTED: RouteRule = RouteRule(DENIED)


class Authentication:
    """Finds who sends each request, and holds the rule of its route, before anything else of it is read.

    Litestar's own middleware makes a connection object for each request, and lets a handler out by an option;
    here only rules do.
    """

    __slots__ = ("_app", "_authenticators", "_policy")

    def __init__(
        self,
        app: ASGIApp,
        policy: Policy,
        authenticators: tuple[Authenticator, ...],
        *,
        is_alone: bool = False,
    ) -> None:
        # Litestar wraps what a middleware calls in a handler of errors, for a middleware that changes what is
        # sent, and all of it in another one. This one does not, and the second costs a request 2 µs.
        self._app: ASGIApp = app.app if is_alone and isinstance(app, ExceptionHandlerMiddleware) else app
        self._policy = policy
        self._authenticators = authenticators

    def __repr__(self) -> str:
        return f"<Authentication by {len(self._authenticators)} methods>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request that is allowed; raises Unauthenticated or Forbidden for any other one."""
        # Which methods an address has is told to everybody.
        if scope.get("method") != "OPTIONS":
            principal = await self.authenticate(scope)
            scope["user"] = principal
            scope["auth"] = principal.claims
        await self._app(scope, receive, send)

    async def authenticate(self, scope: Scope) -> Principal:
        """Gives who it is; raises Unauthenticated or Forbidden for a request that is not allowed."""
        handler: Any = scope["route_handler"]
        found: RouteRule = handler.opt.get(ROUTE, UNLISTED)
        if found.is_exempt:
            return NOBODY
        principal = await self._principal(scope)
        guard = Guard(self._policy, principal, found.route)
        context: Context = scope["state"]["ctx"]
        session_of(context).protect(guard)
        id: Any = scope["path_params"].get("id")
        guard.check_route(found.rule, None if id is None else str(id))
        return principal

    async def _principal(self, scope: Scope) -> Principal:
        try:
            for each in self._authenticators:
                found = await each.principal(scope)
                if found is not None:
                    return found
        except Unauthenticated as error:
            error.challenge = error.challenge or self._policy.challenge
            raise
        return NOBODY


def authentication(
    access: Access, policy: Policy, realm: str, *, is_alone: bool = False
) -> list[DefineMiddleware]:
    """Gives the middleware that authenticates; raises DefinitionError for a secret that is missing.

    `is_alone` says that the application has no other middleware.
    """
    secrets = Secrets(os.environ, realm)
    clock = SystemClock()
    authenticators: list[Authenticator] = []
    keys, tokens, sessions = access.method(ApiKeys), access.method(Jwt), access.method(Sessions)
    if keys is not None:
        authenticators.append(KeyAuthenticator(keys, secrets))
    if tokens is not None:
        authenticators.append(_loaded("actum.http.access.tokens").TokenAuthenticator(tokens, secrets, clock))
    # Last: a browser sends its session by itself, and may do so beside a key or a token.
    before: list[DefineMiddleware] = []
    after: list[DefineMiddleware] = []
    if sessions is not None:
        module = _loaded("actum.http.access.sessions")
        cookies, csrf = module.session_middleware(sessions, secrets)
        authenticators.append(module.SessionAuthenticator(sessions, clock))
        before, after = [cookies], [csrf]
    own = DefineMiddleware(
        cast("Any", Authentication),
        policy=policy,
        authenticators=tuple(authenticators),
        is_alone=is_alone and sessions is None,
    )
    return [*before, own, *after]


def _loaded(module: str) -> Any:
    # By name, so that an application loads only the libraries of the methods that it has.
    try:
        return import_module(module)
    except (ImportError, MissingDependencyException) as error:
        raise DefinitionError(
            f"tokens and sessions need more libraries: pip install 'actum[access]' ({error})"
        ) from error
