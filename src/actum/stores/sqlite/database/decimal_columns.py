"""The Decimals of rows, which SQLite stores as text that compares by value."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from actum.model.view import ViewType
from actum.stores.sqlite.decimals import decode, encode

Rows = Sequence[tuple[Any, ...]]


def encoded(view: ViewType, rows: Rows) -> Rows:
    """Gives rows as the table stores them."""
    places = _places(view)
    return [_changed(row, places, _encode) for row in rows] if places else rows


def decoded(view: ViewType, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Gives rows of the table as a view's columns have them."""
    places = _places(view)
    return [_changed(row, places, _decode) for row in rows] if places else list(rows)


def encoded_keys(view: ViewType, keys: Sequence[Any]) -> list[Any]:
    """Gives keys as the table stores them, a tuple for each whose key has several columns.

    Raises Invalid for what cannot be one.
    """
    columns = view.key_columns.columns
    found = [view.key_to_sql(key) for key in keys]
    places = [place for place, column in enumerate(columns) if column.kind == "decimal"]
    if not places:
        return found
    return [_encode(key) if len(columns) == 1 else _changed(key, places, _encode) for key in found]


def _places(view: ViewType) -> list[int]:
    return [place for place, column in enumerate(view.columns) if column.kind == "decimal"]


def _changed(row: tuple[Any, ...], places: list[int], change: Any) -> tuple[Any, ...]:
    values = list(row)
    for place in places:
        if values[place] is not None:
            values[place] = change(values[place])
    return tuple(values)


def _encode(text: str) -> str:
    return encode(Decimal(text))


def _decode(text: str) -> str:
    return f"{decode(text):f}"
