"""An HTTP client that speaks to a node under test without a socket."""

from contextlib import nullcontext

import httpx

from actum.app import App, definition_of
from actum.http.server import HttpApp
from actum.runtime.services import Services


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` whose requests go straight to the application; paths need no host."""

    def __init__(self, app: App, services: Services) -> None:
        self._application = HttpApp(definition_of(app), lambda: nullcontext(services))
        transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://test")

    async def stop(self) -> None:
        """Ends the client; the node goes on."""
        await self._application.close()
        await self.aclose()
