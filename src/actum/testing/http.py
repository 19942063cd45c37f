"""An HTTP client for a node under test, without a socket."""

from contextlib import nullcontext

import httpx

from actum.app import App, definition_of
from actum.http.server import HttpApp
from actum.runtime.services import Services


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` whose requests go directly to the application; URLs need no host."""

    def __init__(self, app: App, services: Services) -> None:
        self._application = HttpApp(definition_of(app), lambda: nullcontext(services))
        transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://test")

    async def stop(self) -> None:
        """Closes the client; the node keeps running."""
        await self._application.close()
        await self.aclose()
