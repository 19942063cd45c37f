"""printf(), whose format is parsed when the query is written."""

import re
from typing import Any

from sqlglot import exp

from actum.queries.sql.expressions import Expressions
from actum.queries.sql.kinds import Misuse, Typed
from actum.queries.sql.values import Sources, text_of

MARKS = re.compile(r"%(?P<zero>0)?(?P<width>\d+)?(?:\.(?P<places>\d+|\*))?(?P<mark>[a-zA-Z%])|[^%]+|%")


def formatted(walk: Expressions, node: exp.Expr, sources: Sources) -> Typed:
    """Writes printf() as a concatenation of texts, one for each placeholder of its format."""
    first, *rest = [part for part in (node.args.get("this"), *node.expressions) if isinstance(part, exp.Expr)]
    if not (isinstance(first, exp.Literal) and first.is_string):
        raise _misuse(node)
    pieces = [walk.dialect.text("")]
    for found in MARKS.finditer(first.name):
        if found["mark"] is None:
            pieces.append(walk.dialect.text(found[0]))
        elif found["mark"] == "%":
            pieces.append(walk.dialect.text("%"))
        else:
            pieces.append(_piece(walk, node, found, rest, sources))
    if rest:
        raise _misuse(node)
    return Typed(f"({' || '.join(pieces)})", "text")


def _piece(walk: Expressions, node: exp.Expr, found: re.Match[str], rest: list[Any], sources: Sources) -> str:
    form = (found["mark"], found["zero"] is not None, found["width"] is not None, found["places"])
    if not rest or (form[0] == "c" and form[3] == "*" and len(rest) < 2):
        raise _misuse(node)
    match form:
        case "s", False, False, None:
            return f"coalesce({walk.text(rest.pop(0), sources)}, '')"
        case (("d" | "i"), False, False, None):
            value = walk.closed_number(rest.pop(0), sources, "integer")
            return f"coalesce({walk.as_kind(value, 'text')}, '0')"
        case "c", False, False, "*":
            count = walk.closed_number(rest.pop(0), sources, "integer").sql
            letter = walk.dialect.call(
                "substr", [walk.text(rest.pop(0), sources), *map(walk.dialect.integer, (1, 1))]
            )
            return f"coalesce({walk.dialect.call('repeat', [letter, count])}, '')"
        case _:
            raise _misuse(node)


def _misuse(node: exp.Expr) -> Misuse:
    return Misuse(
        f"{text_of(node)}: printf() takes a format in quotes, with %s, %d, %.*c and %%, "
        "and a value for each; format other texts in Python"
    )
