"""Where the measurement runs: the machine, and a folder on a real disk."""

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = frozenset({"tmpfs", "ramfs", "overlay-on-tmpfs"})
MOUNTS = Path("/proc/mounts")


class Place:
    """A folder in which every measured file is created, and removed afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def file(self) -> Path:
        """Returns the name of a new file."""
        self._count += 1
        return self.folder / f"{self._count}.db"

    def clear(self, file: Path) -> None:
        """Removes a file and its log."""
        for found in self.folder.glob(f"{file.name}*"):
            found.unlink()


@contextmanager
def open_place() -> Iterator[Place]:
    """Returns a place in the first temporary folder that is not in memory."""
    folders = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path.cwd()]
    folder = next((each for each in folders if file_system(each) not in IN_MEMORY), folders[0])
    with tempfile.TemporaryDirectory(prefix="actum-bench-", dir=folder) as made:
        yield Place(Path(made))


def file_system(folder: Path) -> str:
    """Returns the name of the file system that a folder is on."""
    if not MOUNTS.exists():
        return "unnamed file system"
    real = folder.resolve()
    mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    holding = [(len(point), kind) for point, kind in mounts if real.is_relative_to(point)]
    return max(holding)[1]


def machine(place: Place) -> str:
    """Describes the machine in one line."""
    cores = os.cpu_count()
    python = platform.python_version()
    return (
        f"{cores} cores, {platform.machine()}, {sys.platform}, {file_system(place.folder)}, "
        f"Python {python}, SQLite {sqlite3.sqlite_version}, synchronous=FULL"
    )
