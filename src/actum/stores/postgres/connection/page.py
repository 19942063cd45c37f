"""SQL that ends a page after a number of bytes."""

from actum.stores.page import MAX_PAGE_BYTES


def page_of(rows: str, columns: str, size: str) -> str:
    """Gives the statement that reads ordered rows up to the one that reaches the bytes of a page.

    `size` is the SQL for the bytes of a row. The server adds them up before it sends any row, and does not
    decompress contents to tell their size.
    """
    return f"""SELECT {columns} FROM (
        SELECT *, sum({size}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - ({size}) AS before
        FROM ({rows}) AS given
    ) AS counted WHERE before < {MAX_PAGE_BYTES}"""
