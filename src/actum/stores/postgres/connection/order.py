"""Numbers that grow in the order of transactions, so that a reader never finds one before what it has seen.

A number is the id of its transaction, followed by its place within. All numbers below the oldest transaction
that still runs are settled: whoever wrote them is done, and nobody can write another. No lock takes part.
"""

PLACES = 20
"""Bits that count within one transaction; the bits above number the transaction."""
MAX_PLACES = 2**PLACES - 1


class Order:
    """One such order, with its row in a table of its own.

    The row shifts the ids, so that numbers begin at 1, and go on growing where a dump was loaded into a
    server whose transactions count from lower.
    """

    def __init__(self, table: str) -> None:
        self.create: tuple[str, str] = (
            f"""CREATE TABLE {table} (
                is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only), shift bigint NOT NULL)""",
            f"INSERT INTO {table} (shift) VALUES (1 - pg_current_xact_id()::text::bigint)",
        )
        self.base: str = f"(SELECT (pg_current_xact_id()::text::bigint + shift) << {PLACES} FROM {table})"
        self.horizon: str = f"""(SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + shift)
            << {PLACES} FROM {table})"""
        self._table = table

    def mend(self, numbered: str, column: str) -> str:
        """Gives the statement that moves the shift where transactions have yet to reach what is there."""
        last = f"(SELECT max({column}) >> {PLACES} FROM {numbered})"
        return f"""UPDATE {self._table} SET shift = {last} + 1 - pg_current_xact_id()::text::bigint
            WHERE {last} - shift >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
