"""What kind of function a callable is: plain, awaited, or a generator."""

import functools
import inspect
from collections.abc import Awaitable
from typing import Any, Literal, TypeVar

from actum.errors import DefinitionError

FunctionKind = Literal["plain", "async", "generator"]
AwaitableT = TypeVar("AwaitableT", bound=Awaitable[Any])


def function_kind(function: Any) -> FunctionKind:
    """Says how a callable runs. A generator of either sort runs nothing of its body when it is called."""
    called = _called(function)
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        return "generator"
    return "async" if inspect.iscoroutinefunction(called) else "plain"


def refuse_generator(what: str, function: Any, fix: str) -> None:
    """Raises DefinitionError for a generator, whose body would never run."""
    if function_kind(function) == "generator":
        raise DefinitionError(
            f"{what} {name_of(function)} is a generator (it has a yield), so calling it runs nothing: {fix}"
        )


def require_plain(what: str, function: Any) -> None:
    """Raises DefinitionError for a callable that does not return its result when it is called."""
    refuse_generator(what, function, "remove the yield, and return the result")
    if function_kind(function) == "async":
        raise DefinitionError(
            f"{what} {name_of(function)} is async, but its result is needed at once: make it a plain def"
        )


def require_function(what: str, function: Any, fix: str) -> None:
    """Raises DefinitionError for what is not a function with a name, or is a generator."""
    if not inspect.isroutine(function):
        raise DefinitionError(
            f"{what} {name_of(function)} is not a function with a name: write one with async def"
        )
    refuse_generator(what, function, fix)


def require_awaitable(what: str, begun: AwaitableT) -> AwaitableT:
    """Returns what a call began, to be awaited; raises DefinitionError for one that returned its result."""
    if not inspect.isawaitable(begun):
        raise DefinitionError(
            f"{what} is awaited, but this one returned a value of type {type(begun).__name__}: "
            "write it with async def, without a yield"
        )
    return begun


def name_of(function: Any) -> str:
    """Returns the name that its author gave a callable."""
    called = _called(function)
    return str(getattr(called, "__qualname__", None) or type(function).__qualname__)


def _called(function: Any) -> Any:
    """Returns the function that a call of a callable runs."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return type(function).__call__ if callable(function) else function
