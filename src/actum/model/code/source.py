"""Source code of a function, as text that stays the same while its meaning does.

Comments, layout and docstrings are left out, and so is what differs between versions of Python, such as how
a syntax tree is printed.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

NOTED_ELSEWHERE = frozenset({"ctx", "kind", "type_comment"})
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def source_of(function: FunctionType) -> str:
    """Returns a function's code as text that is the same for the same meaning."""
    tree = tree_of(function)
    return _text_of(function.__code__) if tree is None else _dump(tree)


def names_in(function: FunctionType) -> list[str]:
    """Returns every name that a function, or one inside it, looks up: globals, attributes and cells."""
    return sorted(set(_names(function.__code__)))


def surroundings_of(function: FunctionType) -> dict[str, Any]:
    """Returns the values outside a function that it refers to, by name, as far as they exist already."""
    found = {name: function.__globals__[name] for name in names_in(function) if name in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def has_source(function: FunctionType) -> bool:
    """Whether a person wrote the function, rather than a library at run time."""
    return not function.__code__.co_filename.startswith("<")


def tree_of(function: FunctionType) -> ast.AST | None:
    """Returns a function's syntax tree, or that of a module with only the function; None without a source."""
    try:
        if function.__code__.co_name == "<lambda>":
            return _lambda_of(function)
        # Pass the code: for a decorated function, inspect would look for the wrapper's source.
        return ast.parse(textwrap.dedent(inspect.getsource(function.__code__)))
    except (OSError, TypeError, SyntaxError):
        return None


def _lambda_of(function: FunctionType) -> ast.AST | None:
    """Finds the innermost lambda of the file around the code that was compiled from it."""
    lines, _ = inspect.findsource(function.__code__)
    first, last = _extent(function.__code__)
    found = None
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.Lambda):
            begin = (node.body.lineno, node.body.col_offset)
            end = (node.body.end_lineno or 0, node.body.end_col_offset or 0)
            if begin <= first and last <= end:
                found = node  # The walk visits outer lambdas first.
    return found


def _extent(code: CodeType) -> tuple[tuple[int, int], tuple[int, int]]:
    spans = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if line and end_line and column is not None and end_column
    ]
    if not spans:
        raise OSError("the code does not record its position")
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def _dump(node: Any) -> str:
    if isinstance(node, ast.AST):
        parts = [
            f"{name}={_dump(_undocumented(node, name, value))}"
            for name, value in ast.iter_fields(node)
            if name not in NOTED_ELSEWHERE and value is not None and value != []
        ]
        return f"{type(node).__name__}({', '.join(parts)})"
    if isinstance(node, list):
        return f"[{', '.join(map(_dump, node))}]"
    return repr(node)


def _undocumented(node: ast.AST, name: str, value: Any) -> Any:
    if name == "body" and isinstance(node, Definition) and ast.get_docstring(node) is not None:
        return value[1:]
    return value


def _text_of(code: CodeType) -> str:
    """Writes compiled code without addresses and without the order of sets, which differ between runs."""
    return repr((code.co_code, list(map(_constant, code.co_consts)), code.co_names))


def _constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return _text_of(value)
    if isinstance(value, frozenset):
        return repr(sorted(map(_constant, value)))
    return repr(value)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def called_on_self(function: Any) -> set[str]:
    """Returns the names of the methods that a method calls on its instance, as far as its code shows them."""
    tree = tree_of(function) if isinstance(function, FunctionType) else None
    if tree is None or not function.__code__.co_argcount:
        return set()
    itself = function.__code__.co_varnames[0]
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        one.attr
        for one in called
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == itself
    }
