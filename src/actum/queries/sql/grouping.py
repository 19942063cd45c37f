"""GROUP BY: checks that what is selected has one value for each group."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from actum.queries.sql.aggregates import is_aggregate
from actum.queries.sql.kinds import Misuse
from actum.queries.sql.search_calls import alias_searched, call_as_written
from actum.queries.sql.values import Scope, text_of


def check_grouping(node: exp.Select, groups: Sequence[exp.Expr], scope: Scope) -> None:
    """Raises Misuse for a column that may differ between the rows of a group."""
    items = _items(node)
    if not groups and not node.args.get("having") and not any(map(is_summed, items)):
        return
    for group in groups:
        if any(is_aggregate(part) for part in group.walk()):
            raise Misuse(
                f"GROUP BY {text_of(group)}: groups are formed before anything is aggregated in them"
            )
    known = set(groups)
    for item in items:
        for loose in _loose(item, known, scope):
            written = call_as_written(loose)
            raise Misuse(
                f"{written} may have several values in a group. "
                f"Add it to GROUP BY, or take min({written}) or max({written})"
            )


def _items(node: exp.Select) -> list[exp.Expr]:
    items = [selected.unalias() for selected in node.selects]
    if having := node.args.get("having"):
        items.append(having.this)
    if order := node.args.get("order"):
        items += [item.this for item in order.expressions]
    return items


def is_summed(node: exp.Expr) -> bool:
    """Whether an expression aggregates rows, other than those of a window or of a subquery."""
    if is_aggregate(node):
        return True
    if isinstance(node, exp.Query):
        return False
    parts = _under_window(node) if isinstance(node, exp.Window) else node.iter_expressions()
    return any(map(is_summed, parts))


def _under_window(node: exp.Window) -> Iterator[exp.Expr]:
    function = node.this.this if isinstance(node.this, exp.Filter) else node.this
    yield from function.iter_expressions()
    for name in ("partition_by", "order"):
        found: Any = node.args.get(name)
        if isinstance(found, list):
            yield from found
        elif found is not None:
            yield found


def _loose(node: exp.Expr, groups: set[exp.Expr], scope: Scope) -> Iterator[exp.Expr]:
    if node in groups or is_aggregate(node) or isinstance(node, exp.Filter):
        return
    if alias_searched(node) in scope:
        yield node
        return
    if isinstance(node, exp.Column):
        if node.table in scope:
            yield node
        return
    parts = _under_window(node) if isinstance(node, exp.Window) else node.iter_expressions()
    for part in parts:
        yield from _loose(part, groups, scope)
