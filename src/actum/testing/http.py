"""An HTTP client for a node under test, without a socket."""

from contextlib import nullcontext
from typing import Any

import httpx

from actum.app import App, definition_of
from actum.http.server import HttpApp
from actum.runtime.services import Services
from actum.testing.injection.injected_faults import InjectedFaults

SERVER_ERROR = 500


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` whose requests go directly to the application; URLs need no host."""

    def __init__(self, app: App, services: Services, faults: InjectedFaults | None = None) -> None:
        self._faults = faults
        self._application = HttpApp(definition_of(app), lambda: nullcontext(services))
        transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://test")

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sends a request; one with a key may be sent twice, if faults say so, and its answers compared."""
        what = f"{request.method} {request.url.path}"
        faults = self._faults
        if faults is None or "idempotency-key" not in request.headers or not faults.is_repeated(what):
            return await super().send(request, **options)
        first = await super().send(request, **options)
        again = await super().send(request, **options)
        await first.aread()
        await again.aread()
        is_comparable = max(first.status_code, again.status_code) < SERVER_ERROR
        if is_comparable and (first.status_code, first.content) != (again.status_code, again.content):
            raise AssertionError(
                f"{what} was sent twice with one key, and answered {first.status_code} {first.text!r} and "
                f"then {again.status_code} {again.text!r}"
            )
        return again

    async def stop(self) -> None:
        """Closes the client; the node keeps running."""
        await self._application.close()
        await self.aclose()
