"""Harmless methods: those whose code shows that they cannot change the state directly.

A method that cannot be shown to be harmless may still be: its turns are watched, which costs time. So
anything unknown counts as a no.
"""

import ast
import builtins
import inspect
import math
from collections.abc import Iterable
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any, get_origin
from uuid import UUID

from msgspec import Struct
from msgspec import inspect as types

from actum.errors import ActumError
from actum.model.code.source import has_source, tree_of
from actum.model.handler import Command
from actum.model.values.round_trip import parts_of

PURE = frozenset(
    {
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "dict",
        "enumerate",
        "filter",
        "float",
        "frozenset",
        "int",
        "isinstance",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "sorted",
        "str",
        "sum",
        "tuple",
        "zip",
    }
)
LOOKING = frozenset(
    {
        "astimezone",
        "casefold",
        "copy",
        "count",
        "date",
        "decode",
        "difference",
        "encode",
        "endswith",
        "find",
        "format",
        "get",
        "hex",
        "index",
        "intersection",
        "is_finite",
        "isalnum",
        "isalpha",
        "isascii",
        "isdigit",
        "isdisjoint",
        "isoformat",
        "issubset",
        "issuperset",
        "items",
        "join",
        "keys",
        "lower",
        "lstrip",
        "partition",
        "quantize",
        "removeprefix",
        "removesuffix",
        "replace",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "startswith",
        "strftime",
        "strip",
        "symmetric_difference",
        "time",
        "timestamp",
        "title",
        "total_seconds",
        "union",
        "upper",
        "values",
        "weekday",
    }
)
CHANGING = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "insert",
        "intersection_update",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "symmetric_difference_update",
        "update",
    }
)
OUTSIDE = (
    ast.Global,
    ast.Nonlocal,
    ast.Delete,
    ast.With,
    ast.AsyncWith,
    ast.Import,
    ast.ImportFrom,
    ast.ClassDef,
)
PAUSING = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncFunctionDef)
FRESH = (
    ast.Constant,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.Tuple,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.JoinedStr,
)
MAKING = frozenset({"list", "dict", "set", "sorted", "len", "sum", "int", "float", "str", "bool"})
VALUES = (type(None), bool, int, float, str, bytes, Decimal, date, time, timedelta, UUID, Enum)
LIBRARIES = frozenset({"builtins", "datetime", "decimal", "uuid", "enum", "fractions"})
UNKNOWN = object()
OURS = frozenset({"emit", "id", "version", "exists", "now"})
BESIDE_STATE = frozenset({"claim", "release", "schedule", "cancel"})
"""Methods of every entity too, but an author's class may have its own under these names."""


class Harmless:
    """Decides which methods of a class are harmless. `reached` are the types whose values they may use."""

    def __init__(self, cls: type[Any], reached: Iterable[Any]) -> None:
        self.cls = cls
        self._known: dict[tuple[Any, Any], bool] = {}
        self.methods: dict[str, list[tuple[Any, type[Any]]]] = {}
        for annotation in reached:
            for part in parts_of(types.type_info(annotation)):
                self._collect(getattr(part, "cls", None))
        special = [name for name in self.methods if name.startswith("__") and name != "__post_init__"]
        own = [
            member
            for base in _authored(cls)
            for name, member in vars(base).items()
            if name.startswith("__") and name != "__post_init__" and isinstance(member, FunctionType)
        ]
        self._is_plain = all(map(self.methods_are, special)) and all(self._function(one, cls) for one in own)

    def allows(self, function: Any) -> bool:
        """Whether a method of the class is harmless."""
        return self._is_plain and self._function(function, self.cls)

    def _collect(self, cls: Any) -> None:
        origin = get_origin(cls) or cls
        if not isinstance(origin, type) or origin is self.cls:
            return
        for base in origin.__mro__:
            if base.__module__.partition(".")[0] in ("builtins", "enum", "msgspec", "actum", "typing"):
                continue
            for name, member in vars(base).items():
                if isinstance(member, FunctionType) and name.startswith("__") and not has_source(member):
                    continue
                if isinstance(member, FunctionType | property | classmethod | staticmethod):
                    self.methods.setdefault(name, []).append((member, base))
                elif callable(getattr(member, "__get__", None)) and hasattr(member, "func"):
                    self.methods.setdefault(name, []).append((None, base))

    def methods_are(self, name: str) -> bool:
        return all(self.member(member, owner) for member, owner in self.methods[name])

    def member(self, member: Any, owner: type[Any]) -> bool:
        if isinstance(member, classmethod | staticmethod):
            member = member.__func__
        if isinstance(member, property):
            return member.fset is None and member.fget is not None and self._function(member.fget, owner)
        return isinstance(member, FunctionType) and self._function(member, owner)

    def _function(self, function: Any, owner: type[Any] | None) -> bool:
        key = (function, owner)
        if key not in self._known:
            self._known[key] = True  # A recursive call changes nothing by itself.
            tree = tree_of(function) if isinstance(function, FunctionType) else None
            self._known[key] = tree is not None and _Reading(self, function, owner, tree).is_harmless
        return self._known[key]

    def named(self, value: Any) -> bool:
        """Whether a value that the code looks up by name, and may call, is harmless."""
        if isinstance(value, VALUES):
            return True
        if isinstance(value, tuple | frozenset):
            return all(map(self.named, value))
        if isinstance(value, FunctionType):
            return self._function(value, None)
        if isinstance(value, BuiltinFunctionType):
            name = str(getattr(value, "__name__", ""))
            return name in PURE and getattr(builtins, name, None) is value
        return isinstance(value, type) and self._class(value)

    def _class(self, cls: type[Any]) -> bool:
        if cls.__module__ in LIBRARIES:
            return cls.__module__ != "builtins" or cls.__name__ in PURE or issubclass(cls, BaseException)
        if issubclass(cls, ActumError):
            return not any(name in vars(base) for base in _authored(cls) for name in ("__init__", "__new__"))
        if not issubclass(cls, Struct | Enum | tuple) and not is_dataclass(cls):
            return False
        makers = ("__init__", "__new__", "__post_init__")
        return not any(
            isinstance(made := vars(base).get(name), FunctionType) and has_source(made)
            for base in _authored(cls)
            for name in makers
        )


class _Reading:
    """Reads the code of one function."""

    def __init__(self, of: Harmless, function: FunctionType, owner: type[Any] | None, tree: ast.AST) -> None:
        self._of = of
        self._function = function
        self._owner = owner
        names = inspect.signature(function).parameters
        self._self = next(iter(names), None) if owner is not None else None
        nodes = list(ast.walk(tree))
        self._called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        self._bound = _bound_in(nodes)
        self._parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
        self._skipped = _decorations(tree)
        self.is_harmless = all(self._allows(node) for node in nodes if id(node) not in self._skipped)

    def _allows(self, node: ast.AST) -> bool:
        match node:
            case ast.AugAssign():
                return self._is_own(node.target)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return isinstance(node.ctx, ast.Load) or self._is_own(node.value)
            case ast.Name(ctx=ast.Load()):
                return self._name(node)
            case ast.Call():
                return isinstance(node.func, ast.Name | ast.Attribute)
            case _:
                return not isinstance(node, OUTSIDE + PAUSING)

    def _attribute(self, node: ast.Attribute) -> bool:
        name = node.attr
        if not isinstance(node.ctx, ast.Load) or name in CHANGING or name.startswith("__"):
            return False
        if isinstance(node.value, ast.Name) and node.value.id == self._self and self._is_single(self._self):
            return self._own_attribute(name)
        value = self._global(node.value.id) if isinstance(node.value, ast.Name) else UNKNOWN
        if value is math:
            return True
        if isinstance(value, type):
            return self._of_class(value, name)
        return self._attribute_of_others(node)

    def _attribute_of_others(self, node: ast.Attribute) -> bool:
        name = node.attr
        if name in self._of.methods and not self._of.methods_are(name):
            return False
        member = inspect.getattr_static(
            self._of.cls, name, None
        )  # The entity, under a name other than `self`.
        member = getattr(member, "function", member)
        if isinstance(member, FunctionType | property | classmethod | staticmethod):
            return self._of.member(member, self._of.cls)
        return name in self._of.methods or name in LOOKING or id(node) not in self._called

    def _own_attribute(self, name: str) -> bool:
        assert self._owner is not None
        if name in OURS and hasattr(self._owner, "__entity_options__"):
            return True
        member = inspect.getattr_static(self._owner, name, None)
        if name in BESIDE_STATE and getattr(member, "__module__", "") == "actum.model.entity":
            return True
        if member is None:
            return False
        if inspect.ismemberdescriptor(member) or isinstance(member, VALUES):
            return True
        return self._of.member(getattr(member, "function", member), self._owner)

    def _of_class(self, cls: type[Any], name: str) -> bool:
        """Whether a class's attribute is a constant, a command, or a constructor such as date.today."""
        is_fixed = isinstance(getattr(cls, name, None), (*VALUES, Command))
        return is_fixed or cls.__module__ in LIBRARIES - {"builtins"}

    def _name(self, node: ast.Name) -> bool:
        name = node.id
        if name in self._parameters or name in self._bound:
            return id(node) not in self._called or self._bound.get(name) == ["def"]
        value = self._global(name)
        return (value is math and id(node) not in self._called) or self._of.named(value)

    def _global(self, name: str) -> Any:
        if name in self._parameters or name in self._bound:
            return None
        cells = zip(self._function.__code__.co_freevars, self._function.__closure__ or (), strict=True)
        for free, cell in cells:
            if free == name:
                try:
                    return cell.cell_contents
                except ValueError:
                    return UNKNOWN
        found = self._function.__globals__
        return found[name] if name in found else getattr(builtins, name, UNKNOWN)

    def _is_own(self, target: ast.expr) -> bool:
        """Whether a name is only ever bound to objects that this function created."""
        if not isinstance(target, ast.Name) or target.id in self._parameters:
            return False
        is_shadowed = any(name in self._function.__globals__ for name in MAKING)
        return not is_shadowed and all(value == "fresh" for value in self._bound.get(target.id, ["other"]))

    def _is_single(self, name: str | None) -> bool:
        return name not in self._bound


def _bound_in(nodes: list[ast.AST]) -> dict[str, list[str]]:
    """Returns the local names, each with what is bound to it: "fresh", "def" or "other"."""
    found: dict[str, list[str]] = {}
    fresh = {id(name): value for name, value in _assignments(nodes)}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append("def")
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, []).append(fresh.get(id(node), "other"))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.setdefault(node.name, []).append("other")
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.setdefault(node.rest, []).append("other")
    return found


def _assignments(nodes: list[ast.AST]) -> Iterable[tuple[ast.Name, str]]:
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target, "fresh"  # It stays fresh if its first binding was.
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target, _kind_of(node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target, _kind_of(node.value)


def _kind_of(value: ast.expr) -> str:
    is_made = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in MAKING
    return "fresh" if is_made or isinstance(value, FRESH) else "other"


def _decorations(tree: ast.AST) -> set[int]:
    """Returns the nodes of decorators and annotations, which do not run with the function."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        aside: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef):
            aside += [*node.decorator_list, *([node.returns] if node.returns else [])]
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            aside.append(node.annotation)
        skipped.update(id(part) for one in aside for part in ast.walk(one))
    return skipped


def _authored(cls: type[Any]) -> list[type[Any]]:
    return [
        base
        for base in cls.__mro__
        if base.__module__.partition(".")[0] not in LIBRARIES | {"msgspec", "actum"}
    ]
