"""Small disks to fill or to bar from writing, for whoever may mount."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def mount(*arguments: str) -> None:
    """Mounts, or skips the test where this user must not."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode != 0:
        pytest.skip(f"this user cannot mount: {done.stderr.strip()}")


@contextlib.contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    """Puts a disk of this size, such as "1m", at an empty directory."""
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory))
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)
