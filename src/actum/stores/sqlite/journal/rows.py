"""Statements that take many rows at once."""

import sqlite3

SIZES = [2**power for power in range(11)]
LARGEST = SIZES[-1]
"""Rows that one statement takes."""


def fill_up(values: list[object], width: int) -> int:
    """Returns for how many rows the smallest statement is that takes values, and leaves the rest empty."""
    count = len(values) // width
    size = 1 << max(count - 1, 0).bit_length()
    values += [None] * ((size - count) * width)
    return size


class Rows:
    """Inserts rows into a table, as many as possible with one statement.

    One statement keeps the interpreter lock free for the event loop while SQLite works. There is one for each
    power of two, since each has to be compiled; places that are left over stay empty.
    """

    def __init__(self, table: str, width: int, *, or_else: str = "") -> None:
        self.width = width
        row = f"({','.join('?' * width)})"
        self._statements = {
            size: f"INSERT {or_else} INTO {table} SELECT * FROM (VALUES {','.join([row] * size)}) "
            "WHERE column1 IS NOT NULL"
            for size in SIZES
        }
        self._statements[1] = f"INSERT {or_else} INTO {table} VALUES {row}"

    def insert(self, connection: sqlite3.Connection, values: list[object]) -> None:
        """Inserts rows, whose values are given one after the other."""
        width = self.width
        for start in range(0, len(values), LARGEST * width):
            some = values[start : start + LARGEST * width]
            connection.execute(self._statements[fill_up(some, width)], some)
