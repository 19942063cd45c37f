"""Which applications are open in this process, so that opening one again shares what is open."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from actum.errors import StoreInUse
from actum.stores.url import shown

T = TypeVar("T")
"""The services of a running application."""


class Place(Struct, frozen=True):
    """The stores of a URL; `is_said` is False for the application's own default."""

    url: str
    is_said: bool

    def suits(self, other: "Place") -> bool:
        """Says whether an opening there may share this one: not if both name their stores and they differ."""
        return self.url == other.url or not (self.is_said and other.is_said)


class Served(Protocol[T]):
    """An ASGI application, which may be closed."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop in which it is open, None while it is not."""
        ...

    def using(self) -> AbstractAsyncContextManager[T]:
        """Gives its services to another part of this process."""
        ...

    async def let_go(self, services: T) -> None:
        """Stops using services that are about to close."""
        ...


class Block(Struct, Generic[T], eq=False):
    """A block of `running()`, with its services."""

    place: Place
    services: T
    loop: asyncio.AbstractEventLoop


class Instances(Generic[T]):
    """What is open of one application in this process."""

    def __init__(self) -> None:
        self._served: list[tuple[Place, Served[T]]] = []
        self._blocks: list[Block[T]] = []

    def serve(self, place: Place, served: Served[T]) -> None:
        """Registers an ASGI application."""
        self._served.append((place, served))

    def served(self, place: Place) -> Served[T] | None:
        """Gives the ASGI application that is open on these stores, or None.

        Raises StoreInUse if it is open in another event loop, whose connections cannot be used here.
        """
        for other, served in self._served:
            if served.loop is not None and other.suits(place):
                if served.loop is not asyncio.get_running_loop():
                    raise StoreInUse(
                        f"{shown(other.url)} is open already, served by another event loop of this process: "
                        "use it there, or name another store"
                    )
                return served
        return None

    def running(self, place: Place) -> T | None:
        """Gives the services of a block that is open on these stores in this event loop, or None."""
        loop = asyncio.get_running_loop()
        found = [block for block in self._blocks if block.loop is loop and block.place.suits(place)]
        return found[-1].services if found else None

    @asynccontextmanager
    async def block(self, place: Place, services: T) -> AsyncGenerator[None]:
        """Lets ASGI applications share the services until the block ends; their requests finish first."""
        block = Block(place, services, asyncio.get_running_loop())
        self._blocks.append(block)
        try:
            yield
        finally:
            self._blocks.remove(block)
            for _, served in self._served:
                await served.let_go(services)
