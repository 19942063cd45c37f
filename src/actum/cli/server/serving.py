"""The server under `actum run`: takes its port first, and says in one line what keeps it from starting."""

import errno
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import uvicorn

from actum.cli.failure import CommandFailed
from actum.cli.server.aborted_requests import answering_cut_requests
from actum.cli.server.forced_exit import LIMIT, ForcedExit
from actum.cli.server.limits import Limits
from actum.cli.server.protocol import LimitedConfig
from actum.http import AsgiApp, Message, Receive, Scope, Send

BACKLOG = 2048
GRACE = 10
"""Seconds that requests in progress have to finish after a signal."""


class WatchedApplication:
    """An ASGI application; `failure` says why it could not start, or could not stop in good order."""

    def __init__(self, application: AsgiApp) -> None:
        self.failure: str | None = None
        self._application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            send = self._watching(send)
        return self._application(scope, receive, send)

    def _watching(self, send: Send) -> Send:
        async def watched(message: Message) -> None:
            if message["type"].endswith(".failed"):
                self.failure = message.get("message") or "it gave no reason"
                message = {"type": message["type"]}
            await send(message)

        return watched


def settled(application: AsgiApp) -> AsgiApp:
    """Has the garbage collector leave alone what is there once the application has started.

    Classes, routes and schemas are many and stay: to look through them all again and again is to keep every
    request waiting for as long.
    """

    def serve_settled(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                gc.collect()
                gc.freeze()
            await send(message)

        return application(scope, receive, tell if scope["type"] == "lifespan" else send)

    return serve_settled


def served(application: AsgiApp) -> AsgiApp:
    """Gives an application as it is served, by one process or several."""
    return answering_cut_requests(settled(application))


class AnnouncingServer(uvicorn.Server):
    """A server that says when it takes requests."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], ending: ForcedExit) -> None:
        super().__init__(config)
        self._announce = announce
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins the end, which has its time."""
        if not self.should_exit:
            self._ending.within(LIMIT)
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Takes a port (0: one that is free), or raises CommandFailed with who may have it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandFailed(
                f"port {port} on {host} is in use: stop what listens there, or name another one with --port"
            ) from error
        raise CommandFailed(f"cannot listen on {host}, port {port}: {error.strerror}") from error


def url_of(listener: socket.socket) -> str:
    """Gives the URL at which a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config_of(application: AsgiApp | str, limits: Limits, **further: Any) -> LimitedConfig:
    """Gives the configuration of a server; one process and several have it in common."""
    return LimitedConfig(
        application,
        limits,
        interface="asgi3",
        lifespan="on",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
        **further,
    )


def serve(
    application: AsgiApp, listener: socket.socket, limits: Limits, announce: Callable[[], None]
) -> None:
    """Serves until SIGTERM or SIGINT; requests in progress are finished, and what was decided is written."""
    ending = ForcedExit()
    watched = WatchedApplication(ending.after_shutdown(served(application)))
    server = AnnouncingServer(config_of(watched, limits), announce, ending)
    # The reason is said by whoever called, and said once.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "failed. Exiting" not in record.getMessage())
    # Before and after uvicorn's own handlers, a signal asks for the same end as under them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    try:
        server.run([listener])
    except SystemExit as error:
        raise CommandFailed(f"could not start: {_last_line(watched.failure)}") from error
    if watched.failure is not None:
        raise CommandFailed(f"did not stop in good order: {_last_line(watched.failure)}")


def _last_line(text: str | None) -> str:
    """Gives what an error says at its end, behind any traceback."""
    return (text or "the server gave no reason").strip().splitlines()[-1]
