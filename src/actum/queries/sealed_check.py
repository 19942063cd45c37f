"""Checks that a query only selects the sealed columns of views: SQL cannot work on what it cannot read."""

from collections.abc import Mapping

from sqlglot import exp

from actum.queries.sql.kinds import Misuse
from actum.queries.sql.reading import PLACE, Query

Sealed = Mapping[str, frozenset[str]]
"""The names of the sealed columns of each view, in lower case."""


def sealed_places(found: Query, sealed: Sealed) -> frozenset[int]:
    """Returns which of the selected columns are sealed ones; raises Misuse for any other use of those."""
    query = found.qualified
    sources: dict[str, set[str]] = {}
    for table in query.find_all(exp.Table):
        sources.setdefault(table.alias_or_name, set()).update(sealed.get(table.name, ()))
    selects = query.selects if isinstance(query, exp.Select) else []
    places = frozenset(
        place
        for place, selected in enumerate(selects)
        if isinstance(value := selected.unalias(), exp.Column) and _is_sealed(value, sources)
    )
    allowed = {id(selects[place].unalias()) for place in places}
    aliases = {selects[place].alias_or_name for place in places}
    for column in query.find_all(exp.Column):
        is_alias = not column.table and column.name in aliases
        if is_alias or (id(column) not in allowed and _is_sealed(column, sources)):
            raise _refused(column.name)
    if places and (query.args.get("distinct") or query.args.get("group")):
        raise _refused(selects[min(places)].alias_or_name)
    for number in query.find_all(exp.Anonymous):
        if number.name.lower() == PLACE and int(number.expressions[0].name) - 1 in places:
            raise _refused(selects[int(number.expressions[0].name) - 1].alias_or_name)
    return places


def _is_sealed(column: exp.Column, sources: Mapping[str, set[str]]) -> bool:
    return column.name.lower() in sources.get(column.table, ())


def _refused(name: str) -> Misuse:
    return Misuse(
        f"the column {name!r} is Sealed, so that SQL cannot compare, order or change it: a query may only "
        "select it as it is, in its outermost SELECT, without DISTINCT, GROUP BY or UNION. Where SQL has to "
        "work on it, declare it Personal: its table then holds plain text until the person is forgotten"
    )
