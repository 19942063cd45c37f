"""Opens the console of an application in a test, as a browser on this machine would."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from actum import App
from tests.http.serving import Server

LOCAL = "http://localhost:8000"
TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')


@asynccontextmanager
async def console_of(
    app: App,
    store: str = "memory:",
    *,
    is_development: bool = True,
    address: str = "127.0.0.1",
    base_url: str = LOCAL,
    root_path: str = "",
) -> AsyncIterator[httpx.AsyncClient]:
    """Serves an application in development, and gives a client at an address."""
    asgi = app.asgi(store, is_development=is_development)
    server = Server(asgi)
    assert await server.start() == {"type": "lifespan.startup.complete"}
    transport = httpx.ASGITransport(
        asgi, raise_app_exceptions=False, client=(address, 50_000), root_path=root_path
    )
    try:
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            yield client
    finally:
        assert await server.stop() == {"type": "lifespan.shutdown.complete"}


async def token_of(client: httpx.AsyncClient, page: str) -> str:
    """The token of the session, from a form of a page."""
    found = TOKEN.search((await client.get(page)).text)
    assert found is not None
    return found[1]


def text_of(page: httpx.Response) -> str:
    """What a page shows, without its tags."""
    main = page.text.partition("<main")[2]
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", main).split()))


async def eventually(read: Callable[[], Awaitable[httpx.Response]], holds: Callable[[str], bool]) -> str:
    """Loads a page until it shows what it should, and gives its text."""
    async with asyncio.timeout(30):
        while not holds(text := text_of(await read())):  # noqa: ASYNC110 (the page is all there is)
            await asyncio.sleep(0.02)
    return text
