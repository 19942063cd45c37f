"""An operator at a console, without a browser: opens pages, reads what they say, and sends their forms."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import httpx

from actum import App
from tests.http.serving import Server

CONSOLE = "/-/console"
TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Operator:
    """Somebody who sits at the machine on which the application runs in development."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def open(self, path: str, *, status: int = 200) -> str:
        """Opens a page, and gives what it says, without its marks."""
        answer = await self.http.get(f"{CONSOLE}/{path}")
        assert answer.status_code == status, text_of(answer.text)
        return text_of(answer.text)

    async def send(self, path: str, *, status: int, **fields: str) -> httpx.Response:
        """Sends a form with the token of the session."""
        page = await self.http.get(f"{CONSOLE}/entities/one?kind=Account&id=a")
        found = TOKEN.search(page.text)
        assert found is not None
        answer = await self.http.post(f"{CONSOLE}/{path}", data={"token": found[1], **fields})
        assert answer.status_code == status, text_of(answer.text)
        return answer


def text_of(page: str) -> str:
    """Gives what a page says below its navigation."""
    main = page.partition("<main")[2] or page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@asynccontextmanager
async def operating(app: App, store: str = "memory:") -> AsyncIterator[Operator]:
    """Starts an application in development, gives an operator of it, and stops it."""
    asgi = app.asgi(store, is_development=True)
    server = Server(asgi)
    assert await server.start() == {"type": "lifespan.startup.complete"}
    try:
        transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield Operator(http)
    finally:
        assert await server.stop() == {"type": "lifespan.shutdown.complete"}
