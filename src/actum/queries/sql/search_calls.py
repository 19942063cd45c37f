"""Calls of search() and relevance(): which view each looks into, before names are resolved."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from actum.queries.sql.kinds import Misuse, SearchableColumns, Unknown
from actum.queries.sql.values import Columns, text_of

SEARCH, RELEVANCE = "search", "relevance"


def resolve_searches(query: exp.Query, tables: Sequence[exp.Table], views: Mapping[str, Columns]) -> None:
    """Writes each call as `search('alias', 'view', words)`; raises Misuse for one that names no view."""
    calls = [node for node in query.find_all(exp.Search, exp.Anonymous) if _name_of(node)]
    for node in calls:
        name = _name_of(node)
        given = _arguments(node)
        if len(given) != 2:
            raise wrong_arguments(name)
        named, words = given
        if not isinstance(named, exp.Column) or named.table:
            raise Misuse(
                f"{text_of(named)} is no view: write {name}(articles, :words), with its name in FROM"
            )
        table = _table_of(node, named.name, tables)
        if not isinstance(views[table.name], SearchableColumns):
            raise Unknown(
                f"the view {table.name} cannot be searched: add search=[…] to its class, with the text "
                f'columns to look into, as in class {_class_name(table.name)}(View, search=["title", "text"])'
            )
        literals = [exp.Literal.string(text) for text in (named.name, table.name)]
        node.replace(exp.Anonymous(this=name, expressions=[*literals, words]))


def wrong_arguments(name: str) -> Misuse:
    """Returns the error for a call with other than two arguments."""
    return Misuse(
        f"{name}() takes a view, or its name in the query, and the words, as in {name}(articles, :words)"
    )


def alias_searched(node: exp.Expr) -> str | None:
    """Returns the name of the view in a resolved call; None for anything else."""
    if isinstance(node, exp.Anonymous) and node.name in (SEARCH, RELEVANCE):
        return str(node.expressions[0].name)
    return None


def is_relevance(node: exp.Expr) -> bool:
    """Whether a node is a call of relevance(), which is never NULL."""
    return isinstance(node, exp.Anonymous) and node.name == RELEVANCE


def call_as_written(node: exp.Expr) -> str:
    """Returns a resolved call as its author wrote it, or any other expression."""
    if alias_searched(node) is None or not isinstance(node, exp.Anonymous):
        return text_of(node)
    return f"{node.name}({alias_searched(node)}, {text_of(node.expressions[-1])})"


def _name_of(node: exp.Expr) -> str:
    name = SEARCH if isinstance(node, exp.Search) else node.name.lower()
    return name if name in (SEARCH, RELEVANCE) else ""


def _arguments(node: exp.Expr) -> list[Any]:
    if isinstance(node, exp.Search):
        return list(node.iter_expressions())
    return list(node.expressions)


def _table_of(call: exp.Expr, alias: str, tables: Sequence[exp.Table]) -> exp.Table:
    """Finds the view of a name in the SELECT round a call, or in one further out."""
    select = call.find_ancestor(exp.Select)
    while select is not None:
        sources = [
            part.this for part in (select.args.get("from_"), *(select.args.get("joins") or [])) if part
        ]
        for source in sources:
            if source.alias_or_name == alias:
                return _checked(source, alias, tables)
        select = select.find_ancestor(exp.Select)
    raise Misuse(f"there is no view {alias!r} to search in this query: name one of those in its FROM")


def _checked(source: exp.Expr, alias: str, tables: Sequence[exp.Table]) -> exp.Table:
    for table in tables:
        if table is source:
            return table
    raise Misuse(
        f"{alias} is no view, but a query in FROM or WITH: search in that query, where the view itself is"
    )


def _class_name(view: str) -> str:
    return "".join(part.capitalize() for part in view.split("_"))
