"""What kind of function a callable is: one that runs at once, one that is awaited, or a generator."""

import functools
import inspect
from collections.abc import Awaitable
from typing import Any, Literal, TypeVar

from actum.errors import DefinitionError

FunctionKind = Literal["plain", "async", "generator"]
AwaitableT = TypeVar("AwaitableT", bound=Awaitable[Any])


def function_kind(function: Any) -> FunctionKind:
    """Says how a callable runs; a generator of either sort runs nothing of its body when it is called."""
    called = _called(function)
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        return "generator"
    return "async" if inspect.iscoroutinefunction(called) else "plain"


def refuse_generator(what: str, function: Any, fix: str) -> None:
    """Raises DefinitionError for a generator, whose body would never run."""
    if function_kind(function) == "generator":
        raise DefinitionError(
            f"{what} {name_of(function)} is a generator, as it has a yield, so that calling it runs nothing: "
            f"{fix}"
        )


def require_plain(what: str, function: Any) -> None:
    """Raises DefinitionError for what does not give its result when it is called."""
    refuse_generator(what, function, "leave the yield out, and return the result")
    if function_kind(function) == "async":
        raise DefinitionError(
            f"{what} {name_of(function)} is async, and its result is used at once: make it a plain def"
        )


def require_function(what: str, function: Any, fix: str) -> None:
    """Raises DefinitionError for what is no function with a name of its own, or is a generator."""
    if not inspect.isroutine(function):
        raise DefinitionError(
            f"{what} {name_of(function)} is no function with a name: write one with async def"
        )
    refuse_generator(what, function, fix)


def require_awaitable(what: str, begun: AwaitableT) -> AwaitableT:
    """Gives what a call has begun, to be awaited; raises DefinitionError for a result that is there."""
    if not inspect.isawaitable(begun):
        raise DefinitionError(
            f"{what} is awaited, and this one gave a {type(begun).__name__} at once: write it with "
            "async def, without a yield"
        )
    return begun


def name_of(function: Any) -> str:
    """Gives the name by which its author knows a callable."""
    called = _called(function)
    return str(getattr(called, "__qualname__", None) or type(function).__qualname__)


def _called(function: Any) -> Any:
    """Gives the function that a call of a callable runs."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return type(function).__call__ if callable(function) else function
