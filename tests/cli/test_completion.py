"""Completion in a shell: what is offered for a line that is not finished."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def offered(directory: Path, line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_ACTUM_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "actum"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("actum vi", ["views"]),
        ("actum views re", ["rebuild", "retry"]),
        ("actum dead-letters list shop --status d", ["dead"]),
        ("actum run --log-format ", ["text", "json"]),
        ("actum run sh", ["shop:app"]),
        ("actum views list ", ["shop:app"]),
    ],
)
def test_what_fits_is_offered(shop: Path, line: str, expected: list[str]) -> None:
    assert offered(shop, line) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_shown(directory: Path, shell: str) -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    done = subprocess.run(
        [sys.executable, "-m", "actum", "--show-completion", shell],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "_ACTUM_COMPLETE" in done.stdout
