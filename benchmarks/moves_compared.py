"""What a store of the bank has: versions of streams, keys with replies, claims, and the rows of its view."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from actum.operations.moves.table_rows import PAGE, exported_tables
from actum.ports.journal import Journal, StreamListing
from actum.stores.open import open_stores
from benchmarks.bank import Balances, viewed

KIND = "Account"
ROWS = 1_000
BITS = 256
CLAIMS = "claims"
CLAIM_BYTES = 16
"""SQLite keeps so many bytes of the digest of a claim, and not its name."""


class Contents(Struct, frozen=True):
    """How many there are of each, with a digest that does not depend on their order."""

    counts: dict[str, int]
    digests: dict[str, str]


class _Digest:
    def __init__(self) -> None:
        self.count = 0
        self.sum = 0

    def add(self, items: Iterable[object]) -> None:
        for item in items:
            hashed = hashlib.sha256(msgspec.msgpack.encode(item)).digest()
            self.sum = (self.sum + int.from_bytes(hashed)) % (1 << BITS)
            self.count += 1


async def contents(url: str) -> Contents:
    """Reads all of a store, and has the application bring its view up to date."""
    found = {"versions": _Digest()}
    async with open_stores(url) as stores:
        async for versions in _versions(stores.journal):
            found["versions"].add(versions)
        async for page in exported_tables(stores, frozenset(), set()):
            rows = (dict(zip(page.columns, row, strict=True)) for row in page.rows)
            digest = found.setdefault(page.table, _Digest())
            digest.add(map(_claim, rows) if page.table == CLAIMS else (sorted(row.items()) for row in rows))
    found["rows of the view"] = await _rows(url)
    return Contents(
        {name: one.count for name, one in found.items() if one.count},
        {name: f"{one.sum:064x}" for name, one in found.items() if one.count},
    )


def _claim(row: dict[str, Any]) -> tuple[str, str, bytes]:
    return row["kind"], row["id"], row["digest"][:CLAIM_BYTES]


async def _versions(journal: Journal) -> AsyncIterator[list[tuple[str, int, int]]]:
    listing: StreamListing | None = StreamListing(KIND, limit=PAGE)
    while listing is not None:
        page = await journal.streams(listing)
        yield [(stream.id, stream.version, stream.last_time) for stream in page.items]
        listing = page.next


async def _rows(url: str) -> _Digest:
    found = _Digest()
    async with viewed.running(store=url) as ctx:
        [serving] = ctx._services.views.projectors()
        await serving.reached(ctx._services.feed.head)
        after: str | None = None
        while True:
            page = await ctx.view(Balances, page_size=ROWS, after=after).all()
            found.add((row.id, row.balance) for row in page.items)
            if page.next is None:
                return found
            after = page.next
