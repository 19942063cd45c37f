"""What the code names and no declaration does: steps, signals, claims, scheduled commands."""

import ast
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from actum.model.code.source import called_on_self, surroundings_of, tree_of

UNRESOLVED: Any = object()


class Named:
    """A call that was found: the function around it, and its syntax."""

    def __init__(self, function: FunctionType, call: ast.Call) -> None:
        self._function = function
        self.call = call

    def value(self, node: ast.expr) -> Any:
        """Gives the value of a name or of an attribute of one; UNRESOLVED for what only a run would show."""
        if isinstance(node, ast.Name):
            return surroundings_of(self._function).get(node.id, UNRESOLVED)
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            return UNRESOLVED if owner is UNRESOLVED else getattr(owner, node.attr, UNRESOLVED)
        return UNRESOLVED


def steps_in(run: Callable[..., Any], cls: type[Any]) -> dict[str, Any]:
    """Gives the functions that a workflow runs as steps, by the names of their records."""
    found: dict[str, Any] = {}
    for one in _calls(run, cls, "step"):
        function = one.value(one.call.args[0])
        given = _text(next((word.value for word in one.call.keywords if word.arg == "name"), None))
        name = given or getattr(function, "__name__", "")
        if name:
            found.setdefault(name, None if function is UNRESOLVED else function)
    return found


def signals_in(run: Callable[..., Any], cls: type[Any]) -> dict[str, Any]:
    """Gives the classes of the signals that a workflow receives, by their stored names."""
    kinds = [one.value(one.call.args[0]) for one in _calls(run, cls, "receive")]
    return {kind.__name__: kind for kind in kinds if isinstance(kind, type)}


def claims_in(functions: list[Callable[..., Any]], cls: type[Any]) -> list[str]:
    """Gives the names under which the commands of an entity claim values."""
    found = {_text(one.call.args[0]) for function in functions for one in _calls(function, cls, "claim")}
    return sorted(name for name in found if name)


def scheduled_in(functions: list[Callable[..., Any]]) -> set[tuple[type[Any], str]]:
    """Gives the commands that these functions schedule: the class that declares each, and its name."""
    found = set()
    for function in functions:
        for one in _calls(function, None, "schedule"):
            command = one.value(one.call.args[0])
            owner = getattr(command, "owner", None)
            if isinstance(owner, type):
                found.add((owner, command.name))
    return found


def _calls(function: Any, cls: type[Any] | None, method: str) -> Iterator[Named]:
    """Gives the calls of a method in a function, and in the methods of its class that it calls."""
    seen: set[str] = set()
    left = [_plain(function)]
    while left:
        current = left.pop()
        tree = tree_of(current) if isinstance(current, FunctionType) else None
        if tree is None:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_of(node, method):
                yield Named(current, node)
        if cls is not None:
            new = called_on_self(current) - seen
            seen |= new
            left += [_plain(getattr(cls, name, None)) for name in sorted(new)]


def _is_of(node: ast.Call, method: str) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == method and bool(node.args)


def _plain(function: Any) -> Any:
    function = getattr(function, "function", function)
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        function = inner
    return function


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
