"""Examines a SQLite file and the disk that it is on, beside the process that runs on it."""

import os
import shutil
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from actum.stores.sqlite.archive.checking import check_segments, files_of, find_segments, unused_of
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.segment import ENDING, SegmentLost
from actum.stores.sqlite.backup.contents import as_text, chain_fault, damage
from actum.stores.sqlite.backup.placing import LOG
from actum.stores.sqlite.connection.completeness import check_log
from actum.stores.sqlite.connection.errors import DRIVER
from actum.stores.sqlite.connection.opening import check_format, configure

MOUNTS = Path("/proc/self/mountinfo")
LEVELS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
MAX_WHOLE = 1_000_000_000
"""Bytes of the largest file of which every index is compared with its table."""


class FileFacts(Struct, frozen=True):
    """How a file is set up, and the disk that it is on; sizes are in bytes.

    `file_system` is its type, as in "ext4", or "" where the system does not say.
    """

    journal_mode: str
    synchronous: str
    size: int
    log_size: int
    unused: int
    file_system: str
    disk_free: int


class ArchiveFacts(Struct, frozen=True):
    """The files of a store's archived events, and how many others are in their folder."""

    folder: Path
    files: int
    others: int


def examine_file(file: Path) -> FileFacts:
    """Reads a file's settings; raises StoreError or the driver's error if it cannot be opened."""
    check_log(str(file))
    with closing(configure(str(file), must_exist=True)) as connection:
        connection.execute("PRAGMA query_only = ON")
        check_format(connection, str(file))

        def setting(name: str) -> int:
            return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

        return FileFacts(
            journal_mode=connection.execute("PRAGMA journal_mode").fetchone()[0],
            synchronous=LEVELS[setting("synchronous")],
            size=file.stat().st_size,
            log_size=os.path.getsize(f"{file}{LOG}") if os.path.exists(f"{file}{LOG}") else 0,
            unused=setting("freelist_count") * setting("page_size"),
            file_system=file_system(file),
            disk_free=shutil.disk_usage(file.parent).free,
        )


def find_damage(file: Path) -> str:
    """Reads the whole file, and says what of it is damaged or missing; "" if nothing is."""
    check = "integrity_check" if file.stat().st_size <= MAX_WHOLE else "quick_check"
    try:
        with closing(configure(str(file), must_exist=True)) as connection:
            connection.text_factory = as_text
            connection.execute("PRAGMA query_only = ON")
            # One transaction, so that what is written meanwhile is in neither part.
            connection.execute("BEGIN")
            found = [row[0] for row in connection.execute(f"PRAGMA {check}(3)")]
            if found != ["ok"]:
                return "; ".join(" ".join(one.split()) for one in found)
            return chain_fault(connection)
    except DRIVER as error:
        return damage(error)


def examine_archive(file: Path, *, reads_all: bool) -> ArchiveFacts:
    """Looks for the files of archived events, or reads all; raises SegmentLost or StoreError for a fault."""
    folder = SegmentFolder(file)
    missing = ""
    while True:
        with closing(configure(str(file), must_exist=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            try:
                count = (check_segments if reads_all else find_segments)(connection, folder)
                known = set(files_of(connection)) | set(unused_of(connection))
            except SegmentLost as error:
                # Beside a running process, a file may be replaced after the store was read.
                if error.file == missing:
                    raise
                missing = error.file
            else:
                others = [name for name in folder.names() if name.endswith(ENDING) and name not in known]
                return ArchiveFacts(folder.path, count, len(others))


def file_system(file: Path) -> str:
    """Gives the type of the file system that a file is on, where Linux says it; else ""."""
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    real = os.path.realpath(file)
    found = ("", "")
    for line in lines:
        place, _, kind = line.partition(" - ")
        mount = _unescaped(place.split()[4])
        # Of two mounts on one place the later hides the earlier.
        if _is_below(real, mount) and len(mount) >= len(found[0]):
            found = mount, kind.split()[0]
    return found[1]


def _is_below(path: str, mount: str) -> bool:
    return path == mount or path.startswith(mount.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
