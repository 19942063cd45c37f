"""The server under load, in a process of its own: `python -m benchmarks.server FILE` prints its port."""

import logging
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from litestar import Litestar, post

from actum.cli.server.serving import settled
from benchmarks.bank import Deposit, served

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BARE = "/litestar/"


@post("/litestar/{id:str}")
async def empty(id: str, data: Deposit) -> int:
    return data.amount


class Both:
    """Actum's application, and beside it an empty handler of Litestar alone."""

    def __init__(self, store: str) -> None:
        self._actum = served.asgi(store=store)
        self._litestar = Litestar([empty], openapi_config=None)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(BARE):
            await self._litestar(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._actum(scope, receive, send)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    logging.disable(logging.INFO)
    # As `actum run` configures it.
    config = uvicorn.Config(
        settled(Both(f"sqlite:///{sys.argv[1]}")),
        http="httptools",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        server_header=False,
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
