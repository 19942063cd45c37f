"""What bare sqlite3 does with the same rows: the limit that SQLite and the disk set."""

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from benchmarks.bank import AMOUNT, account_id
from benchmarks.measure import Sample
from benchmarks.place import Place
from benchmarks.recording import TABLE, Recording

Row = tuple[object, ...]

A_COMMIT = 1_000
UPSERT = "INSERT INTO balances VALUES (?,?) ON CONFLICT (id) DO UPDATE SET balance = excluded.balance"
PLAIN = (
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
        type TEXT NOT NULL, type_version INTEGER NOT NULL, payload BLOB NOT NULL, metadata BLOB NOT NULL,
        time INTEGER NOT NULL)""",
    "CREATE UNIQUE INDEX events_stream ON events (kind, id, version)",
)


class Rows(Struct, frozen=True):
    """Rows and the table they go into; the first `before` are inserted before the measurement."""

    table: str
    schema: Sequence[str]
    rows: Sequence[Row]
    before: int


def same_rows(recording: Recording) -> Rows:
    """Returns the rows of events that Actum wrote, for the same table with the same indexes."""
    return Rows(TABLE, recording.schema(), recording.rows(), recording.entities)


def plain_rows(recording: Recording) -> Rows:
    """Returns the same events for a hand-written table, with a unique index over the streams."""
    with closing(sqlite3.connect(recording.file)) as connection:
        found = connection.execute(
            """SELECT e.position, s.kind, s.id, e.version, type, type_version, payload, metadata, e.time
            FROM actum_events e JOIN actum_streams s USING (stream) ORDER BY e.position"""
        ).fetchall()
    return Rows("events", PLAIN, found, recording.entities)


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Opens a file as durably as Actum does, with SQLite's own settings for the rest."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        yield connection


def inserting(place: Place, given: Rows, count: int, *, a_commit: int) -> Sample:
    """Measures rows a second."""
    file = place.file()
    with opened(file) as connection:
        for statement in given.schema:
            connection.execute(statement)
        _insert(connection, given.table, given.rows[: given.before], A_COMMIT)
        measured = given.rows[given.before : given.before + count]
        began = time.perf_counter()
        _insert(connection, given.table, measured, a_commit)
        elapsed = time.perf_counter() - began
    place.clear(file)
    return Sample(len(measured) / elapsed)


def upserting(place: Place, count: int, entities: int) -> Sample:
    """Measures rows of a view written one by one, as many as there are events."""
    draw = random.Random(count)
    balances = [0] * entities
    rows: list[Row] = []
    for _ in range(count):
        number = draw.randrange(entities)
        balances[number] += AMOUNT
        rows.append((account_id(number), balances[number]))
    file = place.file()
    with opened(file) as connection:
        connection.execute("CREATE TABLE balances (id TEXT NOT NULL PRIMARY KEY, balance INTEGER NOT NULL)")
        began = time.perf_counter()
        _in_commits(connection, UPSERT, rows, A_COMMIT)
        elapsed = time.perf_counter() - began
    place.clear(file)
    return Sample(count / elapsed)


def selecting(recording: Recording, count: int) -> Sample:
    """Measures rows of events read in order, into tuples."""
    with opened(recording.file) as connection:
        began = time.perf_counter()
        found = connection.execute(f"SELECT * FROM {TABLE} ORDER BY position LIMIT ?", (count,)).fetchall()
        elapsed = time.perf_counter() - began
    return Sample(len(found) / elapsed)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Row], a_commit: int) -> None:
    statement = f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})"
    _in_commits(connection, statement, rows, a_commit)


def _in_commits(connection: sqlite3.Connection, statement: str, rows: Sequence[Row], a_commit: int) -> None:
    for start in range(0, len(rows), a_commit):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows[start : start + a_commit])
        connection.execute("COMMIT")
