"""The order of pages: that of the query, and then what tells rows apart that are alike in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlglot import exp

from actum.queries.pages.identity import equal_rows, identity, is_whole, may_be_null
from actum.queries.pages.part import ORDER
from actum.queries.sql.aggregates import FILLED
from actum.queries.sql.kinds import Misuse
from actum.queries.sql.ordering import by_what_is_selected, replaced
from actum.queries.sql.values import COLLATIONS, bare, text_of

PAGE = "_page"
"""The name of the query whose pages are asked for, as a table."""
UNSTEADY: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Rand,), "differs each time: order by a column"),
    (
        (exp.Window,),
        "depends on other rows, so that a row may come twice or never while they change: order by the "
        "columns in its OVER (…)",
    ),
    (
        (exp.GroupConcat, exp.JSONArrayAgg, exp.JSONObjectAgg),
        "is in no particular order within: order by something else",
    ),
)


class OrderColumn(Struct, frozen=True):
    """One column of the order, as an expression over the page's rows; it is added to what is selected."""

    value: exp.Expr
    is_down: bool
    has_nulls_first: bool
    may_be_null: bool

    def ordered(self) -> exp.Ordered:
        """Returns it as ORDER BY has it."""
        return exp.Ordered(
            this=self.value.copy(),
            desc=self.is_down,
            nulls_first=self.has_nulls_first,
            **{} if self.may_be_null else {FILLED: True},
        )


def order_columns(
    query: exp.Query, keys: Mapping[str, Sequence[str]], filled: Mapping[str, Sequence[str]]
) -> tuple[exp.Query, list[OrderColumn]]:
    """Returns the query without its order, as a table of the pages, and their order.

    The order of a query with LIMIT stays, and is extended by what tells its rows apart. Raises Misuse, with
    the fix, for what cannot be paged.
    """
    inner: exp.Query = query.copy()
    if is_whole(inner):
        return _order_of_whole(inner)
    if not isinstance(inner, exp.Select):
        raise Misuse(f"{text_of(query)} is not a SELECT whose rows can be paged")
    return _order_of_rows(inner, keys, filled)


def _items(query: exp.Query) -> list[exp.Ordered]:
    order = query.args.get("order")
    return list(order.expressions) if order is not None else []


def _order_of_rows(
    inner: exp.Select, keys: Mapping[str, Sequence[str]], filled: Mapping[str, Sequence[str]]
) -> tuple[exp.Query, list[OrderColumn]]:
    """Orders the rows or groups of a SELECT: what they are ordered by is selected beside the rest."""
    items = [
        (_steady(_compared(replaced(item.this, inner))), bool(item.args.get("desc")), _nulls_first(item))
        for item in _items(inner)
    ]
    is_down = items[-1][1] if items else False
    ordered = [value for value, _, _ in items]
    for part in identity(inner, keys):
        value = _steady(_compared(part.copy()))
        if value not in ordered:
            # NULL is on the side where it is unless a query says otherwise.
            items.append((value, is_down, not is_down))
            ordered.append(value)
    if not items:
        raise Misuse("has one row, and no pages: annotate it with the type of the row")
    columns = [
        OrderColumn(
            exp.column(f"{ORDER}{place}", table=PAGE), is_down, is_first, may_be_null(value, inner, filled)
        )
        for place, (value, is_down, is_first) in enumerate(items)
    ]
    if inner.args.get("limit") is None and inner.args.get("offset") is None:
        inner.set("order", None)
    else:
        written = [
            exp.Ordered(this=value.copy(), desc=is_down, nulls_first=is_first)
            for value, is_down, is_first in items
        ]
        inner.set("order", exp.Order(expressions=written))
    for place, (value, _, _) in enumerate(items):
        inner.append("expressions", exp.alias_(value.copy(), f"{ORDER}{place}"))
    return inner, columns


def _order_of_whole(inner: exp.Query) -> tuple[exp.Query, list[OrderColumn]]:
    """Orders the rows of a UNION or of a SELECT DISTINCT, which all that is selected tells apart."""
    if isinstance(inner, exp.SetOperation) and not inner.args.get("distinct", True):
        raise equal_rows()
    names = list(inner.named_selects)
    selected: dict[str, exp.Expr] = {name: exp.column(name, table=PAGE) for name in names}
    items: list[tuple[exp.Expr, bool, bool]] = []
    for item in _items(inner):
        value = _steady(_compared(by_what_is_selected(item.this, inner, selected)))
        items.append((value, bool(item.args.get("desc")), _nulls_first(item)))
    is_down = items[-1][1] if items else False
    added = [name for name in names if all(value != selected[name] for value, _, _ in items)]
    items += [(selected[name], is_down, not is_down) for name in added]
    if inner.args.get("limit") is None and inner.args.get("offset") is None:
        inner.set("order", None)
    else:
        more = [exp.Ordered(this=exp.column(name), desc=is_down, nulls_first=not is_down) for name in added]
        inner.set("order", exp.Order(expressions=[*_items(inner), *more]))
    return inner, [OrderColumn(value, down, first, may_be_null=True) for value, down, first in items]


def _nulls_first(item: exp.Ordered) -> bool:
    return bool(item.args.get("nulls_first"))


def _compared(node: exp.Expr) -> Any:
    """Returns what a text is compared by in place of its COLLATE."""
    node = bare(node)
    if not isinstance(node, exp.Collate):
        return node
    collation = COLLATIONS.get(node.expression.name.upper())
    inner = bare(node.this)
    if not collation:
        return inner
    if collation == "rtrim":
        return exp.Trim(this=inner.copy(), position="TRAILING")
    return exp.Lower(this=inner.copy())


def _steady(node: Any) -> Any:
    for kinds, why in UNSTEADY:
        found = node.find(*kinds)
        if found is not None:
            raise Misuse(f"its rows cannot be paged by {text_of(found)}, which {why}")
    return node
