"""Keeps events in one SQLite file."""

import asyncio
import sqlite3
from collections.abc import Sequence

from actum.engine.sqlite import SqliteFile
from actum.journal.listing import read_token, write_token
from actum.journal.port import (
    Collided,
    Journal,
    Landed,
    Loaded,
    Outcome,
    Page,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamInfo,
    StreamKey,
    Write,
)
from actum.model.event import Stored

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
        type TEXT NOT NULL, type_version INTEGER NOT NULL, payload BLOB NOT NULL, metadata BLOB NOT NULL,
        time INTEGER NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS events_stream ON events (kind, id, version)",
    "CREATE INDEX IF NOT EXISTS events_first ON events (kind, time, position) WHERE version = 1",
    """CREATE TABLE IF NOT EXISTS replies (
        kind TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, call TEXT NOT NULL, reply BLOB NOT NULL,
        position INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (kind, id, key)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS snapshots (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, time INTEGER NOT NULL,
        fingerprint TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS pruned (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, first_time INTEGER NOT NULL,
        first_position INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS highest (position INTEGER NOT NULL)",
)
COLUMNS = "position, kind, id, version, type, type_version, payload, metadata, time"
ROW = "(?,?,?,?,?,?,?,?,?)"
WIDTH = 9
# One statement for many rows keeps the interpreter lock free for the event loop while SQLite works.
INSERTS = {rows: f"INSERT INTO events VALUES {','.join([ROW] * rows)}" for rows in (256, 64, 16, 4, 1)}
PAGE = 1_000
MOST_HEADS = 200_000
POLL = 1.0


class SqliteJournal(Journal):
    """Events in one SQLite file, written by this process alone.

    Positions have no gaps except where a stream was erased.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._heads: dict[StreamKey, int] = {}
        self._next: int | None = None
        self._committed = 0
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<SqliteJournal {self._file.path}>"

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        outcomes, head = await self._file.write(lambda connection: self._append(connection, writes))
        self._committed = head
        self._news.set()
        self._news = asyncio.Event()
        return outcomes

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        # A commit that failed stops the file, so there is no interrupted append to ask about while it runs.
        return None

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        return await self._file.read(
            lambda connection: [_load(connection, kind, id, fingerprints.get(kind, "")) for kind, id in streams]
        )

    async def read(
        self, kind: str, id: str, *, after: int = 0, up_to: int | None = None, limit: int | None = None, reverse: bool = False
    ) -> list[Stored]:
        last = 2**62 if up_to is None else up_to
        return await self._file.read(
            lambda connection: _read(connection, kind, id, after, last, -1 if limit is None else limit, reverse=reverse)
        )

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        return await self._file.read(lambda connection: [_reply(connection, *key) for key in keys])

    async def streams(
        self,
        kind: str,
        *,
        limit: int = 100,
        page: str | None = None,
        first_after: int | None = None,
        first_before: int | None = None,
        reverse: bool = False,
    ) -> Page:
        token = read_token(
            page,
            kind,
            limit=limit,
            first_after=first_after,
            first_before=first_before,
            reverse=reverse,
        )
        sign, order = ("<", "DESC") if token.reverse else (">", "ASC")
        statement = f"""
            SELECT f.id, f.time, f.position, l.version, l.time FROM (
                SELECT id, time, position FROM events WHERE kind = :kind AND version = 1
                UNION ALL SELECT id, first_time, first_position FROM pruned WHERE kind = :kind
            ) f JOIN events l ON l.kind = :kind AND l.id = f.id
                AND l.version = (SELECT max(version) FROM events WHERE kind = :kind AND id = f.id)
            WHERE (:after IS NULL OR f.time > :after) AND (:before IS NULL OR f.time < :before)
              AND (:time IS NULL OR (f.time, f.position) {sign} (:time, :position))
            ORDER BY f.time {order}, f.position {order} LIMIT :limit"""
        values = {
            "kind": kind,
            "after": token.first_after,
            "before": token.first_before,
            "time": token.time,
            "position": token.position,
            "limit": token.limit + 1,
        }
        rows = await self._file.read(lambda connection: connection.execute(statement, values).fetchall())
        items = [StreamInfo(row[0], row[3], row[1], row[4]) for row in rows[: token.limit]]
        if len(rows) <= token.limit:
            return Page(items, None)
        return Page(items, write_token(token, time=rows[token.limit - 1][1], position=rows[token.limit - 1][2]))

    async def feed(self, after: int, limit: int) -> list[Stored]:
        statement = f"SELECT {COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"
        return await self._file.read(
            lambda connection: [Stored(*row) for row in connection.execute(statement, (after, limit))]
        )

    async def head(self) -> int:
        return await self._file.read(_highest_visible)

    async def wait(self, after: int) -> None:
        if self._committed > after:
            return
        try:
            await asyncio.wait_for(self._news.wait(), POLL)
        except TimeoutError:
            return

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        values = (kind, id, snapshot.version, snapshot.time, snapshot.fingerprint, snapshot.state)
        statement = """INSERT INTO snapshots VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET version = excluded.version,
            time = excluded.time, fingerprint = excluded.fingerprint, state = excluded.state
            WHERE excluded.version >= version OR excluded.fingerprint <> fingerprint"""
        await self._file.write(lambda connection: connection.execute(statement, values))

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        return await self._file.write(lambda connection: _prune(connection, kind, id, up_to))

    async def erase(self, kind: str, id: str) -> int:
        def erase(connection: sqlite3.Connection) -> int:
            highest = self._next_position(connection) - 1
            connection.execute("DELETE FROM highest")
            connection.execute("INSERT INTO highest VALUES (?)", (highest,))
            self._heads.pop((kind, id), None)
            for table in ("snapshots", "replies", "pruned"):
                connection.execute(f"DELETE FROM {table} WHERE kind = ? AND id = ?", (kind, id))
            return connection.execute("DELETE FROM events WHERE kind = ? AND id = ?", (kind, id)).rowcount

        return await self._file.write(erase)

    async def forget_replies(self, before: int) -> int:
        return await self._file.write(
            lambda connection: connection.execute("DELETE FROM replies WHERE time < ?", (before,)).rowcount
        )

    async def close(self) -> None:
        await self._file.close()

    def _append(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> tuple[list[Outcome], int]:
        try:
            return self._append_checked(connection, writes)
        except BaseException:
            self._heads.clear()
            self._next = None
            raise

    def _append_checked(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> tuple[list[Outcome], int]:
        refused = self._refused(connection, writes)
        heads = self._heads
        position = self._next_position(connection)
        outcomes: list[Outcome] = []
        rows: list[object] = []
        replies: list[tuple[object, ...]] = []
        for index, write in enumerate(writes):
            if refused and index in refused:
                outcomes.append(refused[index])
                continue
            version = write.expected
            for type, type_version, payload in write.events:
                version += 1
                rows += (position, write.kind, write.id, version, type, type_version, payload, write.metadata, write.time)
                position += 1
            heads[write.kind, write.id] = version
            outcomes.append(Landed(position - 1))
            if write.key is not None:
                last = position - 1 if write.events else 0
                replies.append((write.kind, write.id, write.key, write.call, write.reply, last, write.time))
        _insert(connection, rows)
        if replies:
            connection.executemany("INSERT INTO replies VALUES (?,?,?,?,?,?,?)", replies)
        self._next = position
        if len(heads) > MOST_HEADS:
            heads.clear()
        return outcomes, position - 1

    def _refused(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> dict[int, Outcome]:
        """Finds the writes that cannot land; a group with one of them is tried again as a whole without it."""
        bad_groups: set[int] = set()
        while True:
            refused, groups = self._check(connection, writes, bad_groups)
            if groups <= bad_groups:
                return refused
            bad_groups |= groups

    def _check(
        self, connection: sqlite3.Connection, writes: Sequence[Write], bad_groups: set[int]
    ) -> tuple[dict[int, Outcome], set[int]]:
        refused: dict[int, Outcome] = {}
        groups: set[int] = set()
        versions: dict[StreamKey, int] = {}
        spoiled: set[StreamKey] = set()
        keys: dict[ReplyKey, Repeated] = {}
        for index, write in enumerate(writes):
            stream = (write.kind, write.id)
            actual = versions.get(stream)
            if actual is None:
                actual = self._heads.get(stream)
                if actual is None:
                    actual = self._heads[stream] = _version(connection, *stream)
            outcome: Outcome | None = None
            if write.key is not None:
                reply_key = (*stream, write.key)
                outcome = keys.get(reply_key) or _reply(connection, *reply_key)
            if outcome is None and (
                actual != write.expected or (spoiled and stream in spoiled) or (write.group is not None and write.group in bad_groups)
            ):
                outcome = Collided(actual)
            if outcome is not None:
                refused[index] = outcome
                spoiled.add(stream)
                if write.group is not None:
                    groups.add(write.group)
                continue
            versions[stream] = actual + len(write.events)
            if write.key is not None:
                keys[*stream, write.key] = Repeated(write.call, write.reply, 0)
        return refused, groups

    def _next_position(self, connection: sqlite3.Connection) -> int:
        if self._next is None:
            kept = connection.execute("SELECT max(position) FROM highest").fetchone()[0] or 0
            self._next = max(kept, _highest_visible(connection)) + 1
        return self._next


def _insert(connection: sqlite3.Connection, rows: list[object]) -> None:
    start, left = 0, len(rows) // WIDTH
    for size, statement in INSERTS.items():
        while left >= size:
            end = start + size * WIDTH
            connection.execute(statement, rows[start:end])
            start, left = end, left - size


def _highest_visible(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT max(position) FROM events").fetchone()[0] or 0


def _version(connection: sqlite3.Connection, kind: str, id: str) -> int:
    return connection.execute("SELECT max(version) FROM events WHERE kind = ? AND id = ?", (kind, id)).fetchone()[0] or 0


def _reply(connection: sqlite3.Connection, kind: str, id: str, key: str) -> Repeated | None:
    statement = "SELECT call, reply, position FROM replies WHERE kind = ? AND id = ? AND key = ?"
    row = connection.execute(statement, (kind, id, key)).fetchone()
    return None if row is None else Repeated(*row)


def _read(
    connection: sqlite3.Connection, kind: str, id: str, after: int, up_to: int, limit: int, *, reverse: bool
) -> list[Stored]:
    statement = f"""SELECT {COLUMNS} FROM events WHERE kind = ? AND id = ? AND version > ? AND version <= ?
        ORDER BY version {"DESC" if reverse else "ASC"} LIMIT ?"""
    return [Stored(*row) for row in connection.execute(statement, (kind, id, after, up_to, limit))]


def _load(connection: sqlite3.Connection, kind: str, id: str, fingerprint: str) -> Loaded:
    found = connection.execute(
        "SELECT version, time, fingerprint, state FROM snapshots WHERE kind = ? AND id = ? AND fingerprint = ?",
        (kind, id, fingerprint),
    ).fetchone()
    snapshot = Snapshot(*found) if found else None
    row = connection.execute("SELECT version FROM pruned WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    pruned = row[0] if row else 0
    after = snapshot.version if snapshot else pruned
    events = _read(connection, kind, id, after, 2**62, PAGE, reverse=False)
    return Loaded(snapshot, pruned, events, len(events) < PAGE)


def _prune(connection: sqlite3.Connection, kind: str, id: str, up_to: int) -> int:
    up_to = min(up_to, _version(connection, kind, id) - 1)
    if up_to < 1:
        return 0
    first = "SELECT time, position FROM events WHERE kind = ? AND id = ? AND version = 1"
    row = connection.execute(first, (kind, id)).fetchone()
    if row is None:
        connection.execute("UPDATE pruned SET version = max(version, ?) WHERE kind = ? AND id = ?", (up_to, kind, id))
    else:
        connection.execute("INSERT INTO pruned VALUES (?,?,?,?,?)", (kind, id, up_to, *row))
    connection.execute("DELETE FROM snapshots WHERE kind = ? AND id = ? AND version <= ?", (kind, id, up_to))
    statement = "DELETE FROM events WHERE kind = ? AND id = ? AND version <= ?"
    return connection.execute(statement, (kind, id, up_to)).rowcount
