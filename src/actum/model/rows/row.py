"""Rows of a view: which values fit their columns, how rows are written as columns, and how they are read."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import astuple as as_tuple

from actum.errors import AuthorError
from actum.model.rows.column import Column, settled_decimal
from actum.model.rows.key_columns import MISFITS, KeyColumn
from actum.model.rows.row_size import RowSize

PLAIN = frozenset({str, int, float, bool, bytes, date, UUID, Decimal})
MAX_KNOWN = 1_000
LOWEST, HIGHEST = -(2**63), 2**63 - 1


class Rows:
    """The rows of one view class.

    What a reducer leaves in a row is checked at once, and times are converted to UTC, as they will be read
    back: reducers see the same row whether or not it was kept in memory in between.
    """

    def __init__(
        self,
        view: str,
        cls: type[Struct],
        columns: Sequence[Column],
        key: KeyColumn,
        indexes: Sequence[Sequence[str]],
    ) -> None:
        key_places = [columns.index(column) for column in key.columns]
        self.size: RowSize = RowSize(columns, key_places, indexes)
        self.key: Callable[[Any], Any] = key.of
        self._view = view
        self._cls = cls
        self._columns = columns
        self._inward = [
            (place, column.to_sql)
            for place, column in enumerate(columns)
            if column.to_sql is not None and column.plain is None
        ]
        self._jsons = {place for place, column in enumerate(columns) if column.kind == "json"}
        self._texts = [place for place, column in enumerate(columns) if column.plain == "text"]
        # The key of a row does not change, and is checked when the row is written.
        self._changing_texts = [place for place in self._texts if place not in key_places]
        self._indexed_texts = [place for place in self.size.changing if place in self._texts]
        # A row whose texts have fewer characters than this is never too large, if nothing else counts in it.
        self._brief_size = self.size.harmless if self.size.is_of(self._texts) else -1
        self._integers = [place for place, column in enumerate(columns) if column.plain == "integer"]
        self._outward = [(place, column.from_sql) for place, column in enumerate(columns) if column.from_sql]
        self._scalars = [column for column in columns if column.kind != "json"]
        self._times = [column for column in columns if column.kind == "time"]
        self._decimals = [column for column in columns if column.kind == "decimal"]
        self._bounded = [
            column for column in self._scalars if column.kind != "time" and not _is_plain(column)
        ]
        self._is_special = bool(self._times or self._decimals or self._bounded)
        self._fitting: set[tuple[type, ...]] = set()

    def settle(self, row: Struct) -> None:
        """Sets a row's values to those that will be read back; raises AuthorError for one that cannot fit."""
        if self._is_special:
            self._settle_special(row)
        types = tuple(map(type, as_tuple(row)))
        if types in self._fitting:
            return
        for column in self._scalars:
            self._settle(row, column)
        if len(self._fitting) < MAX_KNOWN and types == _types_of(row):
            self._fitting.add(types)

    def _settle_special(self, row: Struct) -> None:
        for column in self._times:
            self._settle_time(row, column)
        for column in self._decimals:
            self._settle_decimal(row, column)
        for column in self._bounded:
            self._settle(row, column)

    def to_sql(self, row: Struct) -> tuple[Any, ...]:  # noqa: C901 (one function a row: it is the hot path)
        """Returns a row as its columns store it."""
        values = as_tuple(row)
        # As in `_check_plain`, and measured at the same time: every row that is written passes here.
        size = 0
        for place in self._texts:
            value = values[place]
            if value:
                size += len(value)
                if "\0" in value or not value.isascii():
                    self._check_one(place, value)
        for place in self._integers:
            value = values[place]
            if value and not LOWEST <= value <= HIGHEST:
                self._check_one(place, value)
        if not self._inward:
            if size > self._brief_size:
                self._check_size(values)
            return values
        kept = list(values)
        place = 0
        try:
            for place, convert in self._inward:
                kept[place] = convert(kept[place])
        except MISFITS as error:
            raise self._misfit(self._columns[place], kept[place], error) from error
        if size > self._brief_size:
            self._check_size(kept)
        return tuple(kept)

    def _check_size(self, values: Sequence[Any]) -> None:
        fault = self.size.fault(values)
        if fault is not None:
            column, why = fault
            raise AuthorError(f"the column {column.name!r} of the view {self._view} is too large: {why}")

    def check(self, row: Struct, is_brief: bool = False) -> int:  # noqa: FBT001, FBT002 (called for every event)
        """Raises AuthorError for a row that its columns cannot store; returns the length of its longest JSON.

        A brief check leaves JSON out.
        """
        values = as_tuple(row)
        self._check_plain(values, self._changing_texts)
        for place in self._indexed_texts:
            value = values[place]
            if value and len(value) > self.size.brief:
                self.to_sql(row)
        if not self._inward:
            return 0
        longest = place = 0
        try:
            for place, convert in self._inward:
                if place not in self._jsons:
                    convert(values[place])
                elif not is_brief:
                    longest = max(longest, len(convert(values[place]) or ""))
        except MISFITS as error:
            raise self._misfit(self._columns[place], values[place], error) from error
        return longest

    def _check_plain(self, values: tuple[Any, ...], texts: list[int]) -> None:
        """Checks what is stored unconverted; inline, because it runs for every row at every event."""
        for place in texts:
            value = values[place]
            if value and ("\0" in value or not value.isascii()):
                self._check_one(place, value)
        for place in self._integers:
            value = values[place]
            if value and not LOWEST <= value <= HIGHEST:
                self._check_one(place, value)

    def _check_one(self, place: int, value: Any) -> None:
        column = self._columns[place]
        assert column.to_sql is not None
        try:
            column.to_sql(value)
        except MISFITS as error:
            raise self._misfit(column, value, error) from error

    def size_of(self, values: Sequence[Any]) -> int:
        """Returns roughly how many bytes a row has, as its columns store it."""
        return self.size.of(values)

    def shown(self, values: Iterable[Any]) -> Any:
        """Returns a row as who asks for it gets it."""
        return self.from_sql(values)

    def from_sql(self, values: Iterable[Any]) -> Any:
        """Returns the row that was stored in columns."""
        read = list(values)
        for place, convert in self._outward:
            read[place] = convert(read[place])
        return self._cls(*read)

    def _settle_time(self, row: Struct, column: Column) -> None:
        value = getattr(row, column.name)
        if type(value) is not datetime or value.tzinfo is UTC:
            return
        if value.tzinfo is None:
            raise self._misfit(column, value, "it has no time zone; give it one, for example timezone.utc")
        setattr(row, column.name, value.astimezone(UTC))

    def _settle_decimal(self, row: Struct, column: Column) -> None:
        value = getattr(row, column.name)
        if type(value) is not Decimal:
            return
        try:
            settled = settled_decimal(value)
        except ValueError as error:
            raise self._misfit(column, value, error) from error
        if settled is not value:
            setattr(row, column.name, settled)

    def _settle(self, row: Struct, column: Column) -> None:
        value = getattr(row, column.name)
        if type(value) in column.enums:
            return
        try:
            fitting = msgspec.convert(value, column.annotation)
        except MISFITS as error:
            raise self._misfit(column, value, error) from error
        if fitting is not value:
            setattr(row, column.name, fitting)

    def _misfit(self, column: Column, value: Any, why: object) -> AuthorError:
        return AuthorError(
            f"the column {column.name!r} of the view {self._view} cannot hold {value!r}: {why}"
        )


def _types_of(row: Struct) -> tuple[type, ...]:
    return tuple(map(type, as_tuple(row)))


def _is_plain(column: Column) -> bool:
    """Whether the type of a value alone shows that it fits."""
    annotation = column.annotation
    return annotation in PLAIN or any(annotation == plain | None for plain in PLAIN)
