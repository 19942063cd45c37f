"""Routes: actions as Litestar route handlers."""

from asyncio import CancelledError, Task, current_task
from collections.abc import Callable, Collection, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter, Signature
from typing import Any, get_origin

from litestar import Litestar, Response, Router
from litestar.di import Provide
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Scope
from litestar.types.internal_types import RouteHandlerMapItem

from actum.errors import DefinitionError
from actum.http.access.authentication import ROUTE
from actum.http.access.routes import AccessOfRoutes
from actum.http.body_types import TAKES, TypedRequest, taken_type
from actum.http.numbers import CheckedResponse, check_response, may_hold_numbers
from actum.http.openapi.document import documented
from actum.http.openapi.documentation import openapi_config
from actum.http.openapi.flag_schema import FlagSchemas
from actum.http.openapi.operation_names import joined, operation_names, requests_of
from actum.http.options.exposed import exposed_options, with_location
from actum.http.options.handlers import METHODS, check_group, check_handler
from actum.http.options.litestar import check_litestar
from actum.http.options.pages import answer_of, asking_for_page, page_parameters
from actum.http.options.paths import PATH_PARAMETER, check_paths
from actum.http.parameters import Place, request_parameters
from actum.http.plain_response import PlainResponse
from actum.http.problems import handle_error
from actum.model.action import Actions, Bound, OnRequest
from actum.model.code.place import blamed_on
from actum.model.rows.page import Page
from actum.runtime.actions.invoke import ActionFunction
from actum.runtime.catalog import Definition
from actum.runtime.context.context import Context, session_of

MAX_BODY = 10_000_000
"""Bytes of a request's body, unless the action or its group sets `request_max_body_size=`."""

LISTS = (list, tuple, set, frozenset, Page)

SCOPE = Parameter("scope", Parameter.KEYWORD_ONLY, annotation=Scope)

Handler = Callable[..., Coroutine[Any, Any, Any]]


class Layer(Router):
    """A router that shares its paths with others.

    Litestar adds a handler for OPTIONS to every path of every router, and refuses the second on one path.
    Left out here, one is made for all methods of a path together.
    """

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        return _without_options(super().route_handler_method_map)


class Site(Litestar):
    """A Litestar application whose routers share paths."""

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        return _without_options(super().route_handler_method_map)


def check_routes(definition: Definition) -> None:
    """Checks routes and their documentation; raises DefinitionError, and says how to fix it."""
    app = litestar_app(definition)
    if definition.docs_path is not None:
        with _as_definition_error("the routes cannot be documented"):
            _ = app.openapi_schema


def litestar_app(
    definition: Definition, further: Sequence[HTTPRouteHandler | Router] = (), *, is_served: bool = False
) -> "Site":
    """Makes the Litestar application of a definition; raises DefinitionError for what cannot work.

    Secrets are needed only where it `is_served`.

    Its caller puts the request's Context into the scope's state as `ctx`, where guards find it too
    (`connection.state.ctx`), and the resources as `resources`. A dependency of the author takes the context
    as `ctx: NamedDependency[Context]`.
    """
    groups, docs = definition.actions, definition.docs_path
    check_paths(groups, docs)
    names = operation_names(groups)
    options = dict(definition.litestar)
    check_litestar(options, definition.access)
    access = AccessOfRoutes(definition)
    routers = [_router(group, definition.resource_types, names, access) for group in groups]
    for handler in further:
        handler.opt.setdefault(ROUTE, access.of_own(handler))
    middleware = [*options.pop("middleware", ()), *(access.middleware() if is_served else ())]
    passed_on: dict[str, Any] = {"request_max_body_size": MAX_BODY, **options}
    with _as_definition_error("the routes cannot be served"):
        return Site(
            [*routers, *further],
            debug=False,
            dependencies={"ctx": Provide(_context_of, sync_to_thread=False)},
            exception_handlers={Exception: handle_error},
            middleware=middleware,
            logging_config=None,
            openapi_config=None
            if docs is None
            else openapi_config(
                definition.name, docs, access.security_schemes, {ROUTE: access.of_path(docs)}
            ),
            pdb_on_exception=False,
            plugins=[FlagSchemas()],
            request_class=TypedRequest,
            **passed_on,
        )


def _without_options(routes: dict[str, RouteHandlerMapItem]) -> dict[str, RouteHandlerMapItem]:
    return {
        path: {method: handler for method, handler in handlers.items() if method != "OPTIONS"}
        for path, handlers in routes.items()
    }


def _router(
    group: Actions,
    resource_types: Collection[type[Any]],
    names: Mapping[int, str],
    access: AccessOfRoutes,
) -> Router:
    check_group(group)
    handlers = []
    for bound, trigger in requests_of(group):
        with blamed_on(bound.function):
            name = names[id(trigger)]
            handlers.append(_handler(group, bound, trigger, resource_types, name, access))
    with _as_definition_error(f"Actions(path={group.path!r})"):
        return Layer(group.path or "/", route_handlers=handlers, **group.options)


def _handler(
    group: Actions,
    bound: Bound,
    trigger: OnRequest,
    resource_types: Collection[type[Any]],
    name: str,
    access: AccessOfRoutes,
) -> HTTPRouteHandler:
    check_handler(bound, trigger)
    function = ActionFunction(bound.function, resource_types)
    if "return" not in function.hints:
        raise DefinitionError(
            f"action {function.name} has no return annotation: annotate what it returns, or `-> None`"
        )
    returns = answer_of(function.hints["return"])
    parameters = request_parameters(function, _place(group, trigger))
    of_page = page_parameters(bound, returns, parameters)
    with _as_definition_error(f"action {function.name}"):
        options = documented(
            trigger.method,
            name,
            trigger.options if bound.exposes is None else exposed_options(bound.exposes, trigger.options),
            returns=returns,
            has_body=any(parameter.name in ("data", "body") for parameter in parameters),
            has_guards=access.is_given or bool(group.options.get("guards") or trigger.options.get("guards")),
        )
        options = access.documented(bound, options)
        taken = taken_type(parameters)
        if taken is not None:
            options["opt"] = {**options.get("opt", {}), TAKES: taken}
        ours = CheckedResponse if may_hold_numbers(function.hints["return"]) else PlainResponse
        # A response class of the author's takes precedence.
        options = {"response_class": group.options.get("response_class", ours), **options}
        decorate = METHODS[trigger.method](trigger.path, **options)
        location = None if bound.exposes is None else joined(group.path, bound.exposes.path)
        return decorate(_answering(function, parameters, of_page, returns, location))


def _place(group: Actions, trigger: OnRequest) -> Place:
    path = joined(group.path, trigger.path)
    options = group.options, trigger.options
    return Place(
        trigger.method,
        path,
        PATH_PARAMETER.findall(path),
        {name for one in options for name in one.get("dependencies") or ()},
        any("type_decoders" in one for one in options),
    )


def _answering(
    function: ActionFunction,
    parameters: Sequence[Parameter],
    of_page: Sequence[Parameter],
    returns: Any,
    location: str | None = None,
) -> Handler:
    """Makes the function that Litestar calls: it adds the context and resources to the request's arguments.

    It takes only the scope from Litestar, whose own injection would look up and check each of them in every
    request.
    """
    run = function.function
    wants_scope = any(parameter.name == "scope" for parameter in parameters)
    is_list = get_origin(returns) in LISTS or returns in LISTS

    async def answer(scope: Scope, **arguments: Any) -> Any:
        state = scope["state"]
        keyed = state["keyed"]
        if keyed is not None and await keyed.begin(scope, _largest_body(scope)):
            # The kept answer is sent in place of this one.
            return Response(b"")
        if wants_scope:
            arguments["scope"] = scope
        arguments |= function.arguments(state["ctx"], state["resources"])
        try:
            answer = await run(**arguments)
        except CancelledError as error:
            if _this_task().cancelling():
                raise
            # The request was not cancelled, but something that the action awaited.
            raise RuntimeError(f"{function.name} awaited something that was cancelled") from error
        except (GeneratorExit, SystemExit) as error:
            # They are no Exceptions, and would end more than this request.
            raise RuntimeError(f"{function.name} raised {error!r}") from error
        if location is not None:
            answer = with_location(
                answer, session_of(state["ctx"]), scope["path_params"], scope.get("root_path", ""), location
            )
        if isinstance(answer, Response):
            check_response(answer)
        if is_list:
            # A list shows many entities, so the version of one of them cannot be its ETag.
            session_of(state["ctx"]).version = None
        return answer

    others = [parameter for parameter in parameters if parameter.name != "scope"]
    asked = asking_for_page(answer) if of_page else answer
    return _disguised(asked, run, [SCOPE, *others, *of_page], returns)


def _disguised(answer: Handler, function: Handler, parameters: Sequence[Parameter], returns: Any) -> Handler:
    """Gives a function the name and docstring of another, and the signature that Litestar should see."""
    answer.__name__ = function.__name__
    answer.__qualname__ = function.__qualname__
    answer.__module__ = function.__module__
    answer.__doc__ = function.__doc__
    answer.__signature__ = Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]
    answer.__annotations__ = {**{each.name: each.annotation for each in parameters}, "return": returns}
    return answer


def _largest_body(scope: Scope) -> int | None:
    handler = scope["route_handler"]
    assert isinstance(handler, HTTPRouteHandler)
    return handler.resolve_request_max_body_size()


def _this_task() -> Task[Any]:
    task = current_task()
    assert task is not None
    return task


def _context_of(scope: Scope) -> Context:
    context: Context = scope["state"]["ctx"]
    return context


@contextmanager
def _as_definition_error(where: str) -> Generator[None]:
    """Raises what Litestar refuses as DefinitionError."""
    try:
        yield
    except ImproperlyConfiguredException as error:
        raise DefinitionError(f"{where}: {error.detail}") from error
    except TypeError as error:
        raise DefinitionError(f"{where}: {error}") from error
