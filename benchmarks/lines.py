"""Counts the lines of code of samples beside those of their originals: `python -m benchmarks.lines`.

A line of code is one that is neither blank nor within a comment or a docstring. The figures of the originals
were counted earlier, and are not counted again here: those of Akka over
the Java sources of a sample, without its tests and its build, and that of Castore over the demo's functions,
commands and event stores with what deploys them, without its tests.
"""

import ast
import io
import sys
import tokenize
from pathlib import Path

from msgspec import Struct

EXAMPLES = Path(__file__).parents[1] / "examples"
NO_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.NEWLINE,
        tokenize.NL,
    }
)
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Sample(Struct, frozen=True):
    """A sample, the most lines of code that it may have, what it was made after, and that one's lines."""

    name: str
    most: int
    original: str
    lines: int


SAMPLES = (
    Sample("pokemon", 110, "Castore's demo, with its deployment", 738),
    Sample("cart", 135, "Akka's shopping-cart-with-view", 404),
    Sample("registry", 140, "Akka's event-sourced-customer-registry", 559),
    Sample("shop", 500, "a fourth sample that was counted, whose name was not kept", 403),
)


def code_lines(source: str) -> int:
    """Counts the lines of code of a Python module."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    return len(found - _docstrings(ast.parse(source)))


def lines_of(sample: Sample) -> int:
    """Counts the lines of code of a sample in all its modules."""
    return sum(code_lines(path.read_text()) for path in sorted((EXAMPLES / sample.name).glob("*.py")))


def _docstrings(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            text = node.body[0]
            found.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return found


def _row(sample: Sample, lines: int) -> str:
    share = f"{lines / sample.lines:.0%}"
    return f"| `examples/{sample.name}` | {lines} | {sample.original} | {sample.lines} | {share} |"


def main() -> int:
    """Prints the table of the documentation; returns 1 if a sample has more lines than it may have."""
    print("| sample | lines | original | lines | share |\n|---|---|---|---|---|")
    counted = [(sample, lines_of(sample)) for sample in SAMPLES]
    for sample, lines in counted:
        print(_row(sample, lines))
    return int(any(lines > sample.most for sample, lines in counted))


if __name__ == "__main__":
    sys.exit(main())
