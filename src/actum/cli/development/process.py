"""The process that serves an application under `actum dev`, until it is replaced by one with newer code."""

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import NoReturn

import msgspec

from actum.app import App
from actum.cli.development.failure_page import Failure, failing
from actum.cli.development.job import JOB, Job, Said, State
from actum.cli.failure import CommandFailed, report
from actum.cli.loading import Misnamed, load_app
from actum.cli.logs import set_up_logs
from actum.cli.server.announcement import announce_server
from actum.cli.server.limits import Limits
from actum.cli.server.serving import local_url_of, serve
from actum.http import AsgiApp
from actum.launch import MEMORY
from actum.model.routes.own_paths import CONSOLE

FAILED = 1


def main() -> None:
    """Serves what the environment says, or why it cannot be served, until SIGTERM."""
    job = msgspec.json.decode(os.environ.pop(JOB), type=Job)
    threading.Thread(target=_stop_with_parent, args=(job,), name="actum-parent", daemon=True).start()
    set_up_logs(is_development=True, level=job.log_level, format=job.log_format)
    listener = socket.socket(fileno=job.listener)
    try:
        failure = _died(job) if job.failure else _serve(job, listener)
        if failure is not None:
            serve(failing(failure), listener, Limits(), lambda: None)
    except CommandFailed as error:
        report(error)
        sys.exit(FAILED)


def _serve(job: Job, listener: socket.socket) -> Failure | None:
    """Serves the application until it is stopped; gives why, if it cannot be served."""
    try:
        app = load_app(job.app)
        store = app.store_url(job.store, job.database)
        application = app.asgi(store=store, is_development=True)
    except Misnamed as error:
        if job.was_served:  # Its name is being changed.
            return _failed(job, "unloadable", f"{job.app} cannot be loaded", error)
        _give_up(job, error)
    except Exception as error:  # noqa: BLE001 (its author is shown it, whatever it is)
        return _failed(job, "unloadable", f"{job.app} cannot be loaded", error)
    return _run(job, listener, app, store, application)


def _run(job: Job, listener: socket.socket, app: App, store: str, application: AsgiApp) -> Failure | None:
    has_begun = threading.Event()

    def announce() -> None:
        has_begun.set()
        if job.was_served:
            print(f"{app.name} is running again", flush=True)
        else:
            _announce(job, app, listener, store)
        _say(job, Said("serving", console=f"{local_url_of(listener)}{CONSOLE}"))

    # The server closes the socket that it is given, and this process may have to serve something else on it.
    served = listener.dup()
    try:
        serve(application, served, Limits(), announce)
    except CommandFailed as error:
        if has_begun.is_set():
            raise
        if not job.was_served:
            _give_up(job, error)
        return _failed(job, "unstarted", f"{job.app} cannot be started", error)
    return None


def _give_up(job: Job, error: CommandFailed) -> NoReturn:
    """Ends the development server, where saving a file would not help."""
    _say(job, Said("unstarted", str(error)))
    sys.exit(FAILED)


def _announce(job: Job, app: App, listener: socket.socket, store: str) -> None:
    announce_server(app, listener, store, is_development=True)
    if store == MEMORY:
        print("           which is empty again after each change", flush=True)
    name = job.app.partition(":")[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is not None and not Path(file).resolve().is_relative_to(Path.cwd()):
        print(
            f"warning: {name} comes from {file}, which is not in this folder: changes to it are noticed only "
            f"with --watch, and the store is this folder's; run actum in {Path(file).parent}",
            file=sys.stderr,
            flush=True,
        )


def _failed(job: Job, state: State, title: str, error: Exception) -> Failure:
    failure = Failure.of(title, error)
    if failure.message != job.known:
        report(error)
    _say(job, Said(state, failure.message))
    return failure


def _died(job: Job) -> Failure:
    _say(job, Said("unloadable", job.failure))
    return Failure(f"{job.app} has ended", job.failure)


def _say(job: Job, said: Said) -> None:
    os.write(job.reports, msgspec.json.encode(said) + b"\n")


def _stop_with_parent(job: Job) -> None:
    """Stops this process cleanly when the development server is gone, however it ended."""
    os.read(job.lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
