"""Page, one part of a longer answer, and which part of it a caller asks for."""

from typing import TYPE_CHECKING, Any, Generic

from msgspec import Struct

from actum.errors import Invalid

if TYPE_CHECKING:
    # Type checkers know it without an installation; `Page` alone then means a page of anything.
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

PAGE_SIZE = 50
"""Rows of a page unless its caller asks for another number."""
MAX_PAGE_SIZE = 1_000
MAX_TOKEN = 8_000
"""Characters of a token, so that it fits into an address."""


class Page(Struct, Generic[T], frozen=True, omit_defaults=True):
    """One page of a listing. `next` asks for the page after it, and is None on the last.

    `total` is how many items there were on all pages together, if the caller asked for it.
    """

    items: list[T]
    next: str | None
    total: int | None = None


class PageRequest(Struct, frozen=True):
    """Which page is asked for: the one `after` the page that gave this token, or (None) the first."""

    after: str | None = None
    size: int | None = None
    with_total: bool = False

    def under(self, other: "PageRequest | None") -> "PageRequest":
        """Returns what another asks for, and this where the other leaves it open."""
        if other is None:
            return self
        return PageRequest(
            self.after if other.after is None else other.after,
            self.size if other.size is None else other.size,
            self.with_total or other.with_total,
        )


FIRST_PAGE = PageRequest()


def page_request(after: Any, size: Any, *, with_total: bool) -> PageRequest:
    """Returns what a caller asks for; raises Invalid for what no page can be."""
    if after is None and size is None and not with_total:
        return FIRST_PAGE
    if after is not None and not (isinstance(after, str) and 0 < len(after) <= MAX_TOKEN):
        raise Invalid(
            "this is not the token of a page: pass on the `next` of the page before, or None for the first",
            field="after",
        )
    if size is not None and (type(size) is not int or not 1 <= size <= MAX_PAGE_SIZE):
        raise Invalid(f"a page has 1 to {MAX_PAGE_SIZE:,} items, not {size!r}", field="page_size")
    return PageRequest(after, size, with_total)
