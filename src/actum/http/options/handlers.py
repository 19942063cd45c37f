"""The options of groups and handlers: those of Litestar, and none that Litestar would ignore."""

from collections.abc import Iterable, Mapping
from inspect import Parameter, signature
from typing import Any

from litestar import Router
from litestar.handlers import HTTPRouteHandler, delete, get, patch, post, put

from actum.model.action import Actions, Bound, OnRequest
from actum.model.code.function_kind import refuse_generator
from actum.model.option import check_options

METHODS: dict[str, type[HTTPRouteHandler]] = {
    "GET": get,
    "POST": post,
    "PUT": put,
    "PATCH": patch,
    "DELETE": delete,
}

OURS = frozenset({"path", "self", "route_handlers", "sync_to_thread"})
"""What Actum sets itself."""

CALLED = (
    "guards",
    "before_request",
    "after_request",
    "after_response",
    "cache_key_builder",
    "exception_handlers",
)
"""Options with functions that Litestar calls; dependencies are left out, which may be generators."""

HINT = "; values for guards and middleware go into opt={…}"


def options_of(function: Any) -> frozenset[str]:
    """Gives the names of the options that a class or function of Litestar takes."""
    parameters = signature(function).parameters.values()
    return frozenset(each.name for each in parameters if each.kind is not Parameter.VAR_KEYWORD) - OURS


OF_GROUPS = options_of(Router)
OF_HANDLERS = {name: options_of(method) for name, method in METHODS.items()}


def check_group(group: Actions) -> None:
    """Refuses an option of a group that Litestar does not know."""
    where = f"Actions(path={group.path!r})"
    check_options(where, group.options, OF_GROUPS, hint=HINT)
    _check_callables(where, group.options)


def check_handler(bound: Bound, trigger: OnRequest) -> None:
    """Refuses an option of a handler that Litestar would store and never read, such as a misspelt guard."""
    where = f"action {bound.name}: @actions.{trigger.method.lower()}"
    check_options(where, trigger.options, OF_HANDLERS[trigger.method], hint=HINT)
    _check_callables(where, trigger.options)


def _check_callables(where: str, options: Mapping[str, Any]) -> None:
    """Refuses generators, which Litestar would call and not run: such a guard lets everybody in."""
    for name in CALLED:
        found = options.get(name)
        listed = found.values() if isinstance(found, Mapping) else found
        for one in listed if isinstance(listed, Iterable) else (found,):
            if callable(one):
                refuse_generator(f"{where}: {name}=", one, "remove the yield, and raise or return instead")
