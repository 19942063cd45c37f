"""Reads a closed SQLite file: whose it is, how much it holds, and whether all of it is sound."""

import os
import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from actum.errors import StoreError
from actum.stores.schema import Part, is_current
from actum.stores.sqlite.backup.placing import LOG
from actum.stores.sqlite.connection.completeness import is_log_lost
from actum.stores.sqlite.connection.errors import DRIVER, NO_TEXT
from actum.stores.sqlite.connection.opening import check_format, part_versions
from actum.stores.sqlite.database.database import SCHEMA as DATABASE
from actum.stores.sqlite.journal.statements import SCHEMA as JOURNAL
from actum.stores.sqlite.person_keys import SCHEMA as PEOPLE

PARTS: tuple[Part, ...] = (JOURNAL, PEOPLE, DATABASE)
EVENTS, SEGMENTS = "actum_events", "actum_segments"
STEPS = 1_000_000
"""Steps of SQLite between two calls of `alive` while a file is checked."""
SEALED = """WHERE instr(payload, CAST('{"sealed":"' AS BLOB)) LIMIT 1"""
LINKED = """SELECT e.position FROM actum_events e JOIN actum_streams s USING (stream)
    WHERE e.version > s.pruned + 1 AND NOT EXISTS (
        SELECT 1 FROM actum_events b
        WHERE b.position = e.previous AND b.stream = e.stream AND b.version = e.version - 1)
    LIMIT 1"""
LAST = """SELECT s.kind, s.id FROM actum_streams s WHERE s.version > s.pruned AND NOT EXISTS (
        SELECT 1 FROM actum_events e
        WHERE e.position = s.position AND e.stream = s.stream AND e.version = s.version)
    LIMIT 1"""
COUNTED = """SELECT s.kind, s.id FROM actum_streams s
    LEFT JOIN (SELECT stream, count(*) AS n FROM actum_events GROUP BY stream) e USING (stream)
    WHERE coalesce(e.n, 0) <> s.version - s.pruned LIMIT 1"""
STRAY = """SELECT position FROM actum_events
    WHERE stream NOT IN (SELECT stream FROM actum_streams) LIMIT 1"""


class Contents(Struct, frozen=True):
    """What a store's file holds. Times are microseconds since 1970, 0 without an event; sizes are in bytes.

    `application` is "" for a store on which none has run. `versions` are those of the schema's parts, and
    `is_current` whether they are this version's. `person_keys` counts the keys of persons,
    `application_keys` those that they are sealed under. `lacks_keys`: there is sealed data, and no key of a
    person, as in a backup that was made without them. `archived_events` are those in files beside the
    store's own, which have `archive_bytes`.
    """

    application: str
    journal: str
    versions: Mapping[str, int]
    is_current: bool
    size: int
    events: int
    entities: int
    last_position: int
    first_time: int
    last_time: int
    views: int
    person_keys: int
    application_keys: int
    forgettings: int
    lacks_keys: bool
    archived_events: int
    archive_bytes: int


@contextmanager
def open_closed(file: Path) -> Generator[sqlite3.Connection]:
    """Opens a file that nobody writes, and leaves no other beside it; raises StoreError for no such file."""
    if not file.is_file():
        raise StoreError(f"there is no file {file}")
    if os.path.exists(f"{file}{LOG}") and os.path.getsize(f"{file}{LOG}"):
        raise StoreError(
            f"{file} has a log beside it ({file}{LOG}): it is a store that was in use, and no backup. "
            f"Make one of it, with `actum backup APP OTHER --store sqlite:///{file}`"
        )
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = as_text
            yield connection
    except DRIVER as error:
        raise _damaged(file, error) from error


def read_contents(file: Path) -> Contents:
    """Reads what a closed file holds.

    Raises ForeignStore for one that is not a store, or newer than this Actum, and StoreError for one that
    was copied without its log, or cannot be read.
    """
    with open_closed(file) as connection:
        check_format(connection, str(file))
        if is_log_lost(str(file)):
            raise StoreError(
                f"{file} was copied from a store in use, without its log, which holds what was written last: "
                "take another backup, and make the next one with `actum backup`"
            )
        tables = _tables(connection)
        # A file from before parts had versions has run the first step of each.
        versions = part_versions(connection) or ({"journal": 1, "database": 1} if EVENTS in tables else {})
        if EVENTS not in tables:
            raise StoreError(f"{file} holds no events: it is not a store that `actum backup` has made")
        return _contents(connection, file, versions, tables)


def check_all(file: Path, alive: Callable[[], None] = lambda: None) -> None:
    """Reads the whole of a closed file, and raises StoreError if anything in it is damaged or missing.

    The pages and indexes are sound (`PRAGMA integrity_check`), and the versions of every entity follow one
    another to its last. `alive` is called now and then.
    """
    with open_closed(file) as connection:
        connection.set_progress_handler(alive, STEPS)
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            said = "; ".join(" ".join(one.split()) for one in found)
            raise StoreError(f"{file} is damaged: {said}: use another backup")
        if fault := chain_fault(connection):
            raise StoreError(f"{file}: {fault}")


def chain_fault(connection: sqlite3.Connection) -> str:
    """Says which stream lacks an event: its versions are 1, 2, 3, … from the first that is not pruned."""
    if EVENTS not in _tables(connection):
        return ""  # The database beside another journal.
    for statement in (LAST, COUNTED):
        if found := connection.execute(statement).fetchone():
            return f"the versions of {found[0]}/{found[1]} are not contiguous: events of it are missing"
    for statement in (LINKED, STRAY):
        if found := connection.execute(statement).fetchone():
            return f"the event at position {found[0]:,} does not follow the one before it in its stream"
    return ""


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _contents(
    connection: sqlite3.Connection, file: Path, versions: Mapping[str, int], tables: set[str]
) -> Contents:
    def found(table: str, columns: str, where: str = "") -> Any:
        """Gives one row of a table, if files of this version have it."""
        if table not in tables:
            return None
        return connection.execute(f"SELECT {columns} FROM {table} {where}").fetchone()

    def count(table: str, where: str = "") -> int:
        return (found(table, "count(*)", where) or (0,))[0]

    first, last = found("actum_streams", "coalesce(min(first_time), 0), coalesce(max(time), 0)")
    archived, archive_bytes = found(SEGMENTS, "coalesce(sum(events), 0), coalesce(sum(size), 0)") or (0, 0)
    return Contents(
        application=(found("actum_binding", "application") or ("",))[0],
        journal=(found("actum_identity", "id") or ("",))[0],
        versions=versions,
        is_current=is_current(versions, PARTS, str(file)),
        size=file.stat().st_size,
        events=count(EVENTS),
        entities=count("actum_streams"),
        last_position=found(EVENTS, "coalesce(max(position), 0)")[0],
        first_time=first,
        last_time=last,
        views=count("actum_views", "WHERE is_live"),
        person_keys=count("actum_person_keys"),
        application_keys=count("actum_application_keys"),
        forgettings=count("actum_forgettings"),
        lacks_keys=count("actum_application_keys") > 0
        and count("actum_person_keys") == 0
        and (found(EVENTS, "1", SEALED) or found(SEGMENTS, "1", "WHERE is_sealed LIMIT 1")) is not None,
        archived_events=archived,
        archive_bytes=archive_bytes,
    )


def damage(error: Exception) -> str:
    """Says what an error of the driver says of a file."""
    return NO_TEXT if isinstance(error, UnicodeDecodeError) else str(error)


def as_text(content: bytes) -> str:
    """Reads what may be no text, in a file that may be damaged."""
    return content.decode(errors="backslashreplace")


def _damaged(file: Path, error: Exception) -> StoreError:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{file} is not an Actum store, nor any SQLite file: name another file")
    return StoreError(f"{file} is damaged ({damage(error)}): use another backup")
