"""Routes that are made of commands and queries: their verbs, names and paths by convention."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.entity import Entity
from actum.model.handler import Command, Handler, Query
from actum.model.view import View

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
ID = re.compile(r"{id(:str)?}")


class Route(Struct, frozen=True):
    """What is otherwise than by convention: the path after that of the class, the verb, the name."""

    path: str | None = None
    verb: Verb | None = None
    name: str | None = None


class Exposes(Struct, frozen=True):
    """What a route answers for: a command or query, or (None) the state; `path` is that of the class."""

    of: type[Entity] | type[View]
    call: str | None
    path: str


class ExposedRoute(Struct, frozen=True):
    """One route, as it is declared."""

    name: str
    verb: str
    path: str
    exposes: Exposes


def exposed_routes(
    cls: Any,
    path: Any,
    *,
    only: Collection[Handler[..., Any]] | None,
    without: Collection[Handler[..., Any]],
    routes: Mapping[Any, Route],
    state: bool,
) -> list[ExposedRoute]:
    """Gives the routes of an entity or a view; raises DefinitionError for what cannot be one."""
    if not (isinstance(cls, type) and issubclass(cls, Entity | View) and cls not in (Entity, View)):
        raise DefinitionError(
            f'expose({cls!r}): name an Entity or View class, as in expose(Account, path="/accounts/{{id}}")'
        )
    where = f"expose({cls.__name__})"
    _check_path(where, cls, path, state=state)
    handlers = list(_handlers(cls))
    for name, given in (("only", only or ()), ("without", without), ("routes", routes)):
        for each in given:
            if each not in handlers:
                raise DefinitionError(
                    f"{where}: {name}= lists {each!r}, which is no command or query of {cls.__name__}"
                )
    place = ID.sub("{id:str}", path)
    found = [
        _route(where, Exposes(cls, each.name, place), each, routes.get(each, Route()))
        for each in handlers
        if each not in without and (only is None or each in only)
    ]
    if state:
        shown = ExposedRoute(f"{_snake(cls.__name__)}_state", "GET", place, Exposes(cls, None, place))
        found.append(shown)
    if not found:
        raise DefinitionError(f"{where} makes no route: every command and query is left out")
    return found


def _check_path(where: str, cls: type[Any], path: Any, *, state: bool) -> None:
    is_entity = issubclass(cls, Entity)
    if not isinstance(path, str) or not path.startswith("/"):
        raise DefinitionError(f"{where}: path={path!r}: begin it with a /")
    if is_entity and len(ID.findall(path)) != 1:
        raise DefinitionError(f'{where}: path={path!r}: write {{id}} in it once, as in "/accounts/{{id}}"')
    if not is_entity and "{" in path:
        raise DefinitionError(f"{where}: path={path!r}: the queries of a view take no parameters from a path")
    if state and not is_entity:
        raise DefinitionError(f"{where}: state= is for entities: a view has rows, which its queries show")


def _handlers(cls: type[Any]) -> Iterator[Handler[..., Any]]:
    for name in dir(cls):
        handler: Any = getattr(cls, name, None)
        if isinstance(handler, Command | Query):
            yield handler


def _route(where: str, exposes: Exposes, handler: Handler[..., Any], route: Any) -> ExposedRoute:
    if not isinstance(route, Route):
        raise DefinitionError(
            f'{where}: routes= gives {route!r} for {handler!r}: write Route(path="/deposits")'
        )
    verb = route.verb or ("POST" if isinstance(handler, Command) else "GET")
    if verb not in get_args(Verb):
        raise DefinitionError(f"{where}: verb={verb!r} is none of {', '.join(get_args(Verb))}")
    if verb == "GET" and isinstance(handler, Command):
        raise DefinitionError(
            f"{where}: {handler.name} is a command, and GET must change nothing: write POST"
        )
    after = route.path if route.path is not None else f"/{handler.name.strip('_').replace('_', '-')}"
    if after and not after.startswith("/"):
        raise DefinitionError(
            f'{where}: path={after!r} follows {exposes.path}: begin it with a /, or write ""'
        )
    name = route.name or f"{_snake(exposes.of.__name__)}_{handler.name}"
    if not name.isidentifier():
        raise DefinitionError(
            f"{where}: name={name!r} is no name of a function, which clients are generated with"
        )
    return ExposedRoute(name, verb, exposes.path + after, exposes)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
