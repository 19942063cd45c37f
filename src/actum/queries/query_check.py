"""Checks the SQL of views against their tables and annotations, before anything runs."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from actum.errors import DefinitionError
from actum.model.code.place import blamed_on
from actum.model.view import ViewQuery, ViewType
from actum.queries.answer_check import check_answer
from actum.queries.pages.check import pages_of
from actum.queries.pages.part import Part, part_of
from actum.queries.sealed_check import Sealed, sealed_places
from actum.queries.sql.kinds import Misuse
from actum.queries.sql.parameters import Parameter, declared
from actum.queries.sql.reading import closest, read
from actum.queries.sql.values import Columns
from actum.queries.translate import Translated, columns_of, translate
from actum.stores.sqlite.database.tables import SqliteTable
from actum.stores.sqlite.decimals import register

MAX_COMBINATIONS = 64
Views = Mapping[str, Columns]


def check_queries(views: Sequence[ViewType]) -> None:
    """Checks every query of the views; raises DefinitionError for the first that cannot work, with the fix.

    A query may read every view that is given here. Names are case-insensitive, as in the database. SQL that
    databases would answer differently is refused, whichever of them the application will run on.
    """
    _check_all(tuple(views))


def check_query(query: ViewQuery, views: Sequence[ViewType]) -> None:
    """Checks one query, which may read every view that is given here, as `check_queries` does."""
    columns, sealed = _columns_of(views)
    database = _empty_database(views)
    try:
        _check(query, columns, sealed, database, part_of(views) if query.shape == "page" else None)
    finally:
        database.close()


# An application is checked when it is declared and again when it is run: the second time uses the cache.
@lru_cache(maxsize=16)
def _check_all(views: tuple[ViewType, ...]) -> None:
    columns, sealed = _columns_of(views)
    database = _empty_database(views)
    first = part_of(views)
    try:
        for view in views:
            for query in view.queries.values():
                with blamed_on(query.function):
                    _check(query, columns, sealed, database, first if query.shape == "page" else None)
    finally:
        database.close()


def _columns_of(views: Sequence[ViewType]) -> tuple[Views, Sealed]:
    """Returns the kinds of the columns of each view, and the names of those that are sealed."""
    columns: dict[str, Columns] = {view.name: columns_of(view) for view in views}
    sealed: Sealed = {
        view.name: frozenset(column.name.lower() for column in view.columns if column.sealed)
        for view in views
    }
    return columns, sealed


def _check(
    query: ViewQuery, views: Views, sealed: Sealed, database: sqlite3.Connection, first: Part | None
) -> None:
    where = query.signature.where
    try:
        found = read(query.sql, views)
        _check_parameters(where, query, found.names)
        places = sealed_places(found, sealed)
        for parameters in _calls(query):
            translate(found, parameters, views, "postgres")
            translated = translate(found, parameters, views, "sqlite")
            check_answer(where, query, found, translated.kinds, places)
            _prepare(where, translated, database)
            if first is not None:
                for page in pages_of(found, parameters, views, first):
                    _prepare(where, page, database)
    except Misuse as misuse:
        raise DefinitionError(f"{where}: {misuse}") from misuse
    except RecursionError as error:
        raise DefinitionError(
            f"{where}: the query is nested too deeply: simplify it, with fewer brackets"
        ) from error


def _calls(query: ViewQuery) -> Iterator[tuple[Parameter, ...]]:
    """Returns the combinations of kinds that the parameters may have at a call."""
    choices = [declared(name, annotation) for name, annotation in query.signature.parameters.items()]
    for number, parameters in enumerate(product(*choices)):
        if number == MAX_COMBINATIONS:
            return
        yield parameters


def _check_parameters(where: str, query: ViewQuery, used: Sequence[str]) -> None:
    known = query.signature.parameters
    for name in sorted(set(used) - known.keys()):
        raise DefinitionError(
            f"{where}: the SQL uses :{name}, but the method has no such parameter{closest(name, known)}"
        )
    for name in known:
        if name not in used:
            raise DefinitionError(
                f"{where}: the SQL never uses the parameter {name!r}: write :{name}, or remove the parameter"
            )


def _empty_database(views: Sequence[ViewType]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    register(database)
    for view in views:
        table = SqliteTable(view, 1)
        for statement in (*table.create, *table.create_names):
            database.execute(statement)
    return database


def _prepare(where: str, query: Translated, database: sqlite3.Connection) -> None:
    """Has SQLite itself check the query."""
    values: dict[str, Any] = {f"p{place}": None for place, _ in enumerate(query.parameters, 1)}
    try:
        database.execute(f"EXPLAIN {query.sql}", values).close()
    except sqlite3.Error as error:
        raise DefinitionError(f"{where}: SQLite cannot run this query: {error}") from error
