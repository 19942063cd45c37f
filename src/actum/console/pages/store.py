"""The page Store: the processes that run on the store, what each does, sizes, versions and settings."""

from typing import Any

from litestar import Response

from actum.console.page import Page, get
from actum.console.visit import Visit


async def show(visit: Visit) -> Response[Any]:
    """Shows the store."""
    head = await visit.stores.journal.head()
    return visit.show("store.html", head=head)


STORE = Page("store", "Store", (get("", show),))
