"""Parses the SQL of a query: one SELECT, all of whose names must be tables and columns that exist."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlglot
from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import Token, TokenType

from actum.queries.sql.kinds import Misuse, Unknown
from actum.queries.sql.parameters import numbered
from actum.queries.sql.search_calls import resolve_searches, wrong_arguments
from actum.queries.sql.values import Columns

DIALECT = "sqlite"
WRITES = (exp.DDL, exp.Update, exp.Delete, exp.Merge, exp.Command, exp.Pragma, exp.Attach, exp.Detach)
EACH = dict.fromkeys(("key", "value", "type", "atom"), "UNKNOWN")
FUNCTIONS: dict[str, object] = {"json_each": EACH}
UNRESOLVED = re.compile(
    r"Column '([^']+)' could|Ambiguous column '([^']+)'|Unknown column: (\S+)|join: (\S+)"
)
UNKNOWN_TABLE = re.compile(r"for table: '([^']+)'")
BEFORE_TABLE = (TokenType.FROM, TokenType.JOIN)
BEGINNINGS = frozenset({"SELECT", "WITH", "VALUES"})
EXPECTED = re.compile(r"Expecting (\S+)$")
OUR_NAME = re.compile(r"p(\d+)")
OUR_PARAMETER = re.compile(r":p(\d+)\b")
Views = Mapping[str, Columns]
MISSING_WORDS = "missing for <class 'sqlglot.expressions.string.Search'>"
PLACE = "actum_place"
"""A function that stands for a selected column by its number."""


class Query(Struct, frozen=True):
    """A query as written, and with every name fully qualified; `names` are those of its parameters."""

    sql: str
    written: exp.Query
    qualified: exp.Query
    names: tuple[str, ...]


def parse(sql: str, views: Views) -> tuple[exp.Query, list[str]]:
    """Parses one SELECT and the names of its parameters; raises Misuse for anything else."""
    text, names = numbered(sql)
    try:
        found = sqlglot.parse(text, dialect=DIALECT)
    except SqlglotError as error:
        found = _parse_quoted(text, names, views, error)
    statements = [part for part in found if part and not isinstance(part, exp.Semicolon)]
    if len(statements) != 1:
        raise Misuse(f"has {len(statements)} statements, but a query must be one SELECT")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation) or statement.find(
        *WRITES, exp.Into, exp.Lock
    ):
        raise Misuse(
            "is not a SELECT: a query only reads; commands change entities, and reducers change views"
        )
    for place in statement.find_all(exp.Placeholder, exp.Parameter):
        if isinstance(place, exp.Parameter) or not isinstance(place.this, str):
            raise Misuse(f"{place.sql(DIALECT)} has no name: write parameters as :name")
    return statement, names


def read(sql: str, views: Views) -> Query:
    """Parses one SELECT and resolves its names; raises Unknown for those that do not exist."""
    written, names = parse(sql, views)
    normal = _normal(written)
    _check_tables(normal, views)
    resolve_searches(normal, list(_tables_of(normal)), views)
    return Query(sql, written, _qualified(normal, views), tuple(names))


def _parse_quoted(text: str, names: Sequence[str], views: Views, error: SqlglotError) -> list[Any]:
    """Parses SQL again, with quotes around the views whose names are keywords of SQL."""
    quoted = _with_quotes(text, views)
    if quoted != text:
        try:
            return list(sqlglot.parse(quoted, dialect=DIALECT))
        except SqlglotError:
            pass
    if MISSING_WORDS in str(error):
        raise wrong_arguments("search") from error
    raise Misuse(f"the SQL cannot be read: {_said(text, names, error)}{keyword_hint(text, views)}") from error


def _said(text: str, names: Sequence[str], error: SqlglotError) -> str:
    """Says what is wrong with SQL, shown as its author wrote it."""
    first = re.match(r"\s*(\w+)", text)
    if first is not None and first[1].upper() not in BEGINNINGS:
        return f"a query begins with SELECT, and this one with {first[1]}"
    found = error.errors[0] if isinstance(error, ParseError) and error.errors else None
    if found is None or not found.get("highlight"):
        return "a quote or a bracket in it is not closed"
    before, at, after = (str(found[part]) for part in ("start_context", "highlight", "end_context"))
    if before.endswith(":") and OUR_NAME.fullmatch(at):
        before, at = before[:-1], f":{at}"
    before, at, after = (_as_written(part, names) for part in (before, at, after))
    missing = EXPECTED.match(str(found.get("description")))
    what = f"{missing[1]} is missing at" if missing else "this cannot stand here:"
    return f"{what} {at!r}, in: {' '.join(f'{before}{at}{after}'.split())}"


def _as_written(text: str, names: Sequence[str]) -> str:
    """Returns part of the SQL with the author's names of its parameters."""
    return OUR_PARAMETER.sub(lambda found: f":{names[int(found[1])]}", text)


def keyword_hint(text: str, views: Views) -> str:
    """Says which names of views and columns are keywords of SQL and were written without quotes."""
    known = {name.lower() for columns in views.values() for name in columns} | views.keys()
    keywords = sorted({token.text.lower() for token in _tokens(text) if _is_keyword(token)} & known)
    return "".join(f'; {name} is a keyword of SQL: write "{name}" in double quotes' for name in keywords)


def _tokens(text: str) -> list[Token]:
    try:
        return list(sqlglot.tokenize(text, read=DIALECT))
    except SqlglotError:
        return []


def _is_keyword(token: Token) -> bool:
    text = token.text.lower()
    is_name = token.token_type in (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING) and text != "if"
    return not is_name and text.isidentifier() and text != "by"


def _with_quotes(text: str, views: Views) -> str:
    tokens = _tokens(text)
    quoted = text
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        if not _is_keyword(token) or token.text.lower() not in views:
            continue
        before = tokens[place - 1].token_type if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        is_list = before is TokenType.COMMA and not (after and after.text.lower() == "by")
        if before in BEFORE_TABLE or is_list or (after and after.token_type is TokenType.DOT):
            quoted = f'{quoted[: token.start]}"{token.text}"{quoted[token.end + 1 :]}'
    return quoted


def _normal(parsed: exp.Query) -> exp.Query:
    """Returns the query with its names in lower case, and with a name for each function used as a table."""
    names = normalize_identifiers(parsed.copy(), dialect=DIALECT)
    for table in names.find_all(exp.Table):
        if isinstance(table.this, exp.Anonymous) and not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.this.name.lower())))
    for item in names.find_all(exp.Ordered):
        # By number, because only the number distinguishes two columns of one name.
        order = item.parent
        if item.this.is_int and order is not None and isinstance(order.parent, exp.Query):
            item.set("this", exp.Anonymous(this=PLACE, expressions=[item.this.copy()]))
    return names


def _check_tables(names: exp.Query, views: Views) -> None:
    for table in _tables_of(names):
        if table.db or table.name not in views:
            raise Unknown(
                f"there is no view {table.sql(DIALECT)}{closest(table.name, views)}; "
                f"the application has: {', '.join(sorted(views))}. Is it listed in App(views=[…])?"
            )


def _tables_of(names: exp.Query) -> Iterator[exp.Table]:
    """Finds the views that are read, without names defined by WITH and functions such as json_each."""
    try:
        scopes = traverse_scope(names)
    except OptimizeError as error:
        raise Misuse(str(error)) from error
    for scope in scopes:
        for table in scope.tables:
            is_real = scope.sources.get(table.alias_or_name) is table
            if is_real and isinstance(table.this, exp.Identifier):
                yield table


def _qualified(names: exp.Query, views: Views) -> exp.Query:
    tables: dict[str, object] = {
        name: {column.lower(): "UNKNOWN" for column in columns} for name, columns in views.items()
    }
    schema = MappingSchema(FUNCTIONS | tables, dialect=DIALECT, normalize=False)
    try:
        found: exp.Query = qualify(
            names.copy(), schema=schema, dialect=DIALECT, quote_identifiers=False, identify=False
        )
        return found
    except OptimizeError as error:
        raise Unknown(_explain(str(error), names, views)) from error
    except SqlglotError as error:
        raise Misuse(str(error)) from error


def _explain(text: str, names: exp.Query, views: Views) -> str:
    found = UNRESOLVED.search(text)
    if found is None:
        return text
    name = next(group for group in found.groups() if group)
    if name.startswith("$"):
        return f"write the parameter {name} as :{name[1:]}"
    if table := UNKNOWN_TABLE.search(text):
        known = sorted({source.alias_or_name for source in names.find_all(exp.Table)})
        return f"{table[1]}.{name} refers to no table of this query; it reads {', '.join(known)}"
    used = sorted({table.name for table in _tables_of(names)})
    columns = {table: list(views[table]) for table in used}
    owners = [table for table in used if name in map(str.lower, columns[table])]
    if len(owners) > 1:
        choices = " or ".join(f"{table}.{name}" for table in owners)
        return f"the column {name!r} is ambiguous: write {choices}"
    if owners:
        return f"{text}. Write {name!r} with its table, and give a table that is read twice two names"
    close = closest(name, [column for table in used for column in columns[table]])
    listed = "; ".join(f"{table} has {', '.join(columns[table])}" for table in used)
    nothing = f"the query reads no view{keyword_hint(names.sql(DIALECT), views)}"
    return f"there is no column {name!r}{close}; {listed or nothing}"


def closest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """Suggests the name that may have been meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
