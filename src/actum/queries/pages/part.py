"""Which part of an answer is asked for, written in front of a query's SQL, where every database finds it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

BEGIN = "/*actum:page "
END = "*/"
VALUE = "actum_after_"
"""How the parameters are called that hold the values of the last row; a number follows."""
ORDER = "actum_order_"
"""How the columns are called that a page adds for its order; a number follows."""
ROWS = "actum_rows"
"""The parameter that holds how many rows are read."""

Columns = Mapping[str, tuple[str, ...]]


class Part(Struct, frozen=True, omit_defaults=True):
    """The part of an answer that is asked for.

    `keys` are the key columns of each view, by which its rows are told apart, and `filled` those that are
    never NULL, in lower case. `after` says for each column of the order whether the last row had a value (v)
    or NULL (n) in it; it is None for the first page. `is_count` asks for the number of all rows instead.
    """

    keys: dict[str, tuple[str, ...]]
    filled: dict[str, tuple[str, ...]]
    after: str | None = None
    is_count: bool = False


def part_of(views: Iterable[Any]) -> Part:
    """Returns the first page of queries over these views."""
    listed = list(views)
    return Part(
        {view.name: tuple(name.lower() for name in key_columns(view)) for view in listed},
        {
            view.name: tuple(column.name.lower() for column in view.columns if not column.is_nullable)
            for view in listed
        },
    )


def key_columns(view: Any) -> list[str]:
    """Returns the columns that together tell a view's rows apart."""
    return list(view.key_columns.names)


def with_part(part: Part, sql: str) -> str:
    """Writes SQL with the part that is asked for in front of it."""
    return f"{BEGIN}{msgspec.json.encode(part).decode()}{END}{sql}"


def without_part(sql: str) -> tuple[Part | None, str]:
    """Returns the part that is asked for, if there is one, and the SQL without it."""
    if not sql.startswith(BEGIN):
        return None, sql
    begin, _, rest = sql.partition(END)
    try:
        return msgspec.json.decode(begin[len(BEGIN) :], type=Part), rest
    except msgspec.MsgspecError:
        return None, sql  # A comment of somebody else's.
