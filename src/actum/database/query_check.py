"""Checks the SQL of views against their tables and annotations, before anything runs."""

import difflib
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from actum.database.answer_check import check_answer
from actum.database.sqlite.views import TYPES as SQLITE
from actum.database.tables import ViewTable
from actum.errors import DefinitionError
from actum.model.column import Kind
from actum.model.view import ViewQuery, ViewType

DIALECT = "sqlite"
TYPES: dict[Kind, str] = {
    "text": "TEXT",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "boolean": "BOOLEAN",
    "blob": "VARBINARY",
    "time": "TIMESTAMPTZ",
    "json": "JSON",
}
# SQLite's functions that stand where a table does, and what they give.
FUNCTION = dict.fromkeys(("key", "value", "type", "atom", "id", "parent", "fullkey", "path"), "UNKNOWN")
FUNCTIONS: dict[str, object] = {"json_each": FUNCTION, "json_tree": FUNCTION}
WRITES = (exp.DDL, exp.Update, exp.Delete, exp.Merge, exp.Command, exp.Pragma, exp.Attach, exp.Detach)
UNRESOLVED = re.compile(
    r"Column '([^']+)' could|Ambiguous column '([^']+)'|Unknown column: (\S+)|join: (\S+)"
)
UNKNOWN_TABLE = re.compile(r"for table: '([^']+)'")
Tables = Mapping[str, ViewType]


def check_queries(views: Sequence[ViewType]) -> None:
    """Checks every query of the views, or raises DefinitionError with how to mend the first that cannot work.

    A query may read every view that is given here. Names are matched without case, as the database does.
    """
    tables = {view.name: view for view in views}
    schema = MappingSchema(
        FUNCTIONS
        | {view.name: {column.name: TYPES[column.kind] for column in view.columns} for view in views},
        dialect=DIALECT,
    )
    database = _empty_database(views)
    try:
        for view in views:
            for query in view.queries.values():
                where = query.signature.where
                parsed = _parse(where, query.sql)
                _check_parameters(where, query, parsed)
                names = _normal(parsed)
                _check_tables(where, names, tables)
                check_answer(where, query, parsed, _typed(where, names, tables, schema))
                _prepare(where, query, database)
    finally:
        database.close()


def _parse(where: str, sql: str) -> exp.Query:
    try:
        found = sqlglot.parse(sql, dialect=DIALECT)
    except SqlglotError as error:
        text = re.sub(r"\x1b\[\d+m", "", str(error)).strip()
        raise DefinitionError(f"{where}: the SQL cannot be read: {text}") from error
    statements = [part for part in found if part and not isinstance(part, exp.Semicolon)]
    if len(statements) != 1:
        raise DefinitionError(f"{where} has {len(statements)} statements: a query is one SELECT")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation) or statement.find(*WRITES):
        raise DefinitionError(
            f"{where} is not a SELECT: a query reads; commands change entities, and reducers change views"
        )
    return statement


def _check_parameters(where: str, query: ViewQuery, parsed: exp.Query) -> None:
    used = set()
    for place in parsed.find_all(exp.Placeholder, exp.Parameter):
        if isinstance(place, exp.Parameter) or not isinstance(place.this, str):
            raise DefinitionError(f"{where}: {place.sql(DIALECT)} has no name: write parameters as :name")
        used.add(place.this)
    declared = query.signature.parameters
    for name in sorted(used - declared.keys()):
        raise DefinitionError(
            f"{where}: the SQL uses :{name}, and the method has no such parameter{_closest(name, declared)}"
        )
    for name in declared:
        if name not in used:
            raise DefinitionError(
                f"{where}: the SQL never uses the parameter {name!r}: write :{name}, or drop the parameter"
            )


def _normal(parsed: exp.Query) -> exp.Query:
    """Gives the query with its names in lower case, and a name for each function that stands as a table."""
    names = normalize_identifiers(parsed.copy(), dialect=DIALECT)
    for table in names.find_all(exp.Table):
        if isinstance(table.this, exp.Anonymous) and not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.this.name.lower())))
    return names


def _check_tables(where: str, names: exp.Query, tables: Tables) -> None:
    for table in _tables_of(where, names):
        if table.db or table.name not in tables:
            known = ", ".join(sorted(tables))
            raise DefinitionError(
                f"{where}: there is no view {table.sql(DIALECT)}{_closest(table.name, tables)}; "
                f"the application has: {known}. Is it listed in App(views=[…])?"
            )


def _tables_of(where: str, names: exp.Query) -> Iterator[exp.Table]:
    """Finds the views that are read, leaving out what WITH names and functions such as json_each."""
    try:
        scopes = traverse_scope(names)
    except OptimizeError as error:
        raise DefinitionError(f"{where}: {error}") from error
    for scope in scopes:
        for table in scope.tables:
            is_real = scope.sources.get(table.alias_or_name) is table
            if is_real and isinstance(table.this, exp.Identifier):
                yield table


def _typed(where: str, names: exp.Query, tables: Tables, schema: MappingSchema) -> exp.Query:
    try:
        qualified = qualify(
            names.copy(), schema=schema, dialect=DIALECT, quote_identifiers=False, identify=False
        )
        return annotate_types(qualified, schema=schema, dialect=DIALECT)
    except OptimizeError as error:
        raise DefinitionError(_explain(where, str(error), names, tables)) from error
    except SqlglotError as error:
        raise DefinitionError(f"{where}: {error}") from error


def _explain(where: str, text: str, names: exp.Query, tables: Tables) -> str:
    found = UNRESOLVED.search(text)
    if found is None:
        return f"{where}: {text}"
    name = next(group for group in found.groups() if group)
    if name.startswith("$"):
        return f"{where}: write the parameter {name} as :{name[1:]}"
    if table := UNKNOWN_TABLE.search(text):
        known = sorted({source.alias_or_name for source in names.find_all(exp.Table)})
        return f"{where}: {table[1]}.{name} names no table of this query; it reads {', '.join(known)}"
    used = sorted({table.name for table in _tables_of(where, names)})
    columns = {table: [column.name for column in tables[table].columns] for table in used}
    owners = [table for table in used if name in map(str.lower, columns[table])]
    if len(owners) > 1:
        choices = " or ".join(f"{table}.{name}" for table in owners)
        return f"{where}: the column {name!r} is ambiguous: say which one, {choices}"
    if owners:
        return f"{where}: {text}. Say which table {name!r} is of, and read no table twice under one name"
    close = _closest(name, [column for table in used for column in columns[table]])
    listed = "; ".join(f"{table} has {', '.join(columns[table])}" for table in used)
    return f"{where}: there is no column {name!r}{close}; {listed or 'the query reads no view'}"


def _closest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _empty_database(views: Sequence[ViewType]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    for view in views:
        table = ViewTable(view, 1, SQLITE)
        for statement in (*table.create, table.create_name):
            database.execute(statement)
    return database


def _prepare(where: str, query: ViewQuery, database: sqlite3.Connection) -> None:
    """Lets SQLite itself have the last word, on functions and on what else only it knows."""
    try:
        database.execute(f"EXPLAIN {query.sql}", dict.fromkeys(query.signature.parameters)).close()
    except sqlite3.Error as error:
        raise DefinitionError(f"{where}: SQLite cannot run this query: {error}") from error
