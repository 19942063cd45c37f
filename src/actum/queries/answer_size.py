"""How large an answer may be: its rows, and the bytes of what is text or content in them."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from actum.errors import TooLarge

PAGING = "ask for one page after the other, as in WHERE id > :after ORDER BY id LIMIT 100"
FIRST_PART = 101
"""Rows that are read before it is known how large they are."""
MAX_PART = 10_000
OF_ONE_SIZE: frozenset[str] = frozenset({"integer", "real", "boolean", "time", "null"})


@lru_cache(maxsize=1_024)
def sized_places(kinds: tuple[str, ...]) -> list[int]:
    """Gives the places of a row whose values may be of any size, by the kinds of its columns."""
    return [place for place, kind in enumerate(kinds) if kind not in OF_ONE_SIZE]


class AnswerSize:
    """Counts the rows of an answer and their bytes, and refuses one with too many."""

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
        """Gives rows, as far as they came; raises TooLarge at the first with which there are too many."""
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
        """Takes in how many rows came."""
        self._rows += rows
        if self._rows > self._most:
            raise TooLarge(f"the query gives more than {self._most:,} rows: {PAGING}")

    def refuse(self) -> NoReturn:
        """Raises TooLarge, in words that clients may hear."""
        raise TooLarge(f"the query gives more than {self._most_bytes:,} bytes: {PAGING}")

    def next_part(self) -> int:
        """Gives how many rows may be read at once, as large as those before were."""
        left = self._most_bytes - self.size
        return max(1, min(left // max(self.largest, 1), MAX_PART))
