"""Serves an application in several processes, each of which opens the store for itself."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.logs import set_up_logs
from actum.cli.server.forced_exit import ForcedExit
from actum.cli.server.limits import Limits
from actum.cli.server.serving import config_of, served
from actum.http import AsgiApp

APP, STORE, DEVELOPMENT = "ACTUM_WORKER_APP", "ACTUM_WORKER_STORE", "ACTUM_WORKER_DEVELOPMENT"


def serve_in_processes(
    workers: int,
    listener: socket.socket,
    app: str,
    store: str,
    *,
    limits: Limits,
    is_development: bool,
    announce: Callable[[], None],
) -> None:
    """Serves until SIGTERM or SIGINT, and restarts a process that dies."""
    # Each process imports the application for itself, because an application cannot be pickled.
    os.environ |= {APP: app, STORE: store, DEVELOPMENT: "1" if is_development else ""}
    config = config_of("actum.cli.server.processes:application", limits, factory=True, workers=workers)
    supervisor = Multiprocess(config, sockets=[listener])
    announce()
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise CommandFailed("a process could not start; its output says why")


def application() -> AsgiApp:
    """Gives the ASGI application of a process that `serve_in_processes` started."""
    threading.Thread(target=_stop_with_parent, name="actum-parent", daemon=True).start()
    is_development = bool(os.environ[DEVELOPMENT])
    set_up_logs(is_development=is_development)
    app = load_app(os.environ[APP]).asgi(store=os.environ[STORE], is_development=is_development)
    return ForcedExit().after_shutdown(served(app))


def _stop_with_parent() -> None:
    """Stops this process cleanly when the one that started it is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
