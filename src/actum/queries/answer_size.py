"""How large an answer may be: its rows, and the bytes of the text and binary content in them."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from actum.errors import TooLarge

PAGING = "ask for one page at a time, as in WHERE id > :after ORDER BY id LIMIT 100"
FIRST_PART = 101
"""Rows that are read before their size is known."""
MAX_PART = 10_000
OF_ONE_SIZE: frozenset[str] = frozenset({"integer", "real", "boolean", "time", "null"})


@lru_cache(maxsize=1_024)
def sized_places(kinds: tuple[str, ...]) -> list[int]:
    """Returns the places in a row whose values may be of any size, by the kinds of the columns."""
    return [place for place, kind in enumerate(kinds) if kind not in OF_ONE_SIZE]


class AnswerSize:
    """Counts the rows of an answer and their bytes, and refuses an answer with too many."""

    def __init__(self, kinds: tuple[str, ...], most: int, most_bytes: int) -> None:
        self.width: int = len(kinds)
        self.places: list[int] = sized_places(kinds)
        self.size: int = 0
        self.largest: int = 0
        self._most = most
        self._most_bytes = most_bytes
        self._rows = 0

    def __repr__(self) -> str:
        return f"<AnswerSize, {self._rows} rows, {self.size} bytes>"

    def check(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """Passes rows on as they arrive; raises TooLarge at the first one that exceeds a limit."""
        found: list[Any] = []
        places = self.places
        for row in rows:
            found.append(row)
            size = 0
            for place in places:
                value = row[place]
                if isinstance(value, str):
                    size += len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
                elif isinstance(value, bytes):
                    size += len(value)
            self.size += size
            self.largest = max(self.largest, size)
            if self.size > self._most_bytes:
                self.refuse()
        self.count(len(found))
        return found

    def count(self, rows: int) -> None:
        """Counts rows that have arrived; raises TooLarge if there are too many."""
        self._rows += rows
        if self._rows > self._most:
            raise TooLarge(f"the query returns more than {self._most:,} rows: {PAGING}")

    def refuse(self) -> NoReturn:
        """Raises TooLarge, with a message that HTTP clients may see."""
        raise TooLarge(f"the query returns more than {self._most_bytes:,} bytes: {PAGING}")

    def next_part(self) -> int:
        """Returns how many rows may be read at once, judging by the size of those before."""
        left = self._most_bytes - self.size
        return max(1, min(left // max(self.largest, 1), MAX_PART))
