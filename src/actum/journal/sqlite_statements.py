"""The statements of a journal in SQLite, each on a connection that is given."""

import sqlite3

from actum.journal.listing import Token
from actum.journal.port import Loaded, Repeated, Snapshot
from actum.model.event import Stored

COLUMNS = "position, kind, id, version, type, type_version, payload, metadata, time"
ROW = "(?,?,?,?,?,?,?,?,?)"
WIDTH = 9
# One statement for many rows keeps the interpreter lock free for the event loop while SQLite works.
INSERTS = {rows: f"INSERT INTO events VALUES {','.join([ROW] * rows)}" for rows in (256, 64, 16, 4, 1)}
PAGE = 1_000
LATEST = 2**63 - 1


def insert(connection: sqlite3.Connection, rows: list[object]) -> None:
    start, left = 0, len(rows) // WIDTH
    for size, statement in INSERTS.items():
        while left >= size:
            end = start + size * WIDTH
            connection.execute(statement, rows[start:end])
            start, left = end, left - size


def head(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT max(position) FROM events").fetchone()[0] or 0


def highest(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT max(position) FROM highest").fetchone()[0] or 0


def version(connection: sqlite3.Connection, kind: str, id: str) -> int:
    statement = "SELECT max(version) FROM events WHERE kind = ? AND id = ?"
    return connection.execute(statement, (kind, id)).fetchone()[0] or 0


def reply(connection: sqlite3.Connection, kind: str, id: str, key: str) -> Repeated | None:
    statement = "SELECT call, reply, position FROM replies WHERE kind = ? AND id = ? AND key = ?"
    row = connection.execute(statement, (kind, id, key)).fetchone()
    return None if row is None else Repeated(*row)


def read(
    connection: sqlite3.Connection,
    kind: str,
    id: str,
    after: int,
    up_to: int | None = None,
    limit: int | None = None,
    *,
    reverse: bool = False,
) -> list[Stored]:
    statement = f"""SELECT {COLUMNS} FROM events WHERE kind = ? AND id = ? AND version > ? AND version <= ?
        ORDER BY version {"DESC" if reverse else "ASC"} LIMIT ?"""
    last = LATEST if up_to is None else up_to
    values = (kind, id, after, last, -1 if limit is None else limit)
    return [Stored(*row) for row in connection.execute(statement, values)]


def feed(connection: sqlite3.Connection, after: int, limit: int) -> list[Stored]:
    statement = f"SELECT {COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"
    return [Stored(*row) for row in connection.execute(statement, (after, limit))]


def listing(token: Token) -> str:
    sign, order = ("<", "DESC") if token.reverse else (">", "ASC")
    conditions = ["l.version = (SELECT max(version) FROM events WHERE kind = :kind AND id = f.id)"]
    is_first_page = token.time is None
    if not is_first_page:
        conditions.append(f"(f.time, f.position) {sign} (:time, :position)")
    # The stream that ended the page before bounds the side it lies on, and closer.
    if token.first_after is not None and (is_first_page or token.reverse):
        conditions.append("f.time > :after")
    if token.first_before is not None and (is_first_page or not token.reverse):
        conditions.append("f.time < :before")
    return f"""SELECT f.id, f.time, f.position, l.version, l.time FROM (
            SELECT id, time, position FROM events WHERE kind = :kind AND version = 1
            UNION ALL SELECT id, first_time, first_position FROM pruned WHERE kind = :kind
        ) f JOIN events l ON l.kind = :kind AND l.id = f.id
        WHERE {" AND ".join(conditions)} ORDER BY f.time {order}, f.position {order} LIMIT :limit"""


def load(connection: sqlite3.Connection, kind: str, id: str, fingerprint: str | None) -> Loaded:
    statement = """SELECT version, time, fingerprint, state FROM snapshots
        WHERE kind = ? AND id = ? AND fingerprint = ?"""
    found = connection.execute(statement, (kind, id, fingerprint)).fetchone()
    snapshot = Snapshot(*found) if found else None
    row = connection.execute("SELECT version FROM pruned WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    pruned = row[0] if row else 0
    after = snapshot.version if snapshot else pruned
    events = read(connection, kind, id, after, limit=PAGE + 1)
    return Loaded(snapshot, pruned, events[:PAGE], len(events) <= PAGE)


def prune(connection: sqlite3.Connection, kind: str, id: str, up_to: int) -> int:
    up_to = min(up_to, version(connection, kind, id) - 1)
    first = "SELECT time, position FROM events WHERE kind = ? AND id = ? AND version = 1"
    statement = "DELETE FROM events WHERE kind = ? AND id = ? AND version <= ?"
    row = connection.execute(first, (kind, id)).fetchone()
    removed = connection.execute(statement, (kind, id, up_to)).rowcount
    if not removed:
        return 0
    if row is None:
        connection.execute("UPDATE pruned SET version = ? WHERE kind = ? AND id = ?", (up_to, kind, id))
    else:
        connection.execute("INSERT INTO pruned VALUES (?,?,?,?,?)", (kind, id, up_to, *row))
    # A snapshot holds what was removed.
    connection.execute("DELETE FROM snapshots WHERE kind = ? AND id = ?", (kind, id))
    return removed
