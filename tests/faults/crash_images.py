"""What is on the disk at every step of writing, as a process that is killed there leaves it."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum.stores.sqlite.connection.file import SqliteFile


class Image(Struct, frozen=True):
    """A copy of a folder, and what was about to be done when it was made."""

    folder: Path
    step: str


class CrashImages:
    """Copies a folder before and after each commit, sync, rename and removal, while it is recording."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.images: list[Image] = []
        self.is_recording = False
        self._folder = folder
        self._copies = copies
        self._lock = threading.Lock()

    def take(self, step: str) -> None:
        """Copies the folder. The log's index is left out: it is made anew at the next opening."""
        if not self.is_recording:
            return
        with self._lock:
            target = self._copies / f"{len(self.images)}"
            shutil.copytree(self._folder, target, ignore=shutil.ignore_patterns("*-shm", "*-lock"))
            self.images.append(Image(target, step))

    def around(self, step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Gives a call that takes an image before and after itself."""

        def taking(*arguments: Any, **options: Any) -> Any:
            self.take(f"before {step}")
            done = call(*arguments, **options)
            self.take(f"after {step}")
            return done

        return taking

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Takes images around whatever changes the disk."""
        write = SqliteFile.write

        async def writing(file: SqliteFile, *arguments: Any, **options: Any) -> Any:
            self.take("before commit")
            done = await write(file, *arguments, **options)
            self.take("after commit")
            return done

        patch.setattr(SqliteFile, "write", writing)
        patch.setattr(os, "fsync", self.around("sync", os.fsync))
        patch.setattr(os, "replace", self.around("rename", os.replace))
        patch.setattr(Path, "unlink", self.around("unlink", Path.unlink))
        patch.setattr(Path, "mkdir", self.around("mkdir", Path.mkdir))
