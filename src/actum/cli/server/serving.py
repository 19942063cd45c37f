"""The server under `actum run`: takes its port first, and says in one line why it cannot start."""

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
from actum.cli.server.aborted_requests import answering_aborted_requests
from actum.cli.server.forced_exit import LIMIT, ForcedExit
from actum.cli.server.limits import Limits
from actum.cli.server.protocol import LimitedConfig
from actum.http import AsgiApp, Message, Receive, Scope, Send

BACKLOG = 2048
EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""The addresses that stand for all of a machine."""
GRACE = 10
"""Seconds that requests in progress have to finish after a signal."""


COLLECTED_AFTER = (10_000, 20, 20)
"""How many new objects set off a collection of the young, and how many collections one of the next age."""


class WatchedApplication:
    """An ASGI application; `failure` says why it could not start, or could not stop cleanly."""

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


def settle_memory() -> None:
    """Exempts from garbage collection what exists, and has it look less often at what comes and goes.

    For a process that serves: what exists at its start stays. A request makes some hundred objects, of which
    most are gone when it is answered, and those that are looked at meanwhile are looked at in vain.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def settled(application: AsgiApp) -> AsgiApp:
    """Settles the memory once the application has started.

    Classes, routes and schemas are many and stay: examining them in every collection would delay requests.
    """

    def serve_settled(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                settle_memory()
            await send(message)

        return application(scope, receive, tell if scope["type"] == "lifespan" else send)

    return serve_settled


def served(application: AsgiApp) -> AsgiApp:
    """Wraps an application as it is served, by one process or several."""
    return answering_aborted_requests(settled(application))


class AnnouncingServer(uvicorn.Server):
    """A server that calls back when it accepts requests."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], ending: ForcedExit) -> None:
        super().__init__(config)
        self._announce = announce
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to stop, which may take LIMIT seconds."""
        if not self.should_exit:
            self._ending.within(LIMIT)
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Takes a port (0: a free one), or raises CommandFailed and says what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandFailed(
                f"port {port} on {host} is in use: stop what listens there, or choose another with --port"
            ) from error
        raise CommandFailed(f"cannot listen on {host}, port {port}: {error.strerror}") from error


def url_of(listener: socket.socket) -> str:
    """Gives the URL at which a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_url_of(listener: socket.socket) -> str:
    """Gives the URL at which a socket is reached from this machine, unless it listens for others alone."""
    host, port = listener.getsockname()[:2]
    return f"http://localhost:{port}" if host in EVERYWHERE else url_of(listener)


def config_of(application: AsgiApp | str, limits: Limits, **further: Any) -> LimitedConfig:
    """Gives the configuration of a server, the same for one process and for several."""
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
    """Serves until SIGTERM or SIGINT; requests in progress are finished, and all events are written."""
    ending = ForcedExit()
    watched = WatchedApplication(ending.after_shutdown(served(application)))
    server = AnnouncingServer(config_of(watched, limits), announce, ending)
    # The caller prints the reason, once.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "failed. Exiting" not in record.getMessage())
    # Before uvicorn sets its own handlers, and after, a signal must have the same effect as with them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    try:
        server.run([listener])
    except SystemExit as error:
        raise CommandFailed(f"could not start: {_last_line(watched.failure)}") from error
    if watched.failure is not None:
        raise CommandFailed(f"did not stop cleanly: {_last_line(watched.failure)}")


def _last_line(text: str | None) -> str:
    """Gives the last line of an error, after any traceback."""
    return (text or "the server gave no reason").strip().splitlines()[-1]
