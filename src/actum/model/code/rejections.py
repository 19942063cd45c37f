"""The codes of the rejections that a function may raise, as far as its source shows them."""

import ast
from inspect import unwrap
from types import FunctionType
from typing import Any

from actum.model.code.source import called_on_self, tree_of

RAISED = "Rejected"
UNNAMED = "rejected"
"""The code of a rejection without one."""


def codes_of(function: Any, owner: type[Any]) -> list[str]:
    """Returns the codes that a method, or one that it calls on its instance, rejects a call with."""
    found: dict[str, None] = {}
    function = unwrap(function)
    for each in (function, *(_plain(owner, name) for name in sorted(called_on_self(function)))):
        tree = tree_of(each) if isinstance(each, FunctionType) else None
        for node in () if tree is None else ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == RAISED:
                found.update(dict.fromkeys(_codes(node)))
    return list(found)


def _plain(owner: type[Any], name: str) -> Any:
    method = getattr(owner, name, None)
    return getattr(method, "function", method)


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _codes(call: ast.Call) -> list[str]:
    code = next((keyword.value for keyword in call.keywords if keyword.arg == "code"), None)
    if code is None:
        return [UNNAMED]
    return [code.value] if isinstance(code, ast.Constant) and isinstance(code.value, str) else []
