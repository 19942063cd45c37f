"""Runs the scripted scenario under strace, which lets one of its syncs fail, or kills it there."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

SCENARIO = Path(__file__).with_name("scenario.py")
SYNCS = "fdatasync,fsync"
PATIENCE = 60


class Ended(Struct, frozen=True):
    """What the scenario said before it ended: whether it opened the file, and the numbers of its steps.

    `hits` are the syncs that were made to fail, as strace wrote them.
    """

    is_killed: bool
    is_opened: bool
    acknowledged: list[int]
    refused: list[int]
    complaint: str
    hits: list[str]


def require_strace() -> None:
    """Skips a test where strace cannot be used, except in CI, which has to have it."""
    try:
        tried = subprocess.run(
            ["strace", "-f", "-e", f"trace={SYNCS}", "true"],
            capture_output=True,
            text=True,
            check=False,
        )
        reason = tried.stderr.strip() if tried.returncode else ""
    except FileNotFoundError:
        reason = "it is not installed"
    if not reason:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to use strace: {reason}")
    pytest.skip(f"strace cannot be used here: {reason}")


def run_scenario(store: Path, fault: str) -> Ended:
    """Runs the scenario on a store, with a fault such as `error=EIO:when=7` in its syncs.

    strace counts the syncs of each thread apart: the one that opens the file, and the one that writes.
    """
    log = store.with_name("strace.log")
    # Without --seccomp-bpf, although it is faster: with it the signal is counted and never sent.
    command = ["strace", "-f", "-q", "-y", "-o", str(log), "-e", f"trace={SYNCS}"]
    done = subprocess.run(
        [*command, "-e", f"inject={SYNCS}:{fault}", sys.executable, str(SCENARIO), str(store)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return Ended(
        is_killed=done.returncode == -signal.SIGKILL,
        is_opened="opened" in done.stdout,
        acknowledged=[int(number) for number in re.findall(r"^acknowledged (\d+)$", done.stdout, re.M)],
        refused=[int(number) for number in re.findall(r"^refused (\d+)$", done.stdout, re.M)],
        complaint=done.stderr,
        hits=[line for line in log.read_text().splitlines() if "INJECTED" in line],
    )
