"""A server for the demo: the application on an embedded file and a socket, in this process."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn

from examples.documents.app import app

USUAL_PORT = 8000


class ServerFailed(Exception):
    """The server did not start, or stopped by itself."""


class Server(uvicorn.Server):
    """A server that leaves signals to the program around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(folder: Path, port: int | None) -> AsyncIterator[str]:
    """Serves the application on the data in `folder`, and returns the address at which it answers."""
    os.environ["DOCUMENTS_IMAGES"] = str(folder / "images")
    with listening(port) as listener:
        asgi = app.asgi(store=f"sqlite:///{folder / 'documents.db'}")
        config = uvicorn.Config(asgi, log_level="warning", timeout_graceful_shutdown=5)
        server = Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await started(server, running)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@contextmanager
def listening(port: int | None) -> Iterator[socket.socket]:
    """Listens on this machine only: on the requested port, or else on 8000, or any other if that is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", USUAL_PORT if port is None else port))
        except OSError as error:
            if port is not None:
                raise ServerFailed(f"port {port} cannot be used: {error.strerror}") from error
            listener.bind(("127.0.0.1", 0))
        yield listener


async def started(server: Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running
            raise ServerFailed("the server did not start; the reason is above")
        await asyncio.sleep(0.02)
