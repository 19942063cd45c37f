"""Opening an application's stores beside whoever runs on them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from actum.cli.failure import CommandFailed
from actum.stores.open import Stores, open_stores


@asynccontextmanager
async def open_beside(url: str) -> AsyncGenerator[Stores, None]:
    """Opens stores that exist already, to look into them and to ask their owner for things."""
    if url == "memory:":
        raise CommandFailed("a store in memory ends with its process: name another one with --store")
    async with open_stores(url, is_owner=False) as stores:
        yield stores
