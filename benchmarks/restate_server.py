"""A server of Restate on loopback, with the service of `peer_restate.py`, stopped afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.peer_tools import HERE, peer_python, restate_server
from benchmarks.place import Place

PATIENCE = 60.0
PAUSE = 0.1
PATH = "/bank/pay"


@contextmanager
def open_restate(place: Place) -> Iterator[int]:
    """Returns the port at which the service can be called."""
    server, python = restate_server(), peer_python()
    ingress, admin, fabric, service = _free_ports(4)
    folder = place.folder / "restate"
    environment = {
        "RESTATE_INGRESS__BIND_PORT": str(ingress),
        "RESTATE_ADMIN__BIND_PORT": str(admin),
        "RESTATE_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
    }
    options = ["--listen-mode", "tcp", "--bind-ip", "127.0.0.1", "--bind-port", str(fabric), "--no-logo"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_running([python, "-P", HERE / "peer_restate.py", str(service)], {}))
        stack.enter_context(_running([server, *options, "--base-dir", folder], environment))
        _register(f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{service}")
        yield ingress


@contextmanager
def _running(command: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[None]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, **environment}, **quiet) as process:
        try:
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()


def _register(admin: str, service: str) -> None:
    """Tells the server of the service, as soon as both answer."""
    end = time.monotonic() + PATIENCE
    body = msgspec.json.encode({"uri": service})
    while True:
        request = urllib.request.Request(
            f"{admin}/deployments", body, {"content-type": "application/json"}, method="POST"
        )
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            return
        except urllib.error.HTTPError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"Restate refuses the service: {error.read()!r}") from error
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(PAUSE)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]
