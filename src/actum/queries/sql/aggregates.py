"""Functions over groups and windows of rows."""

from typing import Any

from sqlglot import exp

from actum.queries.sql.expressions import Expressions
from actum.queries.sql.kinds import Misuse, QueryKind, Typed
from actum.queries.sql.values import Sources, collation_of, text_of

AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max",
    exp.GroupConcat: "concat", exp.JSONArrayAgg: "json",
}  # fmt: skip
FILLED = "actum_filled"
"""Marks an item of ORDER BY that is never NULL."""
PLACES: dict[type[exp.Expr], tuple[str, QueryKind]] = {
    exp.RowNumber: ("row_number()", "integer"),
    exp.Rank: ("rank()", "integer"),
    exp.DenseRank: ("dense_rank()", "integer"),
    exp.PercentRank: ("percent_rank()", "real"),
    exp.CumeDist: ("cume_dist()", "real"),
}
NEIGHBOURS: dict[type[exp.Expr], str] = {
    exp.Lag: "lag", exp.Lead: "lead", exp.FirstValue: "first_value", exp.LastValue: "last_value",
    exp.NthValue: "nth_value",
}  # fmt: skip


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node returns one value for a group of rows."""
    return type(node) in AGGREGATES or (isinstance(node, exp.Anonymous) and node.name.lower() == "total")


def aggregate(walk: Expressions, node: Any, sources: Sources) -> Typed:
    """Writes an aggregate function."""
    return _aggregate(walk, node, sources, "")


def filtered(walk: Expressions, node: exp.Filter, sources: Sources) -> Typed:
    """Writes an aggregate function over the rows that pass a condition."""
    return _aggregate(walk, node.this, sources, _filter(walk, node, sources))


def windowed(walk: Expressions, node: exp.Window, sources: Sources) -> Typed:
    """Writes a function over the rows around each row."""
    function, tail = node.this, ""
    if isinstance(function, exp.Filter):
        tail, function = _filter(walk, function, sources), function.this
    tail += f" OVER {over(walk, node, sources)}"
    kind = type(function)
    if is_aggregate(function):
        return _aggregate(walk, function, sources, tail)
    if kind in PLACES:
        name, gives = PLACES[kind]
        return Typed(f"({name}{tail})", gives)
    if isinstance(function, exp.Ntile):
        count = walk.dialect.whole(walk.closed_number(function.this, sources, "integer").sql)
        return Typed(f"CAST(ntile({count}){tail} AS BIGINT)", "integer")
    if kind in NEIGHBOURS:
        return _neighbour(walk, function, NEIGHBOURS[kind], tail, sources)
    raise Misuse(f"{text_of(function)} is not a window function that works the same in every database")


def _filter(walk: Expressions, node: exp.Filter, sources: Sources) -> str:
    return f" FILTER (WHERE {walk.condition(node.expression.this, sources)})"


def _aggregate(walk: Expressions, node: exp.Expr, sources: Sources, tail: str) -> Typed:
    if isinstance(node, exp.GroupConcat):
        return _joined(walk, node, sources, tail)
    if isinstance(node, exp.JSONArrayAgg):
        value = walk.value(node.this, sources)
        if value.kind not in ("text", "integer", "real", "null"):
            raise Misuse(f"{text_of(node)}: an array holds texts or numbers, but this is {value.kind}")
        return Typed(walk.dialect.array(value.sql, tail), "json")
    if not is_aggregate(node):
        raise Misuse(f"{text_of(node)} is not an aggregate function")
    name = AGGREGATES.get(type(node), "total")
    item = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    is_distinct = isinstance(item, exp.Distinct)
    if is_distinct:
        if len(item.expressions) != 1:
            raise Misuse(f"{text_of(node)}: DISTINCT takes one value here")
        item = item.expressions[0]
    if isinstance(item, exp.Star):
        return Typed(walk.dialect.aggregate("count", None, tail, is_distinct=False), "integer")
    value = _taken(walk, node, name, item, sources)
    written = walk.dialect.aggregate(name, value, tail, is_distinct=is_distinct)
    gives: QueryKind = "integer" if name == "count" else "real" if name == "total" else value.kind
    return Typed(written, "real" if name == "avg" and value.kind == "integer" else gives)


def _taken(walk: Expressions, node: exp.Expr, name: str, item: exp.Expr, sources: Sources) -> Typed:
    """Returns what is counted, summed or compared, as a kind for which the result is the same everywhere."""
    if name in ("sum", "avg"):
        return walk.closed_number(item, sources, "integer", "decimal", "real")
    if name == "total":
        return walk.closed_number(item, sources, "integer", "real")
    value = walk.value(item, sources)
    if value.kind == "json" and name == "count":
        return value
    if value.kind in ("json", "any", "blob") and name != "count":
        raise Misuse(f"{text_of(node)}: {value.kind} has no order that is the same in every database")
    if value.kind == "boolean" and name != "count":
        return Typed(walk.as_kind(value, "integer"), "integer")
    if collation_of(item):
        raise Misuse(f"{text_of(node)}: an aggregate compares texts as BINARY; remove COLLATE")
    return value


def _joined(walk: Expressions, node: exp.GroupConcat, sources: Sources, tail: str) -> Typed:
    if isinstance(node.this, exp.Distinct | exp.Order):
        raise Misuse(
            f"{text_of(node)}: "
            "write group_concat(x) over a query inside FROM that says SELECT DISTINCT or ORDER BY"
        )
    separator = node.args.get("separator")
    between = None if separator is None else walk.text(separator, sources)
    return Typed(walk.dialect.joined(walk.text(node.this, sources), between, tail), "text")


def _neighbour(walk: Expressions, node: Any, name: str, tail: str, sources: Sources) -> Typed:
    value = walk.value(node.this, sources)
    default = node.args.get("default")
    values = [value] if default is None else [value, walk.value(default, sources)]
    written, kind = walk.all_as(values, text_of(node))
    arguments = [written[0]]
    if node.args.get("offset") is not None:
        offset = node.args["offset"]
        if not (isinstance(offset, exp.Literal) and offset.name.isdigit()):
            raise Misuse(f"{text_of(node)}: write the number of rows as a literal")
        arguments.append(offset.name)
    return Typed(f"({name}({', '.join([*arguments, *written[1:]])}){tail})", kind)


def over(walk: Expressions, node: exp.Window, sources: Sources) -> str:
    """Writes the rows of a window: its name, or its PARTITION BY, ORDER BY and frame."""
    alias = node.args.get("alias")
    parts = node.args.get("partition_by") or []
    order, spec = node.args.get("order"), node.args.get("spec")
    if alias and not (parts or order or spec):
        return walk.dialect.quoted(alias.name)
    written = []
    if alias or node.args.get("first") is not None:
        raise Misuse(f"{text_of(node)}: a window cannot extend another; write it out in full")
    if parts:
        values = [walk.dialect.compared(walk.value(part, sources)) for part in parts]
        written.append(f"PARTITION BY {', '.join(values)}")
    if order:
        written.append(f"ORDER BY {', '.join(ordered(walk, item, sources) for item in order.expressions)}")
    if spec:
        written.append(_frame(spec))
    return f"({' '.join(written)})"


def _frame(spec: exp.WindowSpec) -> str:
    kind = str(spec.args.get("kind"))
    edges = []
    for name in ("start", "end"):
        edge = spec.args.get(name)
        if edge is None:
            continue
        side = str(spec.args.get(f"{name}_side") or "")
        if isinstance(edge, exp.Expr):
            if kind == "RANGE" or not (isinstance(edge, exp.Literal) and edge.name.isdigit()):
                raise Misuse(f"{text_of(spec)}: a frame must count ROWS, with literal numbers")
            edge = edge.name
        edges.append(f"{edge} {side}".strip())
    exclude = f" EXCLUDE {spec.args['exclude']}" if spec.args.get("exclude") else ""
    return f"{kind} {f'BETWEEN {edges[0]} AND {edges[1]}' if len(edges) == 2 else edges[0]}{exclude}"


def ordered(walk: Expressions, item: exp.Expr, sources: Sources) -> str:
    """Writes what rows are ordered by; NULL comes first, and last in descending order."""
    node = item.this if isinstance(item, exp.Ordered) else item
    value = walk.value(node, sources)
    return f"{sortable(walk, value, node)}{direction(item)}"


def sortable(walk: Expressions, value: Typed, node: exp.Expr) -> str:
    """Writes a value so that it sorts the same everywhere."""
    if value.kind in ("json", "any"):
        raise Misuse(f"{text_of(node)}: JSON has no order; extract a value with json_extract() and CAST")
    return walk.dialect.compared(value)


def direction(item: exp.Expr) -> str:
    """Writes the direction of an order, and on which side NULL is."""
    is_down = bool(item.args.get("desc"))
    if item.args.get(FILLED):
        # Each database then finds its own order, for which it has the index.
        return " DESC" if is_down else ""
    is_first = bool(item.args.get("nulls_first"))
    return f"{' DESC' if is_down else ''} NULLS {'FIRST' if is_first else 'LAST'}"
