"""Makes of a query the one that answers for a part of it: the rows behind the last of the page before."""

from collections.abc import Sequence

from sqlglot import exp

from actum.queries.pages.order import PAGE, OrderColumn, order_columns
from actum.queries.pages.part import ORDER, ROWS, VALUE, Part
from actum.queries.sql.reading import Query

COUNT = "total"


def paged(query: Query, part: Part) -> Query:
    """Returns the query for a part; it selects what the query selects, and then the columns of the order.

    Its parameters are those of the query, then one for each value of the last row, and how many rows to read.
    Raises Misuse, with the fix, for a query that cannot be paged.
    """
    names = list(query.names)

    def place_of(name: str) -> exp.Placeholder:
        names.append(name)
        return exp.Placeholder(this=f"p{len(names) - 1}")

    inner, order = order_columns(query.qualified, part.keys, part.filled)
    columns = list(query.qualified.named_selects)
    if part.is_count:
        count = exp.Count(this=exp.Star(), big_int=True)
        found = exp.select(exp.alias_(count, COUNT)).from_(_table(inner))
        return Query(query.sql, query.written, found, tuple(names))
    selected = [exp.alias_(exp.column(name, table=PAGE), name) for name in columns]
    selected += [exp.alias_(column.value.copy(), f"{ORDER}{place}") for place, column in enumerate(order)]
    found = exp.select(*selected).from_(_table(inner))
    if part.after is not None:
        values = [
            place_of(f"{VALUE}{place}") if mark == "v" else None for place, mark in enumerate(part.after)
        ]
        found = found.where(_behind(order, values))
    found.set("order", exp.Order(expressions=[column.ordered() for column in order]))
    found.set("limit", exp.Limit(expression=place_of(ROWS)))
    return Query(query.sql, query.written, found, tuple(names))


def _table(inner: exp.Query) -> exp.Subquery:
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(PAGE)))


def _behind(order: Sequence[OrderColumn], values: Sequence[exp.Placeholder | None]) -> exp.Expr:
    """Returns the condition for rows behind the last one; a value of None stands for NULL."""
    one_way = len({column.is_down for column in order}) == 1
    known = [value.copy() for value in values if value is not None]
    if one_way and len(known) == len(order) and not any(column.may_be_null for column in order):
        # As one comparison of rows, it is a range of an index over these columns.
        row, last = (exp.Tuple(expressions=each) for each in ([one.value.copy() for one in order], known))
        return (exp.LT if order[0].is_down else exp.GT)(this=row, expression=last)
    behind: exp.Expr | None = None
    for column, value in reversed(list(zip(order, values, strict=True))):
        further = _further(column, value)
        if behind is not None:
            same = exp.Paren(this=exp.And(this=_same(column, value), expression=exp.Paren(this=behind)))
            behind = same if further is None else exp.Or(this=further, expression=same)
        else:
            behind = further
    if behind is None:
        return exp.Boolean(this=False)
    first, value = order[0], values[0]
    if value is None or (first.may_be_null and not first.has_nulls_first):
        return behind
    # The same again, more simply, for an index over the first column.
    kind = exp.LTE if first.is_down else exp.GTE
    bound = kind(this=first.value.copy(), expression=value.copy())
    return exp.And(this=bound, expression=exp.Paren(this=behind))


def _further(column: OrderColumn, value: exp.Placeholder | None) -> exp.Expr | None:
    """Returns the condition for rows that are further in one column; None if none is."""
    node = column.value
    if value is None:
        return exp.Not(this=_is_null(node)) if column.has_nulls_first else None
    kind = exp.LT if column.is_down else exp.GT
    further: exp.Expr = kind(this=node.copy(), expression=value.copy())
    if column.may_be_null and not column.has_nulls_first:
        further = exp.Paren(this=exp.Or(this=further, expression=_is_null(node)))
    return further


def _same(column: OrderColumn, value: exp.Placeholder | None) -> exp.Expr:
    if value is None:
        return _is_null(column.value)
    return exp.EQ(this=column.value.copy(), expression=value.copy())


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=node.copy(), expression=exp.Null())
