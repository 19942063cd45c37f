"""Starts a declared application: opens its stores, runs its node, serves its requests."""

import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from msgspec.structs import replace

from actum.brokers.open import broker_on
from actum.errors import ActumError
from actum.http.server import FurtherRoutes, HttpApp
from actum.key_services.open import open_key_service
from actum.ports.key_service import KeyService
from actum.runtime.catalog import Definition
from actum.runtime.clock import Clock, SystemClock
from actum.runtime.declarations import triggers_of
from actum.runtime.node import Node, Settings, open_node
from actum.runtime.services import Services
from actum.stores.binding import bind, record_position
from actum.stores.open import open_stores, paired
from actum.telemetry.open import sent, traced

MEMORY = "memory:"
"""The store that lasts no longer than the process, and whose key need not either."""


@asynccontextmanager
async def run(
    definition: Definition, *, store: str, clock: Clock | None = None, settings: Settings | None = None
) -> AsyncGenerator[Node]:
    """Runs an application on the stores of a URL until the block ends.

    Raises ForeignStore when they belong to another application, or do not belong together.
    """
    triggers = triggers_of(definition)
    async with open_stores(store) as stores, key_service(definition, store) as service:
        pair = paired(stores, store)
        await bind(definition.name, pair)
        async with (
            traced(definition.name),
            open_node(
                definition.catalog,
                triggers,
                definition.resources,
                journal=stores.journal,
                database=stores.database,
                broker=broker_on(stores.database),
                clock=clock or SystemClock(),
                settings=replace(settings or Settings(), limits=definition.limits),
                host=stores.host,
                key_service=service,
            ) as node,
            sent(definition.name, node.services.instruments),
        ):
            yield node
        with contextlib.suppress(ActumError):
            await record_position(pair)


@asynccontextmanager
async def key_service(definition: Definition, store: str) -> AsyncGenerator[KeyService | None]:
    """Opens the key service of an application that has personal data; raises KeyMissing if it has no key."""
    service = await key_service_for(definition, store)
    try:
        yield service
    finally:
        if service is not None:
            await service.close()


async def key_service_for(definition: Definition, store: str) -> KeyService | None:
    """Opens the key service of an application that has personal data, for the caller to close."""
    if not definition.catalog.is_personal:
        return None
    return await open_key_service(os.environ, is_lasting=store != MEMORY)


def serve(
    definition: Definition,
    *,
    store: str,
    is_development: bool = False,
    running: Callable[[], Services | None] = lambda: None,
    further: FurtherRoutes | None = None,
) -> HttpApp:
    """Makes the ASGI application that runs an application on the stores of a URL while it is served.

    If `running` gives services, they are open on those stores already, and are shared. `further` makes
    routes beside those of its actions.
    """
    settings = Settings(is_development=is_development)

    @asynccontextmanager
    async def open_services() -> AsyncGenerator[Services]:
        shared = running()
        if shared is not None:
            yield shared
            return
        async with run(definition, store=store, settings=settings) as node:
            yield node.services

    return HttpApp(definition, open_services, further, is_development=is_development)
