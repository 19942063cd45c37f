"""A local workerd: downloaded from npm at its pinned version, given an application, and run."""

import asyncio
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import msgspec
from filelock import FileLock

from actum.errors import StoreError
from actum.stores.durable_objects.bundle import Bundle

WORKER = files("actum.stores.durable_objects") / "worker"
SHELL = ("shell.js", "python.js", "outside.js")
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
PINNED = ("package.json", "package-lock.json", "wheels.txt")
WHEEL = ("--python-version", "3.14", "--platform", "pyemscripten_2026_0_wasm32")
MACHINES = {
    ("Linux", "x86_64"): "linux-64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "x86_64"): "darwin-64",
    ("Darwin", "arm64"): "darwin-arm64",
}
GRACE = 2.0
"""Seconds that requests in progress have when it is stopped."""
FETCHING = 600.0
"""Seconds that a download may take."""


def default_tools() -> Path:
    """Returns the directory in which downloaded tools are kept for all projects of a user."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "actum" / "durable-objects"


def fetch_tools(root: Path) -> Path:
    """Returns the directory below `root` with workerd, Pyodide and msgspec, downloading them if necessary.

    Raises StoreError, with the fix, where they cannot be downloaded.
    """
    pins = {name: (WORKER / name).read_bytes() for name in PINNED}
    directory = root / hashlib.sha256(b"\0".join(pins.values())).hexdigest()[:16]
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".lock"):
        if not directory.exists():
            with tempfile.TemporaryDirectory(dir=root) as made:
                _fetch(Path(made), pins)
                Path(made).rename(directory)
                Path(made).mkdir()
    return directory


def program_of(tools: Path) -> Path:
    """Returns the path of workerd's program for this machine."""
    machine = MACHINES.get((platform.system(), platform.machine()))
    if machine is None:
        raise StoreError(f"there is no workerd for {platform.system()} on {platform.machine()}")
    return tools / "node_modules" / "@cloudflare" / f"workerd-{machine}" / "bin" / "workerd"


def prepare(directory: Path, bundle: Bundle, tools: Path) -> None:
    """Writes into a directory what workerd needs to run an application's objects; their stored data stays."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "objects").mkdir(exist_ok=True)
    for name in (*SHELL, "config.capnp"):
        (directory / name).write_bytes((WORKER / name).read_bytes())
    for name in PYODIDE:
        shutil.copyfile(tools / "node_modules" / "pyodide" / name, directory / name)
    shutil.copyfile(next(tools.glob("msgspec-*.whl")), directory / "msgspec.whl")
    with zipfile.ZipFile(directory / "application.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in bundle.files.items():
            archive.writestr(path, content)


class Workerd:
    """workerd on a prepared directory; a `port` of 0 is chosen at the first start, and kept."""

    def __init__(self, directory: Path, tools: Path, secret: str, *, port: int = 0) -> None:
        self.port: int = port
        self.process: asyncio.subprocess.Process | None = None
        self._directory = directory
        self._tools = tools
        self._secret = secret

    def __repr__(self) -> str:
        return f"<Workerd on port {self.port}>"

    @property
    def url(self) -> str:
        """The URL of the store that it provides."""
        return f"durable-objects://127.0.0.1:{self.port}?secret={self._secret}"

    async def start(self) -> None:
        """Starts it, and returns when it listens."""
        reading, writing = os.pipe()
        self.process = await asyncio.create_subprocess_exec(
            str(program_of(self._tools)),
            "serve",
            "--experimental",
            f"--control-fd={writing}",
            f"--socket-addr=http=127.0.0.1:{self.port}",
            f"--directory-path=disk={self._directory / 'objects'}",
            str(self._directory / "config.capnp"),
            env=os.environ | {"ACTUM_SECRET": self._secret},
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(writing,),
        )
        os.close(writing)
        with os.fdopen(reading) as said:
            self.port = await asyncio.to_thread(_read_port, said)

    async def stop(self) -> None:
        """Stops it as an operator would; calls that wait for new events are not waited for."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), GRACE)
            except TimeoutError:
                await self.kill()

    async def ended(self) -> int:
        """Returns its exit code when it has ended, for whatever reason."""
        if self.process is None:
            raise StoreError("workerd was never started")
        return await self.process.wait()

    async def kill(self) -> None:
        """Kills it with SIGKILL, as if the machine had failed."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()


def _read_port(said: TextIO) -> int:
    for line in said:
        event = msgspec.json.decode(line)
        if event.get("event") == "listen":
            return int(event["port"])
    raise StoreError("workerd ended before it listened; its output above says why")


def _fetch(directory: Path, pins: dict[str, bytes]) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise StoreError(
            "workerd is downloaded with npm, which is not installed: install Node.js 20 or newer"
        )
    for name, content in pins.items():
        (directory / name).write_bytes(content)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], directory)
    fetch_wheels(directory, directory / "wheels.txt")


def fetch_wheels(directory: Path, requirements: Path) -> None:
    """Downloads the wheels for Python in WebAssembly that a requirements file pins."""
    _run(
        [
            *_pip(),
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            *WHEEL,
            "--require-hashes",
            "--requirement",
            str(requirements),
        ],
        directory,
    )


def _pip() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise StoreError(
            "msgspec for WebAssembly is downloaded with pip, which is not installed: install pip"
        )
    return [found]


def _run(command: Sequence[str], directory: Path) -> None:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, timeout=FETCHING, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"{' '.join(command[:2])} failed: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise StoreError(f"{' '.join(command[:2])} failed: {said[-1] if said else done.returncode}")
