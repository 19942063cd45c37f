"""The folder of a store's segments: files that appear whole and synced, and never change."""

import contextlib
import os
import shutil
from pathlib import Path

from actum.errors import StoreError
from actum.model.event import Stored
from actum.stores.sqlite.archive.segment import SegmentLost, decode, name_of
from actum.stores.sqlite.backup.placing import sync_folder

ARCHIVE = "-archive"
"""What the name of the folder ends in; it begins with the name of the store's file."""


class SegmentFolder:
    """The files of the segments of the store in `file`, which are in a folder beside it."""

    def __init__(self, file: str | Path) -> None:
        # Links are resolved, because the same file under another name is the same store.
        self.file: Path = Path(file).resolve()
        self.path: Path = Path(f"{self.file}{ARCHIVE}")

    def __repr__(self) -> str:
        return f"<SegmentFolder {self.path}>"

    def write(self, content: bytes, mode_of: Path | None = None) -> str:
        """Writes a file, reads it back, and gives its name; it has the permissions of the store's file."""
        name = name_of(content)
        self._make()
        part = self._part(name)
        try:
            with part.open("wb") as opened:
                shutil.copymode(mode_of or self.file, part)
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(part, self.path / name)
            sync_folder(self.path)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror or error}") from error
        if self.content(name) != content:
            raise StoreError(f"{self.path / name} was written, and reads otherwise: check the disk")
        return name

    def content(self, name: str) -> bytes:
        """Gives the bytes of a file; raises SegmentLost for one that cannot be read."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise SegmentLost(self._lost(name, error.strerror or str(error)), name) from error

    def read(self, name: str) -> list[Stored]:
        """Gives the events of a file; raises SegmentLost if it is missing or damaged."""
        return decode(self.content(name), name, self.path / name)

    def size(self, name: str) -> int:
        """Gives the bytes of a file; raises SegmentLost if it is missing."""
        try:
            return (self.path / name).stat().st_size
        except OSError as error:
            raise SegmentLost(self._lost(name, error.strerror or str(error)), name) from error

    def check(self, name: str, size: int) -> None:
        """Raises SegmentLost unless there is a file of this size."""
        found = self.size(name)
        if found != size:
            raise SegmentLost(self._lost(name, f"{found:,} bytes instead of {size:,}"), name)

    def names(self) -> list[str]:
        """Gives the names of all files in the folder."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return sorted(os.listdir(self.path))
        return []

    def remove(self, name: str) -> None:
        """Removes a file if it exists, and overwrites what it held; returns when that is on the disk."""
        try:
            for file in (self._part(name), self.path / name):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    _overwrite(file)
                    file.unlink()
            if self.path.is_dir():
                sync_folder(self.path)
        except OSError as error:
            raise StoreError(
                f"{self.path / name} cannot be removed ({error.strerror or error}): give this user write "
                "access, and start the application again, which removes it"
            ) from error

    def remove_empty(self) -> None:
        """Removes the folder if nothing is in it."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _make(self) -> None:
        if self.path.is_dir():
            return
        try:
            self.path.mkdir()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be made: {error.strerror or error}") from error
        sync_folder(self.path.parent)

    def _part(self, name: str) -> Path:
        return self.path / f".{name}.partial"

    def _lost(self, name: str, why: str) -> str:
        return (
            f"{self.path / name} has archived events of {self.file} and cannot be read ({why}): put it back "
            "from a backup; if the store was moved, move that folder with it"
        )


def _overwrite(file: Path) -> None:
    """Overwrites a file with zeros, unless it has another name, under which somebody keeps it."""
    with file.open("r+b") as opened:
        found = os.fstat(opened.fileno())
        if found.st_nlink == 1:
            opened.write(bytes(found.st_size))
            opened.flush()
            os.fsync(opened.fileno())
