"""Requests a second through `actum run`, compared with an empty handler of Litestar alone on uvicorn.

The client is wrk where it is installed, which leaves the server more of the processor, and else our own.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.bank import AMOUNT
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Against, Group

CONNECTIONS = 64
REQUESTS = 20_000
SECONDS = 4
PATIENCE = 60
BODY = f'{{"amount":{AMOUNT}}}'
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
SCRIPT = """
local n = 0
request = function()
  n = (n + 1) % 1000
  return wrk.format("POST", string.gsub("PATH", "{}", n), {["Content-Type"] = "application/json"}, 'BODY')
end
done = function(summary, latency)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
  local rate = summary.requests / summary.duration * 1e6
  local p50, p99 = latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  io.write(string.format('{"rate":%f,"p50":%f,"p99":%f,"seen":{"errors":%d}}', rate, p50, p99, wrong))
end
"""

LITESTAR = "Litestar alone on uvicorn, empty handler"
EMPTY = "empty action"
DEPOSIT = "action that sends a command"
PATHS = {LITESTAR: "/litestar/{}", EMPTY: "/empty/{}", DEPOSIT: "/accounts/{}"}


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, on two servers that run at the same time."""
    actum = ["-m", "actum", "run", "benchmarks.bank:served", "--port", "0", "--store"]
    with ExitStack() as stack:
        alone = stack.enter_context(server(["-m", "benchmarks.server"]))
        ours = stack.enter_context(server([*actum, f"sqlite:///{place.file()}"]))
        ports = {LITESTAR: alone, EMPTY: ours, DEPOSIT: ours}
        found = {name: loading(place, ports[name], path, effort) for name, path in PATHS.items()}
        for load in found.values():
            load()
        yield found


@contextmanager
def server(arguments: Sequence[str], **environment: str) -> Iterator[int]:
    """Runs a server with variables of its own, and gives its port."""
    environ = os.environ | environment
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        try:
            address = ADDRESS.search(process.stdout.readline())
            assert address is not None
            yield int(address[1])
        finally:
            process.terminate()
            process.wait(PATIENCE)


def loading(place: Place, port: int, path: str, effort: Effort) -> Contestant:
    """Gives what sends requests to a server."""
    if (wrk := shutil.which("wrk")) is None:
        return lambda: loaded(port, path, effort.of(REQUESTS))
    script = place.folder / f"{path.split('/')[1]}.lua"
    script.write_text(SCRIPT.replace("PATH", path).replace("BODY", BODY))
    return lambda: _loaded_by_wrk(wrk, script, port, effort)


def _loaded_by_wrk(wrk: str, script: Path, port: int, effort: Effort) -> Sample:
    time = f"{max(1, effort.of(SECONDS))}s"
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{time}", "-s", str(script), f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE, text=True)
    sample = msgspec.json.decode(done.stdout.splitlines()[-1], type=Sample)
    if sample.seen.pop("errors"):
        raise RuntimeError(f"the server refused requests: {done.stdout}")
    return sample


def loaded(port: int, path: str, requests: int, headers: Path | None = None) -> Sample:
    """Loads a server with our own client; `headers` is a file of those of its requests."""
    command = [sys.executable, "-m", "benchmarks.load"]
    command += [str(port), path, BODY, str(CONNECTIONS), str(requests), *([str(headers)] if headers else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Sample)


GROUP = Group(
    "HTTP, 64 connections",
    "requests a second",
    contestants,
    {
        EMPTY: [Against(LITESTAR, "Litestar alone", 1.2)],
        DEPOSIT: [Against(LITESTAR, "Litestar alone", 0.7), Against(EMPTY, "the empty action")],
    },
)
