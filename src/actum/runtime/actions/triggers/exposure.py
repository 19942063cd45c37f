"""The actions that answer for commands, queries and states, made of their signatures."""

import inspect
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, replace

from actum.errors import DefinitionError, NotFound
from actum.model.action import Actions, Bound, OnRequest
from actum.model.entity import CommandType, Entity, entity_type
from actum.model.routes.exposing import Exposes
from actum.model.view import View, ViewQuery, view_type
from actum.runtime.context.context import Context, session_of

Answering = Callable[..., Coroutine[Any, Any, Any]]

TAKEN = frozenset(
    {"body", "cookies", "ctx", "data", "headers", "id", "query", "request", "scope", "socket", "state"}
)
"""The names of parameters that mean something else in a route."""


def bind_exposed(groups: Sequence[Actions], classes: Collection[type[Any]]) -> None:
    """Gives exposed routes their functions; raises DefinitionError for a class that is not listed."""
    for group in groups:
        for place, bound in enumerate(group.bound):
            if bound.exposes is None:
                continue
            if bound.exposes.of not in classes:
                name = bound.exposes.of.__name__
                listed = "entities" if issubclass(bound.exposes.of, Entity) else "views"
                raise DefinitionError(
                    f"{name} is exposed, and is not among the application's {listed}: add it to "
                    f"App({listed}=[{name}])"
                )
            group.bound[place] = replace(bound, function=_function_of(bound, bound.exposes))


def call_of(exposes: Exposes) -> CommandType | ViewQuery | None:
    """Gives the command or query that a route answers for, None for one that shows the state."""
    if exposes.call is None:
        return None
    if issubclass(exposes.of, View):
        return view_type(exposes.of).queries[exposes.call]
    kind = entity_type(exposes.of)
    return kind.commands.get(exposes.call) or kind.queries[exposes.call]


def _function_of(bound: Bound, exposes: Exposes) -> Answering:
    call, name = call_of(exposes), exposes.of.__name__
    if call is None:
        assert issubclass(exposes.of, Entity)
        return _disguised(
            bound, _showing(exposes.of), {"id": str}, exposes.of, f"Shows the state of one {name}."
        )
    trigger = bound.trigger
    assert isinstance(trigger, OnRequest)
    fields = msgspec.structs.fields(call.signature.arguments)
    parameters: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    has_body = trigger.method != "GET"
    if has_body and fields:
        body = _body_of(exposes.of, call.name, fields)
        is_needed = any(field.required for field in fields)
        parameters["data"] = body if is_needed else body | None
        if not is_needed:
            defaults["data"] = None
    elif not has_body:
        parameters = {field.name: _in_query(bound, field) for field in fields}
        defaults = {field.name: _default_of(field) for field in fields if not field.required}
    names = [field.name for field in fields] if has_body else None
    if issubclass(exposes.of, View):
        documentation = f"Asks {call.name} of {name}."
        calling = _asking(exposes.of, call.name, names)
    else:
        documentation = f"Sends {call.name} to one {name}."
        parameters["id"] = str
        calling = _sending(exposes.of, call.name, names)
    documentation = inspect.getdoc(getattr(exposes.of, call.name).function) or documentation
    return _disguised(bound, calling, parameters, call.signature.returns, documentation, defaults)


def _sending(cls: type[Entity], name: str, names: list[str] | None) -> Answering:
    async def send(ctx: Context, id: str, **values: Any) -> Any:
        return await getattr(ctx.entity(cls, id), name)(**_arguments(values, names))

    return send


def _asking(cls: type[View], name: str, names: list[str] | None) -> Answering:
    async def ask(ctx: Context, **values: Any) -> Any:
        return await getattr(ctx.view(cls), name)(**_arguments(values, names))

    return ask


def _arguments(values: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    """Gives arguments by name: those of the query string, or those of these names in the body."""
    if names is None:
        return values
    data = values.get("data")
    return {} if data is None else {each: getattr(data, each) for each in names}


def _showing(cls: type[Entity]) -> Answering:
    async def show(ctx: Context, id: str) -> Any:
        state = await ctx.state(cls, id)
        if not state.exists:
            raise NotFound(f"there is no {cls.__name__} {id!r}")
        session_of(ctx).observe(0, state.version)
        return state

    return show


def _body_of(cls: type[Any], call: str, fields: Sequence[FieldInfo]) -> type[Struct]:
    """Gives the arguments of a command or query as the object that a body is."""
    listed: list[Any] = []
    for field in fields:
        if field.required:
            listed.append((field.name, field.type))
        elif field.default_factory is not msgspec.NODEFAULT:
            listed.append((field.name, field.type, msgspec.field(default_factory=field.default_factory)))
        else:
            listed.append((field.name, field.type, field.default))
    name = cls.__name__ + "".join(part.capitalize() for part in call.split("_"))
    return msgspec.defstruct(name, listed, kw_only=True, forbid_unknown_fields=True, module=cls.__module__)


def _in_query(bound: Bound, field: FieldInfo) -> Any:
    if field.name in TAKEN:
        raise DefinitionError(
            f"{bound.name}: its parameter {field.name!r} cannot be in a query string: rename it, or give the "
            'route a body with Route(verb="POST")'
        )
    return field.type


def _default_of(field: FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _disguised(
    bound: Bound,
    function: Answering,
    parameters: dict[str, Any],
    returns: Any,
    documentation: str,
    defaults: dict[str, Any] | None = None,
) -> Answering:
    """Gives a function the signature that a route is checked and documented by."""
    annotations = {"ctx": Context, **parameters}
    given = defaults or {}
    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [
        inspect.Parameter(name, keyword, annotation=each, default=given.get(name, inspect.Parameter.empty))
        for name, each in annotations.items()
    ]
    function.__annotations__ = {**annotations, "return": returns}
    function.__name__ = function.__qualname__ = bound.function.__name__
    function.__signature__ = inspect.Signature(listed, return_annotation=returns)  # type: ignore[attr-defined]
    function.__doc__ = documentation
    return function
