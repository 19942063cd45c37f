"""Shapes: what the text of a type in a lock means, read with Python's own parser."""

import ast
from typing import Any

from msgspec import Struct

from actum.operations.evolution.lock import LockError

UNION = "|"
NEEDED = "(needed)"


class Shape(Struct, frozen=True):
    """A type: its name, what is in its brackets, its limits, and the values of a Literal."""

    name: str
    parts: tuple["Shape", ...] = ()
    limits: dict[str, Any] = {}
    values: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """The type as an author writes it, with its limits."""
        if self.name == UNION:
            return " | ".join(part.text for part in self.parts)
        inside = ", ".join([*(part.text for part in self.parts), *map(repr, self.values)])
        limits = ", ".join(f"{name}={limit!r}" for name, limit in self.limits.items())
        return f"{self.name}{f'[{inside}]' if inside else ''}{f'({limits})' if limits else ''}"


class FieldShape(Struct, frozen=True):
    """A field or a parameter; `default` is its text, and NEEDED if it has none."""

    shape: Shape
    default: str = NEEDED

    @property
    def is_needed(self) -> bool:
        """Whether it must be given."""
        return self.default == NEEDED


def read_field(text: str) -> FieldShape:
    """Reads a field: a type, and perhaps a default. Raises LockError for what is none."""
    try:
        [statement] = ast.parse(f"_: {text}").body
        if not isinstance(statement, ast.AnnAssign):
            raise ValueError("no type")
        default = NEEDED if statement.value is None else ast.unparse(statement.value)
        return FieldShape(_shape(statement.annotation), default)
    except (SyntaxError, ValueError) as error:
        raise LockError(
            f"the lock file has {text!r} where a type is expected: restore it from version control"
        ) from error


def read_type(text: str) -> Shape:
    """Reads a type."""
    return read_field(text).shape


def _shape(node: ast.expr) -> Shape:
    match node:
        case ast.Constant(value=None):
            return Shape("None")
        case ast.Name():
            return Shape(node.id)
        case ast.BinOp(op=ast.BitOr()):
            return Shape(UNION, tuple(_members(node)))
        case ast.Call(func=inner):
            found = _shape(inner)
            limits = {one.arg or "": ast.literal_eval(one.value) for one in node.keywords}
            return Shape(found.name, found.parts, limits)
        case ast.Subscript(value=ast.Name(id=name), slice=inside):
            return _subscripted(name, inside.elts if isinstance(inside, ast.Tuple) else [inside])
        case _:
            raise ValueError(ast.unparse(node))


def _members(node: ast.expr) -> list[Shape]:
    if isinstance(node, ast.BinOp):
        return [*_members(node.left), *_members(node.right)]
    return [_shape(node)]


def _subscripted(name: str, parts: list[ast.expr]) -> Shape:
    if name == "Literal":
        return Shape(name, values=tuple(ast.literal_eval(part) for part in parts))
    if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
        return Shape("list", (_shape(parts[0]),))
    return Shape(name, tuple(map(_shape, parts)))
