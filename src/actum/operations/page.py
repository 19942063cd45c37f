"""How many items one page of a listing holds."""

from actum.errors import Invalid

PAGE = 100
"""Items of a page, unless a caller asks for another number."""

MAX_PAGE = 1_000
"""Items of a page at most."""


def check_limit(limit: int) -> None:
    """Raises Invalid for a page of fewer than 1 or more than MAX_PAGE items."""
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"limit={limit}: a page has 1 to {MAX_PAGE:,} items", field="limit")
