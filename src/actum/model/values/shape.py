"""Shapes: everything that a declaration reaches, written as text: types, defaults, methods and constants.

The text is the same in every process, Python version and hash seed as long as the declaration is; it
contains no address and no order of a set. A class is written out where it first occurs.
"""

import dataclasses
import functools
import inspect
import re
from collections import deque
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from operator import attrgetter, itemgetter, methodcaller
from types import FunctionType, MappingProxyType, MethodType, ModuleType, SimpleNamespace
from typing import Any, get_origin
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import NODEFAULT, UNSET, Raw, Struct, structs
from msgspec import inspect as types

from actum.model.code.authors import Authors
from actum.model.code.source import has_source, names_in, source_of, surroundings_of

CONSTANTS = (type(None), bool, int, float, str, bytes, Decimal, datetime, date, time, timedelta, UUID)
MEMBERS = (FunctionType, property, classmethod, staticmethod, functools.cached_property)
DECLARED = ("__entity_options__", "__view_options__")
HOLDING = (list, tuple, dict, set, frozenset, deque, MappingProxyType, SimpleNamespace, re.Pattern)
WRITTEN_BY_REPR = (complex, range, slice, Fraction, ZoneInfo, itemgetter, attrgetter, methodcaller)
NO_MEMBERS = "[]"
DEEPEST = 5
"""How many levels of modules within modules are followed."""


class Shape:
    """Writes down what one declaration reaches; `home` is the module of the declaration."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._authors = Authors(home)
        self._seen: dict[Any, int] = {}

    def of(self, annotation: Any) -> str:
        """Writes a type with all its parts."""
        return self._node(types.type_info(annotation))

    def fields(self, cls: type[Any]) -> str:
        """Writes the fields of a struct class, and their names in JSON, without its methods."""
        info = types.type_info(cls)
        assert isinstance(info, types.StructType)
        return self._fields(info)

    def function(self, function: Any, owner: type[Any] | None = None) -> str:
        """Writes a function, with the methods of `owner`, functions and constants that it refers to."""
        function, around = self._unwrapped(getattr(function, "function", function))
        if isinstance(function, functools.partial):
            given = (self.value(function.args), self.value(function.keywords))
            return f"partial({self.function(function.func, owner)}, {', '.join(given)})"
        if isinstance(function, MethodType):
            return self.function(function.__func__, owner)
        if not isinstance(function, FunctionType):
            return self.value(function)
        if number := self._met(function):
            return number + "".join(around)
        defaults = [self.value(value) for value in function.__defaults__ or ()]
        defaults += [self.value(value) for value in (function.__kwdefaults__ or {}).values()]
        return f"function({source_of(function)}, {defaults}, {self._named(function, owner)}){''.join(around)}"

    def _unwrapped(self, function: Any) -> tuple[Any, list[str]]:
        """Returns the undecorated function, and what the author's decorators and those of `functools` add."""
        around = []
        while (inner := getattr(function, "__wrapped__", None)) is not None:
            if not self._met(function):
                around.append(self._around(function))
            function = inner
        return function, around

    def _around(self, wrapper: Any) -> str:
        """Writes a function that a decorator made, or the cases of one of `functools.singledispatch`."""
        cases = getattr(wrapper, "registry", None)
        if isinstance(cases, MappingProxyType):
            return f" by {sorted((_name(kind), self.value(case)) for kind, case in cases.items())}"
        if isinstance(wrapper, FunctionType) and self._authors.wrote_module(wrapper.__globals__["__name__"]):
            return f" in ({source_of(wrapper)}, {self._named(wrapper, None)})"
        return ""

    def value(self, value: Any) -> str:
        """Writes a value: a constant by its value, anything else by its type."""
        kind = type(value)
        if kind in CONSTANTS:
            return f"{kind.__name__} {value!r}"
        if isinstance(value, Enum):
            return f"{self._class(kind)}.{value.name}={value.value!r}"
        if isinstance(value, Raw):
            return f"Raw {bytes(value)!r}"
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, functools.partial) or (_is_function(value) and self._authors.wrote(value)):
            return self.function(value)
        return self._composed(value)

    def _composed(self, value: Any) -> str:
        name = type(value).__name__
        match value:
            case list() | tuple() | deque():
                text = f"{name}[{', '.join(map(self.value, value))}]"
            case set() | frozenset():
                text = f"{name}[{', '.join(sorted(map(Shape(self._home).value, value)))}]"
            case dict() | MappingProxyType():
                items = (f"{self.value(key)}: {self.value(held)}" for key, held in value.items())
                text = f"{name}{{{', '.join(items)}}}"
            case Struct():
                text = f"{name}({self.value(structs.asdict(value))})"
            case re.Pattern():
                text = f"pattern {value.pattern!r} {value.flags}"
            case _:
                text = repr(value) if isinstance(value, WRITTEN_BY_REPR) else self._object(value)
        return text

    def _object(self, value: Any) -> str:
        """Writes an object of the author's class by its class and attributes, and any other by its type."""
        kind = type(value)
        if callable(value) and hasattr(value, "__qualname__"):
            return _name(value)
        if not (
            isinstance(value, SimpleNamespace) or dataclasses.is_dataclass(value) or self._authors.wrote(kind)
        ):
            return _name(kind)
        if number := self._met(id(value)):
            return number
        held = dict(getattr(value, "__dict__", {}))
        return f"{kind.__name__}({self.value(held)}, {self._members(kind)})"

    def _class(self, cls: type[Any]) -> str:
        if not self._authors.wrote(cls) or any(hasattr(cls, options) for options in DECLARED):
            return _name(cls)
        try:
            return self._node(types.type_info(cls))
        except (TypeError, NameError):
            return _name(cls)  # Not a type of JSON, such as an error that a reducer raises.

    def _node(self, node: Any) -> str:
        cls = getattr(node, "cls", None)
        if cls is not None and (number := self._met(cls)):
            return number
        match node:
            case types.Metadata():
                text = self._node(node.type)
            case types.UnionType():
                text = f"union[{', '.join(map(self._node, sorted(node.types, key=_label)))}]"
            case types.EnumType():
                members = [(name, member.value) for name, member in node.cls.__members__.items()]
                text = f"enum({members}, {self._members(node.cls)})"
            case types.LiteralType():
                text = f"literal[{', '.join(sorted(map(self.value, node.values)))}]"
            case types.StructType():
                text = f"struct({self._fields(node)}, {self._members(node.cls)})"
            case types.CustomType():
                text = _name(node.cls) + self._members(node.cls).replace(NO_MEMBERS, "")
            case _:
                text = self._plain(node)
        return text

    def _plain(self, node: Any) -> str:
        """Writes a type by its description in msgspec: its items, its fields, and the class of its values."""
        parts = []
        for name in node.__struct_fields__:
            value = getattr(node, name)
            if name == "cls":
                parts.append(self._members(value))
            elif name == "fields":
                parts.append(self._list_of(value))
            elif isinstance(value, types.Type):
                parts.append(f"{name}={self._node(value)}")
            elif isinstance(value, tuple):
                parts.append(f"{name}=[{', '.join(map(self._node, value))}]")
            elif value is not None:
                parts.append(f"{name}={value!r}")
        return f"{type(node).__name__}({', '.join(parts)})"

    def _fields(self, node: types.StructType) -> str:
        config = (get_origin(node.cls) or node.cls).__struct_config__
        options = (
            node.tag_field,
            node.tag,
            node.array_like,
            node.forbid_unknown_fields,
            config.omit_defaults,
        )
        return f"{options}, {self._list_of(node.fields)}"

    def _list_of(self, fields: Iterable[types.Field]) -> str:
        return f"[{', '.join(map(self._field, fields))}]"

    def _field(self, field: types.Field) -> str:
        parts = [field.name, field.encode_name, self._node(field.type), str(field.required)]
        if field.default is not NODEFAULT and field.default is not UNSET:
            parts.append(f"default {self.value(field.default)}")
        if field.default_factory is not NODEFAULT:
            parts.append(f"made by {self.function(field.default_factory)}")
        return f"({', '.join(parts)})"

    def _members(self, cls: Any) -> str:
        """Writes the methods and constants of a class and its bases, as far as authors wrote them."""
        found = []
        for base in filter(self._authors.wrote, getattr(get_origin(cls) or cls, "__mro__", ())):
            for name, member in sorted(vars(base).items()):
                if isinstance(member, MEMBERS) or (not name.startswith("_") and self._is_data(member)):
                    found.append(self._member(name, member, base))
        return f"[{', '.join(filter(None, found))}]"

    def _member(self, name: str, member: Any, owner: type[Any]) -> str:
        match member:
            case classmethod() | staticmethod():
                member = member.__func__
            case property():
                given = (member.fget, member.fset, member.fdel)
                return f"{name}={[self.function(part, owner) for part in given if part is not None]}"
            case functools.cached_property():
                member = member.func
            case _:
                pass
        if isinstance(member, FunctionType):
            if not self._authors.wrote(member):
                return ""
            if name.startswith("__") and not has_source(member):
                return ""  # Written by dataclasses, NamedTuple or attrs, as the fields say.
            return f"{name}={self.function(member, owner)}"
        return f"{name}={self.value(member)}"

    def _named(self, function: FunctionType, owner: type[Any] | None) -> str:
        """Writes what a function refers to by name: members of its class, of its module, and cells."""
        names = names_in(function)
        found = []
        for name in names:
            member = inspect.getattr_static(owner, name, None) if owner is not None else None
            member = getattr(member, "function", member)  # A command or a query stands for its function.
            if member is not None and (isinstance(member, MEMBERS) or self._is_data(member)):
                found.append(self._member(name, member, owner))  # type: ignore[arg-type]
        for name, value in sorted(surroundings_of(function).items()):
            if isinstance(value, ModuleType):
                found += self._parts(name, value, names)
            else:
                found.append(f"{name}={self.value(value)}")
        return f"[{', '.join(filter(None, found))}]"

    def _parts(self, path: str, module: ModuleType, names: list[str], depth: int = 0) -> list[str]:
        """Writes the named members of one of the author's modules, and of the modules in it."""
        found: list[str] = []
        if not self._authors.wrote(module) or depth > DEEPEST:
            return found
        for name in names:
            value = vars(module).get(name, module)
            if isinstance(value, ModuleType):
                found += self._parts(f"{path}.{name}", value, names, depth + 1) if value is not module else []
            else:
                found.append(f"{path}.{name}={self.value(value)}")
        return found

    def _is_data(self, member: Any) -> bool:
        """Whether a class attribute is a constant, or made of constants, such as a table of rates."""
        if isinstance(member, (Enum, *MEMBERS)):
            return False
        return isinstance(member, (*CONSTANTS, *HOLDING)) or self._authors.wrote(
            member if isinstance(member, type) else type(member)
        )

    def _met(self, part: Any) -> str:
        """Numbers a class or function where it first occurs, and returns its number where it occurs again."""
        if part in self._seen:
            return f"#{self._seen[part]}"
        self._seen[part] = len(self._seen)
        return ""


def _is_function(value: Any) -> bool:
    wrapped = None if isinstance(value, type) else getattr(value, "__wrapped__", None)
    return isinstance(value, FunctionType | MethodType) or isinstance(wrapped, FunctionType)


def _label(node: Any) -> tuple[str, str]:
    cls = getattr(node, "cls", None)
    return type(node).__name__, "" if cls is None else getattr(cls, "__qualname__", str(cls))


def _name(thing: Any) -> str:
    """Returns a class's or function's name without its module, which may be moved."""
    return str(getattr(thing, "__qualname__", type(thing).__qualname__))
