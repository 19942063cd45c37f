"""Functions over columns that are stored as JSON."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from actum.queries.sql.expressions import Expressions
from actum.queries.sql.kinds import Misuse, Typed
from actum.queries.sql.values import Sources, text_of

Function = Callable[[Expressions, Any, Sources], Typed]


def document(walk: Expressions, node: exp.Expr, sources: Sources) -> str:
    """Writes a source of JSON: such a column, a text, or a parameter."""
    if isinstance(node, exp.Placeholder):
        return walk.json_parameter(node)
    value = walk.value(node, sources)
    if value.kind not in ("json", "text", "any", "null"):
        raise Misuse(f"{text_of(node)} is {value.kind}, which does not hold JSON")
    return value.sql if walk.dialect.name == "sqlite" else f"({value.sql})::jsonb"


def path_of(node: exp.Expr) -> str:
    """Writes a path in a form that both databases read."""
    path = node.expression
    written = ""
    for part in path.expressions if isinstance(path, exp.JSONPath) else [path]:
        if isinstance(part, exp.JSONPathKey) and isinstance(part.this, str) and '"' not in part.this:
            written += f'."{part.this}"'
        elif isinstance(part, exp.JSONPathSubscript) and isinstance(part.this, int) and part.this >= 0:
            written += f"[{part.this}]"
        elif not isinstance(part, exp.JSONPathRoot):
            raise Misuse(f"{text_of(node)}: a path consists of fields and indexes, such as '$.lines[0].sku'")
    return f"${written}"


def _extracted(walk: Expressions, node: exp.Expr, sources: Sources) -> Typed:
    if node.expressions:
        raise Misuse(f"{text_of(node)}: json_extract() takes one path")
    arguments = [document(walk, node.this, sources), walk.dialect.text(path_of(node))]
    if isinstance(node, exp.JSONExtract):
        name = "json_member" if walk.dialect.name == "sqlite" else "json_extract"
        return Typed(walk.dialect.call(name, arguments), "json")
    return Typed(walk.dialect.call("json_extract", arguments), "any")


def _length(walk: Expressions, node: exp.Anonymous, sources: Sources) -> Typed:
    if len(node.expressions) != 1:
        raise Misuse(f"{text_of(node)}: json_array_length() takes one argument: select a part with ->")
    return Typed(
        walk.dialect.call("json_array_length", [document(walk, node.expressions[0], sources)]), "integer"
    )


JSON_NAMED: dict[str, Function] = {"json_array_length": _length}
JSON_FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.JSONExtract: _extracted,
    exp.JSONExtractScalar: _extracted,
}
