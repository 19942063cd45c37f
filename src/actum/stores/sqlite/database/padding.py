"""How many rows a statement writes: pieces of a few sizes, so that few statements have to be compiled."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SIZES: list[int] = [1, *(part << power for power in range(10) for part in (2, 3))]


def padded(rows: Sequence[T], most: int) -> list[Sequence[T]]:
    """Cuts rows into pieces of at most `most`; each has one of the SIZES, for which its last row is repeated.

    For statements that may write a row twice. SQLite runs each without the interpreter lock, which its thread
    has to wait for before the next one: it is better to write a third of the rows twice than to wait again.
    """
    largest = max(size for size in SIZES if size <= max(most, 1))
    pieces = [rows[start : start + largest] for start in range(0, len(rows), largest)]
    if not pieces:
        return []
    last = pieces[-1]
    size = next(size for size in SIZES if size >= len(last))
    pieces[-1] = [*last, *[last[-1]] * (size - len(last))]
    return pieces
