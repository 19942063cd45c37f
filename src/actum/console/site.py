"""The addresses of the console: its pages and files, each open only to operators."""

from collections.abc import Callable
from typing import Any, cast

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers import get as get_handler
from litestar.handlers import post as post_handler
from msgspec import Struct

from actum.app import App, definition_of
from actum.console.assets import assets
from actum.console.page import Page, Route
from actum.console.pages.registry import FIRST, PAGES
from actum.console.security.access import local_operator
from actum.console.security.headers import ALWAYS
from actum.console.shared import Shared
from actum.console.store_lost import StoreLost, answer_unless_lost
from actum.console.visit import AnyRequest, Entry, Visit
from actum.console.welcome import has_no_root, welcome
from actum.errors import ActumError
from actum.http import Scope
from actum.http.access.authentication import EXEMPT, ROUTE
from actum.http.access.console import operator_by_rule
from actum.http.lifetime import Lifetime
from actum.http.problems import Problem, answer_to, log_failure
from actum.http.server import FurtherRoutes
from actum.model.error_text import error_message
from actum.model.routes.own_paths import CONSOLE

NAVIGATION = tuple(Entry(page.name, page.title) for page in PAGES)

INTERNAL_ERROR = 500
KEPT = "public, max-age=31536000, immutable"
MAX_FORM = 1_000_000
"""Bytes of a form."""

ConsoleAccess = Callable[[Scope], str | None]
"""Gives the name of the operator who sends a request, by its scope; None for anybody else."""


class Door(Struct, frozen=True):
    """What every address of the console knows: the application, its lifetime, and who may enter."""

    app: App
    lifetime: Lifetime
    access: ConsoleAccess
    shared: Shared

    def visit(self, request: AnyRequest, page_name: str = "") -> Visit:
        """Lets an operator in; for anybody else there is no console."""
        return Visit(
            request,
            self.app,
            self.operator(request),
            lifetime=self.lifetime,
            shared=self.shared,
            pages=NAVIGATION,
            page_name=page_name,
        )

    def operator(self, request: AnyRequest) -> str:
        """Gives the name of who asks; raises NotFoundException for anybody who is no operator."""
        # Litestar types a scope by its members.
        operator = self.access(cast("Scope", request.scope))
        if operator is None:
            raise NotFoundException()
        return operator


def console_routes(app: App, url: str, *, is_development: bool) -> FurtherRoutes | None:
    """Gives what makes the routes of the console of an application on the stores of a URL.

    That is None where nobody may use it.
    """
    is_ruled = definition_of(app).has_console
    if not is_ruled and not is_development:
        return None

    def make(lifetime: Lifetime) -> list[HTTPRouteHandler]:
        access = operator_by_rule if is_ruled else local_operator
        door = Door(app, lifetime, access, Shared(url, is_development=is_development))
        pages = [_page_route(door, page, route) for page in PAGES for route in page.routes]
        handlers = [_first(door), _files(door), _lost(door), *pages]
        if not is_ruled and has_no_root(definition_of(app)):
            handlers.append(_welcome(door))
        for handler in () if is_ruled else handlers:
            # Nobody has to say who they are at the machine itself, whatever rules there are for others.
            handler.opt[ROUTE] = EXEMPT
        return handlers

    return make


def _page_route(door: Door, page: Page, route: Route) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[Any]:
        visit = door.visit(request, page.name)
        try:
            if route.method == "POST":
                await visit.read_form()
                return await route.answer(visit)
            return await answer_unless_lost(visit, route.answer)
        except Exception as error:  # noqa: BLE001 (an operator is shown it, whatever it is)
            return _failure(visit, error)

    path = f"{CONSOLE}/{page.name}{route.path}"
    if route.method == "POST":
        return post_handler(path, include_in_schema=False, request_max_body_size=MAX_FORM)(answer)
    return get_handler(path, include_in_schema=False)(answer)


def _first(door: Door) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[Any]:
        visit = door.visit(request)
        return visit.redirected(visit.url(FIRST.name))

    return get_handler(CONSOLE, include_in_schema=False)(answer)


def _welcome(door: Door) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[Any]:
        root = request.scope.get("root_path", "")
        return door.visit(request).show("welcome.html", **welcome(definition_of(door.app), root))

    return get_handler("/", include_in_schema=False)(answer)


def _files(door: Door) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[Any]:
        door.operator(request)
        found = assets().get(request.path_params["name"])
        if found is None:
            raise NotFoundException()
        headers = {**ALWAYS, "Cache-Control": KEPT}
        return Response(found.content, media_type=found.media_type, headers=headers)

    return get_handler(f"{CONSOLE}/assets/{{name:str}}", include_in_schema=False)(answer)


def _lost(door: Door) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[Any]:
        visit = door.visit(request)
        return _failure(visit, NotFoundException("the console has no page at this address"))

    return get_handler(f"{CONSOLE}/{{lost:path}}", include_in_schema=False)(answer)


def _failure(visit: Visit, error: Exception) -> Response[Any]:
    """Shows an error as a page; what the operator cannot know from it is in the log."""
    request, correlation_id = visit.request, visit.context.correlation_id
    log_failure(request.method, request.scope["path"], error, correlation_id)
    answer = answer_to(error, correlation_id)
    problem = msgspec.json.decode(answer.body, type=Problem)
    # An operator may know what clients may not.
    is_ours = isinstance(error, ActumError) and not isinstance(error, HTTPException)
    detail = error_message(error) if is_ours else problem.detail
    return visit.show(
        "problem.html",
        status=answer.status,
        title="The store does not answer" if isinstance(error, StoreLost) else problem.title,
        detail=detail,
        correlation_id=correlation_id,
        is_internal=answer.status >= INTERNAL_ERROR,
        is_lost=isinstance(error, StoreLost),
    )
