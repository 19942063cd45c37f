"""Numbers that grow in the order of transactions, so that no new number appears below one that was seen.

A number is the id of its transaction, followed by its place within it. All numbers below the oldest running
transaction are final: their transactions are over, and no other can be written. This takes no lock.
"""

PLACES = 20
"""The lower bits, which count within one transaction; the bits above are its id."""
MAX_PLACES = 2**PLACES - 1


class Order:
    """One such order, with the single row of its own table.

    `base` is below the numbers of the present transaction, `horizon` above those that are final; `beyond` has
    later numbers be greater than the one in $1.

    The row shifts the ids of transactions, so that numbers begin at 1, and continue to grow after a dump is
    loaded into a server whose transaction ids are lower.
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
        self.beyond: str = f"""UPDATE {table}
            SET shift = ($1::bigint >> {PLACES}) + 1 - pg_current_xact_id()::text::bigint
            WHERE ($1::bigint >> {PLACES}) - shift >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
        self._table = table

    def catch_up(self, numbered: str, column: str) -> str:
        """Gives the statement that raises the shift if the server's ids are lower than the numbers in use."""
        last = f"(SELECT max({column}) >> {PLACES} FROM {numbered})"
        return f"""UPDATE {self._table} SET shift = {last} + 1 - pg_current_xact_id()::text::bigint
            WHERE {last} - shift >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
