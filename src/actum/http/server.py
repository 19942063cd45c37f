"""The ASGI application: opens the services, and gives every request its context and its answer."""

import logging
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.utils import normalize_path

from actum.errors import AuthorError, Invalid, Unavailable
from actum.http import AsgiApp, Receive, Scope, Send
from actum.http.access.local_request import is_local
from actum.http.headers import read_context, read_correlation_id, read_headers, read_position
from actum.http.health import health_routes, send_health
from actum.http.idempotency import KeyedRequest, keyed_request
from actum.http.lifetime import Lifetime, explain
from actum.http.options.handlers import METHODS
from actum.http.problems import answer_to, log_failure
from actum.http.response import ResponseHeaders, send_answer
from actum.http.routes import Site, litestar_app
from actum.http.target import check_text
from actum.http.telemetry.metrics_route import metrics_routes
from actum.http.telemetry.observed_request import ObservedRequest
from actum.model.access.principal import NOBODY
from actum.model.error_text import error_text
from actum.model.routes.own_paths import HEALTH
from actum.runtime.access.policy import Guard
from actum.runtime.catalog import Definition
from actum.runtime.clock import SystemClock
from actum.runtime.contained_tasks import runs_author_code
from actum.runtime.containment import comes_from_outside
from actum.runtime.context.context import Context, session_of
from actum.runtime.instruments.running import running
from actum.runtime.instruments.tracing import tracing
from actum.runtime.services import Services

FurtherRoutes = Callable[[Lifetime], Sequence[HTTPRouteHandler]]
"""Makes routes beside those of the application's actions."""

OpenServices = Callable[[], AbstractAsyncContextManager[Services]]

EVERY_TARGET = "*"
"""The path of an OPTIONS request about the server as a whole."""

log: logging.Logger = logging.getLogger("actum.http")


class HttpApp:
    """An application as a server runs it.

    A server with the lifespan protocol opens it at its start, and is told why if that fails. Mounted in an
    application that does not forward the lifespan, it opens at its first request, and closes when the event
    loop ends.
    """

    def __init__(
        self,
        definition: Definition,
        open_services: OpenServices,
        further: FurtherRoutes | None = None,
        *,
        is_development: bool = False,
    ) -> None:
        self.name: str = definition.name
        self._is_development = is_development
        self._lifetime = Lifetime(open_services)
        own_routes = [
            *health_routes(self._lifetime),
            *metrics_routes(self._lifetime),
            *(further(self._lifetime) if further else ()),
        ]
        self._site: Site = litestar_app(definition, own_routes, is_served=True)
        policy = definition.policy
        self._guard: Guard | None = None if policy is None else Guard(policy, NOBODY)
        # Litestar types a scope by its members, and this module forwards what a server passes.
        self._litestar: AsgiApp = cast("AsgiApp", self._site)

    def __repr__(self) -> str:
        return f"<HttpApp {self.name}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._follow(receive, send)
            return
        self._lifetime.enter()
        try:
            await self._serve(scope, receive, send)
        finally:
            self._lifetime.leave()

    async def close(self) -> None:
        """Closes what a first request opened, once no request uses it; with a lifespan this is not needed."""
        await self._lifetime.close()

    @property
    def loop(self) -> AbstractEventLoop | None:
        """The event loop in which it is open, None while it is not."""
        return self._lifetime.loop

    @asynccontextmanager
    async def using(self) -> AsyncGenerator[Services]:
        """Gives its services to another part of this process, which counts as a request."""
        self._lifetime.enter()
        try:
            yield await self._lifetime.open()
        finally:
            self._lifetime.leave()

    async def let_go(self, services: Services) -> None:
        """Stops using services of others that are about to close; it opens its own if necessary."""
        await self._lifetime.let_go(services)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._litestar(scope, receive, send)
            return
        if scope["path"] == EVERY_TARGET and scope["method"] == "OPTIONS":
            await _send_methods(send)
            return
        correlation_id: str | None = None
        services = self._lifetime.services
        try:
            headers = read_headers(scope["headers"])
            correlation_id = read_correlation_id(headers)
            check_text(scope)
            services = services or await self._lifetime.open()
            seen = read_position(headers)
            if seen > services.feed.head:
                seen = await services.feed.bounded(seen)
            context = read_context(scope["method"], headers, services, correlation_id, seen=seen)
            if self._guard is not None:
                # Until it is known who sends the request, it is nobody: so nothing is open by an oversight.
                session_of(context).protect(self._guard)
        except Exception as error:  # noqa: BLE001 (the client gets an answer, whatever it is)
            await self._answer_unopened(scope, send, error, correlation_id or SystemClock().new_id())
            return
        if not (services.instruments.has_listeners or tracing.is_on):
            await self._respond(scope, receive, send, headers, context, services)
            return
        with ObservedRequest(scope, headers, services.instruments) as observed:
            await self._respond(scope, receive, send, headers, context, services, observed)

    async def _respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        context: Context,
        services: Services,
        observed: ObservedRequest | None = None,
    ) -> None:
        keyed = keyed_request(scope, context, services, receive, send)
        if keyed is None:
            response = ResponseHeaders(scope["method"], headers, context, send)
            await self._answer(scope, receive, response, services, None, observed)
            return
        response = ResponseHeaders(scope["method"], headers, context, keyed.send)
        try:
            await self._answer(scope, keyed.receive, response, services, keyed, observed)
        finally:
            keyed.leave()

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        response: ResponseHeaders,
        services: Services,
        keyed: KeyedRequest | None,
        observed: ObservedRequest | None,
    ) -> None:
        context = response.context
        if observed is not None:
            observed.response = response
        runs_author_code.set(True)
        running.note(context)
        tells_author = self._is_development and is_local(scope)
        inner = _inner(scope, context, services, keyed, tells_author=tells_author)
        if observed is not None:
            observed.inner = inner
        try:
            await self._litestar(inner, receive, response.send)
        except BaseException as error:
            if comes_from_outside(error):
                raise
            if response.is_begun:
                if isinstance(error, Exception):
                    raise
                # The server must learn of it, and must not stop.
                where = f"{scope['method']} {scope['path']}"
                raise AuthorError(f"{where} ended with {error_text(error)}") from error
            log_failure(scope["method"], scope["path"], error, context.correlation_id)
            answer = answer_to(error, context.correlation_id, tells_author=tells_author)
            await send_answer(response.send, answer)
        finally:
            # Within another application, or in a test, its task goes on.
            running.note(None)

    async def _answer_unopened(self, scope: Scope, send: Send, error: Exception, correlation_id: str) -> None:
        """Answers a request that did not reach its route; the process is alive even so."""
        if self._lifetime.services is None and _own_path(scope) == HEALTH:
            await send_health(send)
        else:
            await _refuse(send, self._unless_lost(scope, error), correlation_id)

    def _unless_lost(self, scope: Scope, error: Exception) -> Exception:
        """Gives what is wrong with a request's address, if anything is, in place of another error."""
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        path = _own_path(scope)
        try:
            self._site.asgi_router.handle_routing(path=path, method=method)
        except (MethodNotAllowedException, NotFoundException) as lost:
            return lost
        return error

    async def _follow(self, receive: Receive, send: Send) -> None:
        """Speaks the lifespan protocol."""
        await receive()
        try:
            await self._lifetime.start()
        except Exception as error:  # noqa: BLE001 (the server is told, and stops)
            await send({"type": "lifespan.startup.failed", "message": explain(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await self._lifetime.close()
        except Exception as error:  # noqa: BLE001 (the server is told)
            await send({"type": "lifespan.shutdown.failed", "message": explain(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def _inner(
    scope: Scope, context: Context, services: Services, keyed: KeyedRequest | None, *, tells_author: bool
) -> Scope:
    """Gives the scope as Litestar gets it.

    The answer to a request with a key is kept as it is sent, so it is not compressed.
    """
    headers = scope["headers"]
    if keyed is not None:
        headers = [header for header in headers if header[0] != b"accept-encoding"]
    return {
        **scope,
        "headers": headers,
        "method": "GET" if scope["method"] == "HEAD" else scope["method"],
        "path": _full_path(scope),
        "state": {
            **(scope.get("state") or {}),
            "ctx": context,
            "resources": services.resources,
            "keyed": keyed,
            "tells_author": tells_author,
        },
    }


def _own_path(scope: Scope) -> str:
    """Gives the path within the application."""
    return normalize_path(_full_path(scope).removeprefix(scope.get("root_path", "")))


def _full_path(scope: Scope) -> str:
    """Gives the whole path, as ASGI demands; some outer applications remove their part of it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path if path.startswith(root) else root + path


async def _send_methods(send: Send) -> None:
    """Lists the methods that the server supports."""
    allowed = ", ".join(sorted({"HEAD", "OPTIONS", *METHODS}))
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allowed.encode())]})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, error: Exception, correlation_id: str) -> None:
    """Answers a request that did not reach its route."""
    if not isinstance(error, HTTPException | Invalid | Unavailable):
        log.error("the application cannot be opened: %s (%s)", explain(error), correlation_id)
        error = Unavailable("the application could not be opened; its log says why")
    answer = answer_to(error, correlation_id)
    answer.headers["X-Correlation-ID"] = correlation_id
    await send_answer(send, answer)
