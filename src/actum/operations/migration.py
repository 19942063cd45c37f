"""Migrating stores: their tables are created, or brought up to date."""

from msgspec import Struct

from actum.errors import StoreError
from actum.stores.open import prepare_stores
from actum.stores.url import shown


class Migration(Struct, frozen=True):
    """A store, by its URL without secrets, and what was done to it, in words."""

    store: str
    outcome: str


async def migrate_stores(url: str) -> list[Migration]:
    """Creates what the stores of a URL need, or brings it up to date; running it again changes nothing."""
    if url == "memory:":
        raise StoreError("a store in memory needs no tables: name another store")
    return [Migration(shown(store), outcome) for store, outcome in (await prepare_stores(url)).items()]
