"""Commands a second through HTTP, compared with empty handlers of the same server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.bank import AMOUNT
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Against, Group

CONNECTIONS = 64
REQUESTS = 5_000
PATIENCE = 60
BODY = f'{{"amount":{AMOUNT}}}'

LITESTAR = "Litestar alone, empty handler"
EMPTY = "empty action"
DEPOSIT = "action that sends a command"
PATHS = {LITESTAR: "/litestar/{}", EMPTY: "/empty/{}", DEPOSIT: "/accounts/{}"}


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, on one server that serves all of it."""
    with _server(place.file()) as port:
        for path in PATHS.values():
            _loaded(port, path, effort.of(REQUESTS) // 2)
        yield {name: _loading(port, path, effort.of(REQUESTS)) for name, path in PATHS.items()}


@contextmanager
def _server(file: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.server", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _loading(port: int, path: str, requests: int) -> Contestant:
    return lambda: _loaded(port, path, requests)


def _loaded(port: int, path: str, requests: int) -> Sample:
    command = [
        sys.executable,
        "-m",
        "benchmarks.load",
        str(port),
        path,
        BODY,
        str(CONNECTIONS),
        str(requests),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Sample)


GROUP = Group(
    "HTTP, 64 connections",
    "requests a second",
    contestants,
    {
        EMPTY: [Against(LITESTAR, "Litestar alone")],
        DEPOSIT: [Against(EMPTY, "the empty action", 0.4), Against(LITESTAR, "Litestar alone")],
    },
)
