"""Rows of views: read page by page, filtered, and asked for with SQL that an operator writes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from actum.errors import Invalid, Overloaded, TooLarge
from actum.model.rows.column import Column, Kind
from actum.model.view import ViewType
from actum.operations.page import PAGE, check_limit
from actum.ports.database import Answer
from actum.stores.open import Stores

Operator = Literal["is", "is not", "contains", "at least", "at most", "is empty"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

TIME_LIMIT = timedelta(seconds=5)
"""How long one query of an operator may take."""
COUNT_LIMIT = timedelta(seconds=1)
"""How long rows are counted."""
MAX_ROWS = 500
"""The most rows that are given for an operator's SQL."""
MAX_BYTES = 4 * 1024 * 1024
MAX_SQL = 20_000

SQL = {"is": "=", "is not": "<>", "at least": ">=", "at most": "<="}

Read = Callable[[str], Any]


class RowFilter(Struct, frozen=True):
    """Which rows of a view to list: those whose column compares with a value so, as it is written."""

    column: str
    operator: Operator
    value: str = ""


class RowPage(Struct, frozen=True):
    """A page of rows, by key, as the database stores them. `next` is the key behind which the next begins.

    That of several columns is a JSON array of their texts.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    next: str | None


class SqlAnswer(Struct, frozen=True):
    """The answer to SQL; if it `is_cut`, there are more rows than these."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool


async def list_rows(
    stores: Stores,
    view: ViewType,
    wanted: RowFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> RowPage:
    """Gives a page of a view's rows in the order of their keys, from behind the key `after`.

    Raises Invalid for a filter or key that does not fit the view, and Overloaded for what takes too long.
    """
    check_limit(limit)
    keys = view.key_columns.columns
    where, values = _condition(view, wanted)
    if after is not None:
        where.append(_behind(keys))
        values |= _places(keys, after)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    columns = ", ".join(f'"{column.name}"' for column in view.columns)
    order = ", ".join(f'"{key.name}"' for key in keys)
    sql = f'SELECT {columns} FROM "{view.name}"{condition} ORDER BY {order} LIMIT {limit + 1}'
    answer = await _ask(stores, sql, values, most=limit + 1)
    rows = answer.rows[:limit]
    has_more = len(answer.rows) > limit
    last = [_text(rows[-1][view.columns.index(key)]) for key in keys] if has_more else []
    place = last[0] if len(last) == 1 else msgspec.json.encode(last).decode()
    return RowPage(tuple(column.name for column in view.columns), rows, place if has_more else None)


def _behind(keys: Sequence[Column]) -> str:
    """The condition for keys behind one: in the first column that differs, they have more."""
    found = f'"{keys[-1].name}" > :after_{len(keys) - 1}'
    for place, key in reversed(list(enumerate(keys[:-1]))):
        found = f'("{key.name}" > :after_{place} OR ("{key.name}" = :after_{place} AND {found}))'
    return found


def _places(keys: Sequence[Column], after: str) -> dict[str, Any]:
    texts = [after]
    if len(keys) > 1:
        try:
            texts = msgspec.json.decode(after, type=list[str])
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise Invalid(f"after={after}: write a JSON array of texts", field="after") from error
    if len(texts) != len(keys):
        names = ", ".join(key.name for key in keys)
        raise Invalid(f"after={after}: the key has {len(keys)} columns ({names})", field="after")
    return {
        f"after_{place}": _value(key, text, "after")
        for place, (key, text) in enumerate(zip(keys, texts, strict=True))
    }


async def count_rows(stores: Stores, view: ViewType, wanted: RowFilter | None = None) -> int | None:
    """Counts a view's rows; None if that takes too long."""
    where, values = _condition(view, wanted)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    sql = f'SELECT count(*) AS rows FROM "{view.name}"{condition}'
    try:
        answer = await stores.database.ask(sql, values, most=1, limit=COUNT_LIMIT)
    except Overloaded:
        return None
    return int(answer.rows[0][0])


async def ask_sql(stores: Stores, sql: str) -> SqlAnswer:
    """Answers one SELECT over the views; of an answer that is long, its first rows.

    Raises Invalid for anything that is no SELECT, Overloaded for one that takes longer than TIME_LIMIT.
    """
    text = sql.strip().rstrip(";").strip()
    if not text:
        raise Invalid("there is no SQL: write a SELECT over the views", field="sql")
    if len(text) > MAX_SQL:
        raise Invalid(f"the SQL has more than {MAX_SQL:,} characters", field="sql")
    try:
        answer = await _ask(stores, text, {}, most=MAX_ROWS)
        return SqlAnswer(answer.columns, answer.rows, is_cut=False)
    except TooLarge as error:
        try:
            answer = await _ask(stores, _first_of(text), {}, most=MAX_ROWS)
        except Invalid:
            raise error from None
        return SqlAnswer(answer.columns, answer.rows, is_cut=True)


def _first_of(sql: str) -> str:
    """Asks for the first rows; the line's end closes a comment that the SQL may end with."""
    return f"SELECT * FROM ({sql}\n) AS answer LIMIT {MAX_ROWS}"


async def _ask(stores: Stores, sql: str, values: Mapping[str, Any], *, most: int) -> Answer:
    return await stores.database.ask(sql, values, most=most, limit=TIME_LIMIT, most_bytes=MAX_BYTES)


def _condition(view: ViewType, wanted: RowFilter | None) -> tuple[list[str], dict[str, Any]]:
    if wanted is None:
        return [], {}
    column = next((one for one in view.columns if one.name == wanted.column), None)
    if column is None:
        names = ", ".join(one.name for one in view.columns)
        raise Invalid(f"view {view.name} has no column {wanted.column!r}; it has {names}", field="column")
    name = f'"{column.name}"'
    if wanted.operator == "is empty":
        return [f"{name} IS NULL"], {}
    if column.kind == "json":
        raise Invalid(
            f"{column.name} is JSON: ask for a part of it with SQL, by json_extract", field="column"
        )
    if wanted.operator == "contains":
        return _containing(column, wanted.value)
    return [f"{name} {SQL[wanted.operator]} :value"], {"value": _value(column, wanted.value)}


def _containing(column: Column, text: str) -> tuple[list[str], dict[str, Any]]:
    if column.kind != "text":
        raise Invalid(f"{column.name} is {column.kind}, and only text contains something", field="operator")
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return [f"\"{column.name}\" LIKE :value ESCAPE '!'"], {"value": f"%{escaped}%"}


def _value(column: Column, text: str, field: str = "value") -> Any:
    try:
        return READ[column.kind](text)
    except (KeyError, ValueError, InvalidOperation) as error:
        hint = EXAMPLES.get(column.kind, "it cannot be compared")
        raise Invalid(f"{column.name} is {column.kind}, and {text!r} is none: {hint}", field=field) from error


def _text(value: Any) -> str:
    """Gives a key of an answer as `_value` reads it."""
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def _truth(text: str) -> bool:
    found = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
    if found is None:
        raise ValueError(text)
    return found


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        # Times are shown in UTC, so one without a zone is meant to be.
        return datetime.fromisoformat(f"{found.isoformat()}+00:00")
    return found


READ: Mapping[Kind, Read] = {
    "text": str,
    "integer": int,
    "real": float,
    "boolean": _truth,
    "decimal": Decimal,
    "time": _time,
    "blob": bytes.fromhex,
}
EXAMPLES: Mapping[Kind, str] = {
    "text": "write text",
    "integer": "write a whole number, such as 12",
    "real": "write a number, such as 1.5",
    "boolean": "write true or false",
    "decimal": "write a number, such as 9.90",
    "time": "write a time in UTC, such as 2026-11-30 14:00",
    "blob": "write hexadecimal digits",
}
