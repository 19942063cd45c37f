"""Nodes for tests: an application on stores that the test holds, several side by side if need be."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from actum import App, Context
from actum.app import definition_of
from actum.brokers.open import broker_on
from actum.model.event import to_microseconds
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.key_service import KeyService
from actum.runtime.clock import Clock, ManualClock
from actum.runtime.declarations import triggers_of
from actum.runtime.node import Node, Settings, open_node
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase

START = to_microseconds(datetime(2030, 1, 1, tzinfo=UTC))


@asynccontextmanager
async def database_in_memory() -> AsyncGenerator[Database, None]:
    """A database that is gone when the block ends."""
    database = SqliteDatabase(await SqliteFile.open(":memory:", (SCHEMA,)))
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def node_on(
    app: App,
    journal: Journal,
    database: Database,
    *,
    clock: Clock | None = None,
    key_service: KeyService | None = None,
    **settings: Any,
) -> AsyncGenerator[Node, None]:
    """A node of an application on these stores."""
    definition = definition_of(app)
    async with open_node(
        definition.catalog,
        triggers_of(definition),
        definition.resources,
        journal=journal,
        database=database,
        broker=broker_on(database),
        clock=clock or ManualClock(START),
        settings=Settings(**settings),
        key_service=key_service,
    ) as node:
        yield node


@asynccontextmanager
async def running(
    app: App, journal: Journal, *, clock: ManualClock | None = None, **settings: Any
) -> AsyncGenerator[Context, None]:
    """A context of an application on this journal and a database of its own."""
    async with (
        database_in_memory() as database,
        node_on(app, journal, database, clock=clock, **settings) as node,
    ):
        yield Context(node.services)


def owned(node: Node) -> set[str]:
    """What a node has leased."""
    assert node.coordinator is not None
    return set(node.coordinator._leases)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when something is so that other nodes bring about."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (other nodes' doing)
            await asyncio.sleep(0.01)
