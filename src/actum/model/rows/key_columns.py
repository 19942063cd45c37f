"""The key of a view's rows: the value of one column, or a tuple with those of several."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from actum.errors import Invalid
from actum.model.rows.column import Column

MISFITS = (msgspec.ValidationError, Invalid, ValueError, TypeError, OverflowError)
MAX_KEY_COLUMNS = 16
"""Columns of one key; every database takes as many."""


class KeyColumn:
    """The key of rows that one column identifies.

    `several` are the types of a reducer's answer that holds several keys; `of_row` gives the key of a row.
    """

    several: tuple[type, ...] = (list, tuple, set, frozenset)

    def __init__(self, view: str, column: Column) -> None:
        self.columns: tuple[Column, ...] = (column,)
        self.names: tuple[str, ...] = (column.name,)
        self.of_row: Callable[[Any], Any] = attrgetter(column.name)
        self._view = view
        self._column = column

    def __repr__(self) -> str:
        return f"<key {', '.join(self.names)} of {self._view}>"

    def of(self, value: Any) -> Any:
        """Returns a key as rows hold it, such as 7 for the id "7"; raises Invalid for what cannot be one."""
        column = self._column
        if type(value) is column.annotation:
            return value
        try:
            return msgspec.convert(value, column.annotation, strict=False)
        except MISFITS as error:
            raise self._refused(value, error) from error

    def to_sql(self, value: Any) -> Any:
        """Returns a key as its column stores it; raises Invalid for what cannot be one."""
        key = self.of(value)
        convert = self._column.to_sql
        try:
            return key if convert is None else convert(key)
        except MISFITS as error:
            raise self._refused(value, error) from error

    def read(self, text: str) -> Any:
        """Returns the key that an operator writes; raises Invalid for what cannot be one."""
        return self.of(text)

    def text(self, key: Any) -> str:
        """Returns a key as JSON, the same for equal keys; raises ValueError for half a surrogate pair."""
        return msgspec.json.encode(_canonical(key)).decode()

    def from_text(self, text: str) -> Any:
        """Returns the key that was written as JSON."""
        return msgspec.json.decode(text, type=self._column.annotation)

    def fields(self, key: Any) -> dict[str, Any]:
        """Returns the columns of a key, by name."""
        return {self._column.name: key}

    def _refused(self, value: Any, error: Exception) -> Invalid:
        message = f"{value!r} cannot be a key of the view {self._view}: {error}"
        return Invalid(message, field=self._column.name)


class CompositeKey(KeyColumn):
    """The key of rows that several columns identify together: a tuple of their values, in that order."""

    several: tuple[type, ...] = (list, set, frozenset)

    def __init__(self, view: str, columns: Sequence[Column]) -> None:
        super().__init__(view, columns[0])
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in columns)
        self.of_row = attrgetter(*self.names)
        self._parts = [KeyColumn(view, column) for column in columns]
        self._annotation: Any = tuple[tuple(column.annotation for column in columns)]  # type: ignore[misc]

    def of(self, value: Any) -> Any:
        return tuple(part.of(one) for part, one in self._pairs(value))

    def to_sql(self, value: Any) -> Any:
        return tuple(part.to_sql(one) for part, one in self._pairs(value))

    def read(self, text: str) -> Any:
        try:
            return self.of(tuple(msgspec.json.decode(text, type=list[Any])))
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise Invalid(
                f"{text!r} cannot be a key of the view {self._view}: write its columns "
                f"({', '.join(self.names)}) as a JSON array"
            ) from error

    def text(self, key: Any) -> str:
        return msgspec.json.encode([_canonical(part) for part in key]).decode()

    def from_text(self, text: str) -> Any:
        return msgspec.json.decode(text, type=self._annotation)

    def fields(self, key: Any) -> dict[str, Any]:
        return dict(zip(self.names, key, strict=True))

    def _pairs(self, value: Any) -> "zip[tuple[KeyColumn, Any]]":
        if not isinstance(value, tuple) or len(value) != len(self._parts):
            raise Invalid(
                f"{value!r} cannot be a key of the view {self._view}: a key of it is a tuple of "
                f"{len(self._parts)} values, ({', '.join(self.names)})"
            )
        return zip(self._parts, value, strict=True)


def key_of_columns(view: str, columns: Sequence[Column]) -> KeyColumn:
    """Returns the key that these columns are."""
    return KeyColumn(view, columns[0]) if len(columns) == 1 else CompositeKey(view, columns)


def _canonical(part: Any) -> Any:
    """Returns what equal values are written as: 1.50 and 1.5, or one moment in two time zones."""
    if isinstance(part, datetime):
        return part.astimezone(UTC)
    if isinstance(part, Decimal):
        digits = f"{part:f}"
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
        return "0" if digits == "-0" else digits
    return part
