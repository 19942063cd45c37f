"""Which applications are open in this process, so that opening one again shares what is open."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from actum.errors import StoreInUse
from actum.stores.url import shown


class Opening(Struct, eq=False):
    """An application that is open on the stores of a URL; `is_said` is False for its default URL.

    `services` are those of a block of `running()`; `served` is an ASGI application, which may be closed.
    """

    url: str
    is_said: bool
    served: Any = None
    services: Any = None
    loop: asyncio.AbstractEventLoop | None = None

    def suits(self, url: str, *, is_said: bool) -> bool:
        """Says whether opening the application on a URL may share this one: not if it names another store."""
        return self.url == url or not (self.is_said and is_said)


class Instances:
    """The openings of one application in this process."""

    def __init__(self) -> None:
        self._served: list[Opening] = []
        self._blocks: list[Opening] = []

    def serve(self, opening: Opening) -> None:
        """Registers an ASGI application."""
        self._served.append(opening)

    def served(self, url: str, *, is_said: bool) -> Any:
        """Gives the ASGI application that is open on these stores, or None.

        Raises StoreInUse if it is open in another event loop, whose connections cannot be used here.
        """
        for opening in self._served:
            if opening.served.loop is not None and opening.suits(url, is_said=is_said):
                if opening.served.loop is not asyncio.get_running_loop():
                    raise StoreInUse(
                        f"{shown(opening.url)} is open already, served by another event loop of this "
                        "process: use it there, or name another store"
                    )
                return opening.served
        return None

    def running(self, url: str, *, is_said: bool) -> Any:
        """Gives the services of a block that is open on these stores in this event loop, or None."""
        loop = asyncio.get_running_loop()
        found = [one for one in self._blocks if one.loop is loop and one.suits(url, is_said=is_said)]
        return found[-1].services if found else None

    @asynccontextmanager
    async def block(self, url: str, services: Any, *, is_said: bool) -> AsyncGenerator[None]:
        """Lets ASGI applications share the services until the block ends; their requests finish first."""
        opening = Opening(url, is_said, services=services, loop=asyncio.get_running_loop())
        self._blocks.append(opening)
        try:
            yield
        finally:
            self._blocks.remove(opening)
            for each in self._served:
                await each.served.let_go(services)
