"""Runs the demo: `python -m examples.shop`. It starts the payment service, and the shop beside it."""

import argparse
import asyncio
import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from actum.key_services.open import new_key
from examples.shop.app import app
from examples.shop.service import REFUSED_CARD, Service, server_of

NOT_FOUND = 404
MAX_WAIT = 120.0
"""Seconds until an order has to be sent or cancelled."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.shop", description=__doc__)
    parser.add_argument("--store", help="the URL of the store (default: a file that is removed in the end)")
    arguments = parser.parse_args()
    if arguments.store is None:
        os.environ.setdefault("ACTUM_KEY", new_key())
    with tempfile.TemporaryDirectory(prefix="actum-shop-") as folder:
        store = arguments.store or f"sqlite:///{Path(folder) / 'shop.db'}"
        return asyncio.run(run(store))


async def run(store: str) -> int:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    service = Service()
    async with serving(server_of(service)) as payments:
        os.environ["SHOP_PAYMENTS"] = payments
        async with serving(app.asgi(store=store)) as address, httpx.AsyncClient(base_url=address) as http:
            await tell(http)
            print(f"charged: {sorted(service.charges)}, requests: {dict(service.requests)}")
    return 0


async def tell(http: httpx.AsyncClient) -> None:
    """Orders twice: one order is paid after the service was away, and one is refused and undone.

    In the end the customer wants to be forgotten.
    """
    await send(http, "/customers/ada", {"name": "Ada Byron", "email": "ada@example.org"})
    await send(http, "/items/apple/stock", {"quantity": 10, "price": 40})
    for order, card in (("o-1", "1234"), ("o-2", REFUSED_CARD)):
        total = await send(http, f"/orders/{order}", {"customer": "ada", "items": {"apple": 3}})
        print(f"{order} is placed: {total}")
        await until_accepted(http, f"/orders/{order}/payment", {"card": card})
    async with asyncio.timeout(MAX_WAIT):
        while any(order["status"] not in ("sent", "cancelled") for order in await get(http, "/orders")):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    (await http.delete("/customers/ada")).raise_for_status()
    for row in [*await get(http, "/orders"), *await get(http, "/stock")]:
        print(row)


async def until_accepted(http: httpx.AsyncClient, path: str, body: Any) -> None:
    """Sends something until its order is ready for it."""
    async with asyncio.timeout(MAX_WAIT):
        while (await http.post(path, json=body)).status_code == NOT_FOUND:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def send(http: httpx.AsyncClient, path: str, body: Any) -> Any:
    response = await http.post(path, json=body)
    response.raise_for_status()
    return response.json() if response.content else None


async def get(http: httpx.AsyncClient, path: str) -> Any:
    response = await http.get(path)
    response.raise_for_status()
    return response.json()


class Server(uvicorn.Server):
    """A server that leaves signals to the program around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(asgi: Any) -> AsyncIterator[str]:
    """Serves an application on a free port, and gives the address at which it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(asgi, log_level="warning", timeout_graceful_shutdown=5))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if task.done():
                    await task
                    raise RuntimeError("the server did not start: the reason is above")
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


if __name__ == "__main__":
    sys.exit(main())
