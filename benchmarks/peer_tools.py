"""Installs the programs that Actum is compared with, outside the project's lock, in `.venv-peers`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".venv-peers"
PACKAGES = ("dbos==3.4.0", "psycopg[binary]==3.3.9", "restate-sdk==1.3.0", "hypercorn==0.18.0")
RESTATE = "@restatedev/restate-server@1.7.12"
INSTALLED = ".installed"
PATIENCE = 600


class NotInstalled(Exception):
    """A program cannot be installed here; the text says why."""


def peer_python(folder: Path = FOLDER) -> Path:
    """Returns a Python that has DBOS and the SDK of Restate."""
    python = folder / "bin" / "python"
    wanted = "\n".join(PACKAGES)
    mark = folder / INSTALLED
    if not mark.exists() or mark.read_text() != wanted:
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
        mark.write_text(wanted)
    return python


def restate_server(folder: Path = FOLDER) -> Path:
    """Returns the server of Restate, which npm installs."""
    peer_python(folder)
    place = folder / "restate"
    mark = place / INSTALLED
    if not mark.exists() or mark.read_text() != RESTATE:
        if shutil.which("npm") is None:
            raise NotInstalled("npm is not installed")
        place.mkdir(exist_ok=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund"]
        _run(["npm", "install", *options, "--prefix", str(place), RESTATE])
        mark.write_text(RESTATE)
    return place / "node_modules" / ".bin" / "restate-server"


def _run(command: list[str]) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"`{' '.join(command)}` took longer than {PATIENCE} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise NotInstalled(f"`{' '.join(command)}` failed: {said[-1]}")
