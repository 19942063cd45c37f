"""ORDER BY: resolves the numbers and names in it."""

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from actum.queries.sql.kinds import Misuse
from actum.queries.sql.reading import PLACE


def replaced(node: exp.Expr, query: exp.Select) -> exp.Expr:
    """Replaces the number or alias of a selected column with its expression."""
    names = query.named_selects

    def replace(part: exp.Expr) -> exp.Expr:
        place = place_of(part, len(names))
        if place is None and isinstance(part, exp.Column) and not part.table and part.name in names:
            if names.count(part.name) > 1:
                raise Misuse(f"two columns have the name {part.name!r}: rename one of them with AS")
            place = names.index(part.name)
        return part if place is None else exp.Paren(this=query.selects[place].unalias().copy())

    return node.copy().transform(replace)


def by_what_is_selected(node: exp.Expr, query: Any, selected: Mapping[str, exp.Expr]) -> exp.Expr:
    """Replaces expressions in ORDER BY with the selected columns that they equal."""
    names = list(selected)
    wholes = {}
    if isinstance(query, exp.Select):
        wholes = {part.unalias(): name for name, part in zip(selected, query.selects, strict=True)}

    def replace(part: exp.Expr) -> exp.Expr:
        place = place_of(part, len(names))
        if place is not None:
            return selected[names[place]].copy()
        name = part.name if isinstance(part, exp.Column) and not part.table else wholes.get(part, "")
        return selected[name].copy() if name in selected else part

    return node.copy().transform(replace)


def place_of(node: exp.Expr, count: int) -> int | None:
    """Returns which selected column a number refers to, from 0, or None for any other expression."""
    if not isinstance(node, exp.Anonymous) or node.name != PLACE:
        return None
    place = int(node.expressions[0].name) - 1
    if not 0 <= place < count:
        raise Misuse(f"ORDER BY {place + 1}, but the query selects {count} columns")
    return place
