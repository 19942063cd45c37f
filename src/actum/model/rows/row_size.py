"""How large a row of a view and its index entries may be: as much as every database accepts."""

from collections.abc import Sequence
from typing import Any

from actum.model.rows.column import Column

MAX_ROW_BYTES: int = 16 * 1024 * 1024
MAX_INDEXED_BYTES: int = 2_500
"""Bytes of text and content in one index entry; a page of PostgreSQL's indexes takes 2,704 in all."""


class RowSize:
    """Measures the rows of one view; PostgreSQL indexes no columns of JSON.

    `changing` are the places of indexed columns that may change. Where each has at most `brief` characters,
    no index entry is too large. A row of at most `harmless` characters is never too large.
    """

    def __init__(
        self, columns: Sequence[Column], key_places: Sequence[int], indexes: Sequence[Sequence[str]]
    ) -> None:
        places = {column.name: place for place, column in enumerate(columns)}
        sized = [place for place, column in enumerate(columns) if column.kind in ("text", "blob")]
        jsons = [place for place, column in enumerate(columns) if column.kind == "json"]
        groups = [[*key_places], *([places[name] for name in index] for index in indexes)]
        of_any_size = [[place for place in group if place in sized] for group in groups]
        changing = {place for group in of_any_size[1:] for place in group if place not in key_places}
        self.changing: list[int] = sorted(changing)
        self.brief: int = MAX_INDEXED_BYTES // 4 // max(1, *map(len, of_any_size))
        # As text it may take four times as many bytes as it has characters.
        self.harmless: int = MAX_INDEXED_BYTES // 4
        self._columns = columns
        self._sized = [*sized, *jsons]
        self._indexed = [group for group in of_any_size if group]

    def __repr__(self) -> str:
        return f"<RowSize of {len(self._columns)} columns>"

    def is_of(self, places: Sequence[int]) -> bool:
        """Whether the values at these places are all that counts."""
        return set(self._sized) <= set(places)

    def of(self, values: Sequence[Any]) -> int:
        """Returns roughly how many bytes a row has, as its columns store it."""
        size = 0
        for place in self._sized:
            value = values[place]
            if value is not None:
                size += len(value)
        return size

    def fault(self, values: Sequence[Any]) -> tuple[Column, str] | None:
        """Says why a row is too large to store, and which column causes it; None for most rows."""
        size = self.of(values)
        if size <= self.harmless:
            return None
        for group in self._indexed:
            indexed = sum(_bytes_of(values[place]) for place in group)
            if indexed > MAX_INDEXED_BYTES:
                longest = max(group, key=lambda place: _bytes_of(values[place]))
                return self._columns[longest], (
                    f"an index entry with it has {indexed:,} bytes, and may have {MAX_INDEXED_BYTES:,}: "
                    "keep long text in a column that is neither the key nor listed in indexes="
                )
        if size * 4 > MAX_ROW_BYTES:
            size = sum(_bytes_of(values[place]) for place in self._sized)
            if size > MAX_ROW_BYTES:
                longest = max(self._sized, key=lambda place: _bytes_of(values[place]))
                return self._columns[longest], (
                    f"the row with it has {size:,} bytes, and may have {MAX_ROW_BYTES:,}: "
                    "keep large content elsewhere, and a reference to it in the row"
                )
        return None


def _bytes_of(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
    return len(value) if value is not None else 0
