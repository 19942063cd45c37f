"""The stores of an application, opened beside the process that runs on them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from actum.errors import ForeignStore, StoreError
from actum.stores.open import Stores, is_owned, open_stores
from actum.stores.url import shown


@asynccontextmanager
async def open_beside(url: str) -> AsyncGenerator[Stores]:
    """Opens stores to read them, and to leave requests for the application that runs on them.

    Raises StoreError for stores that do not exist yet, and for `memory:`, which ends with its process.
    """
    if url == "memory:":
        raise StoreError("a store in memory ends with its process: name another store")
    async with open_stores(url, is_owner=False) as stores:
        yield stores


async def is_running(stores: Stores, url: str) -> bool:
    """Says whether a process runs the application on these stores."""
    return await stores.database.is_attended() or await is_owned(url)


async def check_application(name: str, stores: Stores, url: str) -> None:
    """Raises ForeignStore if another application has run on these stores."""
    binding = await stores.database.binding()
    if binding is not None and binding.application != name:
        raise ForeignStore(
            f"{shown(url)} belongs to the application {binding.application!r}, and this is {name!r}: "
            "name another store"
        )
