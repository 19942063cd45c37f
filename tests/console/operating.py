"""An operator at a console, without a browser: opens pages, reads what they say, and sends their forms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import httpx

from actum import App
from tests.console.opening import console_of, text_of, token_of

CONSOLE = "/-/console"


class Operator:
    """Somebody who sits at the machine on which the application runs in development."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def open(self, path: str, *, status: int = 200) -> str:
        """Opens a page, and gives what it says, without its tags."""
        answer = await self.http.get(f"{CONSOLE}/{path}")
        assert answer.status_code == status, said(answer)
        return said(answer)

    async def token(self) -> str:
        """Gives the token of the session."""
        return await token_of(self.http, f"{CONSOLE}/entities/one?kind=Account&id=a")

    async def send(self, path: str, *, status: int, **fields: str) -> httpx.Response:
        """Sends a form with the token of the session."""
        data = {"token": await self.token(), **fields}
        answer = await self.http.post(f"{CONSOLE}/{path}", data=data)
        assert answer.status_code == status, said(answer)
        return answer


def said(answer: httpx.Response) -> str:
    """Gives what a page says."""
    return unescape(text_of(answer))


@asynccontextmanager
async def operating(app: App, store: str = "memory:") -> AsyncIterator[Operator]:
    """Starts an application in development, gives an operator of it, and stops it."""
    async with console_of(app, store) as http:
        yield Operator(http)
