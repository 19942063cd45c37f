"""What tests of PostgreSQL's plans share: a store with new tables, and what a plan consists of."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from actum import Event, View, reducer
from actum.stores.open import open_stores
from tests.servers.postgres import url_of


class Sold(Event):
    show: str
    row: int


class Seats(View, key=("show", "row")):
    show: str
    row: int

    @reducer(key=("show", "row"))
    def sold(self, event: Sold) -> None: ...


@asynccontextmanager
async def new_store(postgres: Any, schema: str) -> AsyncIterator[str]:
    """Gives the URL of a store with new tables; those that tests share have statistics of earlier tests."""
    admin = await asyncpg.connect(url_of(postgres))
    await admin.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    url = url_of(postgres, schema=schema)
    async with open_stores(url):
        pass
    yield url
    await admin.execute(f"DROP SCHEMA {schema} CASCADE")
    await admin.close()


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Gives a node of a plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)
