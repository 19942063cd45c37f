"""The statement of a page, which ends after so many bytes."""

from actum.stores.page import MAX_PAGE_BYTES


def page_of(rows: str, columns: str, size: str) -> str:
    """Gives the statement that reads rows, which are in order, up to the one that reaches a page's bytes.

    `size` gives the bytes of one. The server adds them up before it sends any; to tell the size of a content
    it does not unpack it.
    """
    return f"""SELECT {columns} FROM (
        SELECT *, sum({size}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - ({size}) AS before
        FROM ({rows}) AS given
    ) AS counted WHERE before < {MAX_PAGE_BYTES}"""
