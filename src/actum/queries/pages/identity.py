"""What tells the rows of a query apart: the keys of its views, its groups, or all that it selects."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from actum.queries.sql.grouping import is_summed
from actum.queries.sql.kinds import Misuse
from actum.queries.sql.search_calls import is_relevance
from actum.queries.sql.values import bare, text_of

Keys = Mapping[str, Sequence[str]]
OUTER = ("LEFT", "RIGHT", "FULL")


def identity(select: exp.Select, keys: Keys) -> list[exp.Expr]:
    """Returns the expressions that together differ between any two rows of a SELECT; none if it has one row.

    Raises Misuse, with the fix, where nothing tells its rows apart.
    """
    group = select.args.get("group")
    if group is not None:
        return [bare(part) for part in group.expressions]
    if select.args.get("having") is not None or any(is_summed(part.unalias()) for part in select.selects):
        return []
    found: list[exp.Expr] = []
    for source in _sources(select):
        found += _of_source(source, select, keys)
    return found


def is_whole(query: exp.Expr) -> bool:
    """Whether the rows of a query are told apart by everything that it selects."""
    return isinstance(query, exp.SetOperation) or bool(query.args.get("distinct"))


def may_be_null(node: exp.Expr, select: exp.Select, filled: Keys) -> bool:
    """Whether an expression in a SELECT may be NULL, as far as its form shows."""
    if isinstance(node, exp.Count) or is_relevance(node):
        return False
    if not isinstance(node, exp.Column) or any(join.side in OUTER for join in select.args.get("joins") or []):
        return True
    for source in _sources(select):
        if source.alias_or_name == node.table and isinstance(source, exp.Table):
            return _named(source) is not None or node.name not in filled.get(source.name, ())
    return True


def _sources(select: exp.Select) -> list[exp.Expr]:
    first = select.args.get("from_")
    joins = select.args.get("joins") or []
    return [part.this for part in (*([first] if first is not None else ()), *joins)]


def _of_source(source: exp.Expr, select: exp.Select, keys: Keys) -> list[exp.Expr]:
    alias = source.alias_or_name
    if isinstance(source, exp.Subquery):
        return [exp.column(name, table=alias) for name in _names(source.this, source.args.get("alias"), keys)]
    if isinstance(source.this, exp.Anonymous):
        # The place in a list, or the name in an object.
        return [exp.cast(exp.column("key", table=alias), exp.DType.TEXT)]
    common = _named(source)
    if common is not None:
        names = _names(common.this, common.args.get("alias"), keys)
    else:
        names = list(keys[source.name])
    return [exp.column(name, table=alias) for name in names]


def _named(source: exp.Expr) -> exp.CTE | None:
    """Returns the query in WITH that a table's name refers to, if it refers to none of the views."""
    node = source.parent
    while node is not None:
        clause = node.args.get("with_")
        if clause is not None:
            for part in clause.expressions:
                if part.alias == source.name:
                    found: exp.CTE = part
                    return found
        node = node.parent
    return None


def _names(query: exp.Expr, alias: Any, keys: Keys) -> list[str]:
    """Returns the names of the columns that tell the rows of a query in FROM or WITH apart."""
    query = query.unnest()
    assert isinstance(query, exp.Query)
    given = [column.name for column in alias.columns] if alias is not None else []
    names = given or [name.lower() for name in query.named_selects]
    if is_whole(query):
        if isinstance(query, exp.SetOperation) and not query.args.get("distinct", True):
            raise equal_rows()
        return names
    assert isinstance(query, exp.Select)
    selected = [bare(part.unalias()) for part in query.selects]
    found = []
    for part in identity(query, keys):
        if part not in selected:
            raise Misuse(
                f"its rows cannot be paged, because nothing tells those of the query in FROM apart: select "
                f"{text_of(part)} there too"
            )
        found.append(names[selected.index(part)])
    return found


def equal_rows() -> Misuse:
    """Returns the error for rows that may be equal in everything."""
    return Misuse(
        "its rows cannot be paged, because UNION ALL may give two that are equal in everything: write UNION"
    )
