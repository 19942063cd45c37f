"""Examines a store's SQLite file: its settings, its integrity, and the disk that it is on."""

import asyncio
from pathlib import Path

from actum.errors import StoreError
from actum.operations.upkeep.examination.finding import Finding, fault, ok, warning
from actum.stores.sqlite.backup.placing import check_folder
from actum.stores.sqlite.connection.opening import MAX_LOG_BYTES, check_place
from actum.stores.sqlite.examination import FileFacts, examine_archive, examine_file, find_damage

IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
OF_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "virtiofs",
    }
)
OF_CONTAINER = frozenset({"overlay", "aufs"})
MIN_FREE = 256_000_000
"""Bytes that a disk should have free, and those of the store once more, for its log and a backup."""
NONE_FREE = 64_000_000
MB = 1_000_000


async def examine_place(file: Path) -> list[Finding]:
    """Examines the place of a file that may not exist yet; raises StoreError for one where none can be."""
    return await asyncio.to_thread(_place, file)


async def examine_settings(file: Path) -> list[Finding]:
    """Examines how a file is opened and written, and the disk that it is on."""
    facts = await asyncio.to_thread(examine_file, file)
    return [_settings(facts), _log(facts), _disk(file, facts), _space(file, facts)]


async def examine_integrity(file: Path) -> list[Finding]:
    """Reads the whole file, which takes as long as the disk needs for that."""
    damage = await asyncio.to_thread(find_damage, file)
    if damage:
        return [
            fault(
                "integrity",
                damage,
                "stop the application, keep a copy of the file and its log (-wal), check the disk, and put "
                "the last backup in its place with `actum restore`",
            )
        ]
    return [ok("integrity", "pages, indexes and the versions of every entity are whole")]


async def examine_archived(file: Path, *, reads_all: bool) -> list[Finding]:
    """Looks for the files of archived events, or reads them, as long as the disk needs for that."""
    try:
        facts = await asyncio.to_thread(examine_archive, file, reads_all=reads_all)
    except StoreError as error:
        return [
            fault(
                "archive",
                str(error),
                "stop the application, and put the file back from a backup, or run `actum restore`",
            )
        ]
    state = "whole" if reads_all else "there"
    findings = [ok("archive", f"{facts.files:,} files of archived events are {state}")] if facts.files else []
    if facts.others:
        findings.append(
            warning(
                "archive",
                f"{facts.others:,} files in {facts.folder} do not belong to the store, as it is now",
                "delete them when no file that a restore has kept aside is needed any more",
            )
        )
    return findings


def _place(file: Path) -> list[Finding]:
    if file.exists():
        check_place(file, is_owner=False)
        return []
    check_folder(file)
    return [
        warning(
            "store", f"there is no {file} yet", "start the application, which makes it; or name another store"
        )
    ]


def _settings(facts: FileFacts) -> Finding:
    what = f"synchronous={facts.synchronous}, journal_mode={facts.journal_mode}"
    if facts.journal_mode != "wal":
        fix = "start the application, which sets it; if it stays so, put the file on a local disk"
        return fault("settings", f"{what}: the file has no write-ahead log", fix)
    return ok("settings", what)


def _log(facts: FileFacts) -> Finding:
    what = f"{facts.log_size / MB:,.1f} MB beside a file of {facts.size / MB:,.1f} MB"
    if facts.log_size > 4 * MAX_LOG_BYTES:
        return warning(
            "log",
            f"{what}: it cannot be moved into the file",
            "find the program that has had the file open for long, as a shell in a transaction, and end it",
        )
    return ok("log", what)


def _disk(file: Path, facts: FileFacts) -> Finding:
    kind = facts.file_system
    if kind in IN_MEMORY:
        return warning(
            "disk",
            f"{file} is on {kind}, which is in memory: it is gone when the machine restarts",
            "put the store on a disk: name it with --store or ACTUM_STORE",
        )
    if kind in OF_NETWORK:
        return fault(
            "disk",
            f"{file} is on {kind}, a network file system, whose locks and syncs cannot be relied upon",
            "put the store on a local disk, or use PostgreSQL",
        )
    if kind in OF_CONTAINER:
        return warning(
            "disk",
            f"{file} is on {kind}, the layer of a container: it goes with the container",
            "put the store on a volume",
        )
    return ok("disk", kind or "its type is not known on this system")


def _space(file: Path, facts: FileFacts) -> Finding:
    what = f"{facts.disk_free / MB:,.0f} MB free"
    fix = f"free some on the disk of {file}, or move the store to a larger one"
    if facts.disk_free < NONE_FREE:
        return fault("space", f"{what}: writes stop when there is none", fix)
    if facts.disk_free < MIN_FREE + facts.size:
        return warning("space", f"{what}, less than the store's own size and {MIN_FREE / MB:.0f} MB", fix)
    return ok("space", what)
