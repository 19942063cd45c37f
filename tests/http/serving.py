"""Serves an application in a test without a socket, and speaks the lifespan protocol as a server does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from actum import App


class Server:
    """A server's side of the lifespan protocol."""

    def __init__(self, asgi: Any) -> None:
        self._asgi = asgi
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, Any]:
        """Starts the application and gives its answer."""
        self._task = asyncio.create_task(
            self._asgi({"type": "lifespan", "state": {}}, self._told.get, self._heard.put)
        )
        return await self._say("lifespan.startup")

    async def stop(self) -> dict[str, Any]:
        """Stops the application and gives its answer."""
        answer = await self._say("lifespan.shutdown")
        assert self._task is not None
        await self._task
        return answer

    async def _say(self, word: str) -> dict[str, Any]:
        await self._told.put({"type": word})
        return await self._heard.get()


def client_of(asgi: Any, *, root_path: str = "") -> httpx.AsyncClient:
    """A client of an ASGI application."""
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://bank")


@asynccontextmanager
async def serving(app: App, store: str = "memory:") -> AsyncIterator[httpx.AsyncClient]:
    """Starts an application, gives a client to it, and stops it."""
    asgi = app.asgi(store)
    server = Server(asgi)
    assert await server.start() == {"type": "lifespan.startup.complete"}
    try:
        async with client_of(asgi) as http:
            yield http
    finally:
        assert await server.stop() == {"type": "lifespan.shutdown.complete"}
