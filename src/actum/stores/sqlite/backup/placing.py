"""Gives finished files their names, so that a crash leaves the earlier file or the new one, and whole."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from actum.errors import StoreError

LOG, INDEX, LOCK = "-wal", "-shm", "-lock"
"""What the names of the files beside a store's file end in."""
CHUNK = 4 * 1024 * 1024
SPARE = 16 * 1024 * 1024
"""Bytes that stay free beside a new file."""

Report = Callable[[int, int], None]
"""Is called with the bytes that are done, and how many there are."""


@contextmanager
def unfinished(target: Path) -> Generator[Path]:
    """Gives the name of a new file in a target's folder, which is removed at the end unless it was placed."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        yield part
    finally:
        for ending in ("", LOG, INDEX):
            with contextlib.suppress(OSError):
                os.unlink(f"{part}{ending}")


def check_folder(target: Path) -> None:
    """Raises StoreError for a place where no file can be written."""
    if target.is_dir():
        raise StoreError(f"{target} is a directory: name a file in it")
    if not target.parent.is_dir():
        raise StoreError(f"there is no directory {target.parent}: create it, or name another file")
    if not os.access(target.parent, os.W_OK):
        raise StoreError(f"{target.parent} cannot be written: give this user write access to it")


def check_space(folder: Path, needed: int) -> None:
    """Raises StoreError if a disk has no room for a file of so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise StoreError(
            f"the disk of {folder} has {free / 1e6:,.1f} MB free, and {(needed + SPARE) / 1e6:,.1f} MB are "
            "needed: free some, or name a file on another disk"
        )


def copy_closed(source: Path, target: Path, report: Report) -> None:
    """Copies a file that nobody writes."""
    size = source.stat().st_size
    done = 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
            done += len(chunk)
            report(done, size)


def sync_file(file: Path) -> None:
    """Returns when the content of a file is on the disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def place_new(part: Path, target: Path, *, replaces: bool) -> None:
    """Gives a finished file its name; raises StoreError if there is such a file, unless it `replaces` one."""
    sync_file(part)
    if replaces:
        os.replace(part, target)
    else:
        try:
            # Unlike a rename, a link never replaces what another process has put there meanwhile.
            os.link(part, target)
        except FileExistsError:
            raise exists_already(target) from None
        except OSError:
            if target.exists():
                raise exists_already(target) from None
            os.replace(part, target)
    sync_folder(target.parent)


def exists_already(target: Path) -> StoreError:
    """Gives the error of a backup that would overwrite a file."""
    return StoreError(f"{target} exists already: name another file, or overwrite it with --force")


def replace_store(part: Path, store: Path, aside: Path) -> None:
    """Puts a finished file in the place of a store's, which is kept under another name with its log.

    The caller has the store's lock. Whenever this is interrupted, the store's name has the earlier file, the
    earlier file without its log, which is refused at the start, or the new file: never another's log.
    """
    sync_file(part)
    if store.exists():
        try:
            os.link(store, aside)
        except OSError:
            os.replace(store, aside)
    with contextlib.suppress(FileNotFoundError):
        os.replace(f"{store}{LOG}", f"{aside}{LOG}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{store}{INDEX}")
    sync_folder(store.parent)
    os.replace(part, store)
    sync_folder(store.parent)
