"""Translates a query into the SQL of a database, for the columns that its views have there."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlglot import exp

from actum.errors import Invalid, OutdatedView, Unavailable
from actum.model.view import ViewType
from actum.queries.dialect import Dialect
from actum.queries.pages.paging import paged
from actum.queries.pages.part import without_part
from actum.queries.sql.kinds import Misuse, QueryKind, SearchableColumns, Typed, Unknown
from actum.queries.sql.parameters import Parameter, for_postgres, for_sqlite, kinds_of, needles
from actum.queries.sql.reading import Query, keyword_hint, read
from actum.queries.sql.selects import Selects
from actum.queries.sql.values import Columns, Foreign
from actum.stores.postgres.dialect import PostgresDialect
from actum.stores.sqlite.dialect import SqliteDialect

MAX_TRANSLATED = 1_000
DIALECTS: dict[str, Dialect] = {"sqlite": SqliteDialect(), "postgres": PostgresDialect()}


__all__ = ["Translated", "Views", "columns_of", "for_postgres", "for_sqlite", "translate", "translate_call"]


class Views:
    """The views that queries may read, by name, each with the kind of every column.

    `stale` are views whose table was created when their columns were stored in another way, and those that
    are `searched` have an index of words.
    """

    __slots__ = ("columns", "stale", "stamp")

    def __init__(
        self,
        columns: Mapping[str, Columns],
        stale: frozenset[str] = frozenset(),
        stamp: object = None,
        searched: frozenset[str] = frozenset(),
    ) -> None:
        self.columns: Mapping[str, Columns] = {
            name: SearchableColumns(found) if name in searched else found for name, found in columns.items()
        }
        self.stale: frozenset[str] = stale
        self.stamp: object = stamp


class Stale(Misuse):
    """A query reads a view whose table was created when its columns were stored in another way."""


class Translated(Struct, frozen=True):
    """A query for a database: its SQL, its parameters in order, and the kind of each column of the answer."""

    sql: str
    parameters: tuple[Parameter, ...]
    columns: tuple[str, ...]
    kinds: tuple[QueryKind, ...]


def translate_call(sql: str, values: Mapping[str, Any], views: Views, dialect: str) -> Translated:
    """Translates a query for a call with these values.

    Raises Invalid for a query that cannot be answered, and Unavailable for views that do not exist (yet).
    """
    try:
        parameters = kinds_of(values)
        found, misuse = _translated(sql, parameters, views, dialect)
        if found is not None and (wordless := _wordless(found, values)):
            # Nothing is looked for: neither database would plan well for words that may be none.
            parameters = tuple(
                replace(one, is_wordless=True) if one.name in wordless else one for one in parameters
            )
            found, misuse = _translated(sql, parameters, views, dialect)
    except RecursionError as error:
        raise Invalid("the query is nested too deeply: simplify it, with fewer brackets") from error
    if isinstance(misuse, Stale):
        raise OutdatedView(f"{misuse}: it is being rebuilt; try again later")
    if isinstance(misuse, Unknown):
        raise Unavailable(
            f"{misuse} (yet): a view is built by the application that declares it. "
            "Start that application, wait until it has caught up, or fix the name"
        )
    if misuse is not None or found is None:
        raise Invalid(f"the query cannot be answered: {misuse}")
    return found


def columns_of(view: ViewType) -> Columns:
    """Returns the columns of a view, as it is declared."""
    columns: dict[str, QueryKind] = {column.name: column.kind for column in view.columns}
    return columns if view.searched is None else SearchableColumns(columns)


def _wordless(query: Translated, values: Mapping[str, Any]) -> set[str]:
    """Returns the parameters of a query whose words are searched for, and which have none."""
    return {
        parameter.name
        for parameter in query.parameters
        if parameter.use != "value" and not needles(values[parameter.name])
    }


@lru_cache(maxsize=MAX_TRANSLATED)
def _translated(
    sql: str, parameters: tuple[Parameter, ...], views: Views, dialect: str
) -> tuple[Translated | None, Misuse | None]:
    try:
        part, text = without_part(sql)
        query = read(text, views.columns)
        stale = sorted({table.name for table in query.written.find_all(exp.Table)} & views.stale)
        if stale:
            raise Stale(f"the view {stale[0]} is stored in the format of an older version of Actum")
        asked = query if part is None else paged(query, part)
        return translate(asked, parameters, views.columns, dialect), None
    except Misuse as misuse:
        return None, misuse


def translate(
    query: Query, parameters: tuple[Parameter, ...], views: Mapping[str, Columns], dialect: str
) -> Translated:
    """Translates a query that was read; raises Misuse for what databases do not support in the same way."""
    given = {parameter.name: parameter for parameter in parameters}
    for name in query.names:
        if name not in given:
            raise Misuse(f"the query needs a value for :{name}")
    places = {f"p{place}": given[name] for place, name in enumerate(query.names)}
    selects = Selects(DIALECTS[dialect], places, views)
    try:
        sql, columns = selects.select(query.qualified, ())
    except Misuse as misuse:
        text = re.sub(r":p(\d+)\b", lambda found: f":{query.names[int(found[1])]}", str(misuse))
        hint = keyword_hint(query.sql, views) if isinstance(misuse, Foreign) else ""
        raise Misuse(f"{text}{hint}") from misuse
    names = tuple(query.qualified.named_selects)
    return Translated(sql, tuple(selects.walk.used), names, tuple(_kind(column) for column in columns))


def _kind(column: Typed) -> QueryKind:
    return column.kind
