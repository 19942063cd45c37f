"""Serves an application in several processes, each of which opens the store for itself."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable

import msgspec
from msgspec import Struct
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.logs import set_up_logs
from actum.cli.options import LogFormat, LogLevel
from actum.cli.server.forced_exit import ForcedExit
from actum.cli.server.limits import Limits
from actum.cli.server.serving import config_of, served
from actum.http import AsgiApp

WORK = "ACTUM_WORKER"
"""The environment variable that tells a process what to serve, and how, as JSON."""


class Work(Struct, frozen=True):
    """What a process serves: an application as MODULE:APP, on a store; and how it logs."""

    app: str
    store: str
    is_development: bool
    log_level: LogLevel | None
    log_format: LogFormat


def serve_in_processes(
    workers: int,
    listener: socket.socket,
    work: Work,
    *,
    limits: Limits,
    announce: Callable[[], None],
) -> None:
    """Serves until SIGTERM or SIGINT, and restarts a process that dies."""
    # Each process imports the application for itself, because an application cannot be pickled.
    os.environ[WORK] = msgspec.json.encode(work).decode()
    config = config_of("actum.cli.server.processes:application", limits, factory=True, workers=workers)
    supervisor = Multiprocess(config, sockets=[listener])
    announce()
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise CommandFailed("a process could not start; its output says why")


def application() -> AsgiApp:
    """Gives the ASGI application of a process that `serve_in_processes` started."""
    threading.Thread(target=_stop_with_parent, name="actum-parent", daemon=True).start()
    work = msgspec.json.decode(os.environ[WORK], type=Work)
    set_up_logs(is_development=work.is_development, level=work.log_level, format=work.log_format)
    app = load_app(work.app).asgi(store=work.store, is_development=work.is_development)
    return ForcedExit().after_shutdown(served(app))


def _stop_with_parent() -> None:
    """Stops this process cleanly when the one that started it is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
