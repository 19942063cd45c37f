"""Who holds which claim in SQLite: recent changes in a log and in memory, all earlier ones in a table by key.

The keys are random, so a row that is inserted into the table by itself costs the write of a whole page, and
of another one of the index by holder. An append therefore writes its changes one after the other into the
log, and remembers them. Once there are MAX_RECENT, they are merged into the table in the order of their
keys, some with each append that follows: a page is then written once for many of them.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from actum.ports.journal import ClaimKey, StreamKey
from actum.stores.outcomes import ClaimChanges
from actum.stores.sqlite.journal.rows import LARGEST, SIZES, Rows, fill_up

KEY_BYTES = 16
"""A digest stands for its kind and name too, and its first bytes are enough to tell digests apart."""
MAX_RECENT = 32_768
"""Changes that are remembered before they are merged; while that is done, as many again."""
MIN_MERGED = 1_024
"""Changes that an append merges at least."""

# A holder is the number of its stream, 0 in the log if the claim was released.
SCHEMA = (
    "CREATE TABLE actum_claim_keys (key BLOB PRIMARY KEY, holder INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX actum_claim_keys_holder ON actum_claim_keys (holder)",
    """CREATE TABLE actum_claim_log (
        number INTEGER PRIMARY KEY, key BLOB NOT NULL, holder INTEGER NOT NULL)""",
    f"""INSERT OR IGNORE INTO actum_claim_keys
        SELECT substr(c.digest, 1, {KEY_BYTES}), s.stream
        FROM actum_claims c JOIN actum_streams s ON s.kind = c.kind AND s.id = c.id ORDER BY 1""",
    "DROP TABLE actum_claims",
)
LOG = Rows("actum_claim_log", 3)
MERGE = Rows("actum_claim_keys", 2, or_else="OR REPLACE")
# The cross joins look each of them up by the key, whatever the planner estimates.
REMOVE = {
    size: f"""DELETE FROM actum_claim_keys WHERE key IN (VALUES {",".join(["(?)"] * size)})"""
    for size in SIZES
}
FIND = {
    size: f"""SELECT key, id FROM (VALUES {",".join(["(?)"] * size)})
        CROSS JOIN actum_claim_keys ON key = column1 CROSS JOIN actum_streams ON stream = holder"""
    for size in SIZES
}
READ_LOG = """SELECT number, key, holder, coalesce(id, '')
    FROM actum_claim_log LEFT JOIN actum_streams ON stream = holder ORDER BY number"""
TRIM_LOG = "DELETE FROM actum_claim_log WHERE number <= ?"
RELEASE = tuple(f"DELETE FROM {table} WHERE holder = ?" for table in ("actum_claim_keys", "actum_claim_log"))

Change = tuple[ClaimKey, str | None]
"""A claim and who holds it from now on, None for nobody."""
Holder = tuple[int, str]
"""The number of a stream and its id; 0 and "" for nobody."""
NOBODY: Holder = (0, "")


class Claims:
    """The claims of a journal, which the writer thread looks up and changes.

    What it remembers is what the log holds. It has to `forget` that when a transaction is undone.
    """

    def __init__(self) -> None:
        self.forget()

    def __repr__(self) -> str:
        return f"<Claims, {len(self._recent)} recent, {len(self._merging)} being merged>"

    def forget(self) -> None:
        """Forgets what it remembers: the log is read again."""
        self._is_known = False
        self._last = 0
        self._recent: dict[bytes, Holder] = {}
        self._merging: dict[bytes, Holder] = {}
        self._order: list[bytes] = []
        self._merged = 0
        self._trims = 0

    def holders(self, connection: sqlite3.Connection, claims: Sequence[ClaimKey]) -> dict[ClaimKey, str]:
        """Gives the holders of those claims that somebody holds."""
        self._learn(connection)
        recent, merging = self._recent, self._merging
        found: dict[ClaimKey, str] = {}
        unknown: dict[bytes, ClaimKey] = {}
        for claim in claims:
            key = claim[2][:KEY_BYTES]
            if key in recent:
                holder = recent[key]
            elif key in merging:
                holder = merging[key]
            else:
                unknown[key] = claim
                continue
            if holder[0]:
                found[claim] = holder[1]
        if unknown:
            found.update((unknown[key], id) for key, id in _find(connection, unknown))
        return found

    def change(
        self,
        connection: sqlite3.Connection,
        changes: Sequence[Change],
        number_of: Callable[[StreamKey], int],
    ) -> None:
        """Stores who holds claims from now on, and merges some of the earlier changes."""
        self._learn(connection)
        recent, last = self._recent, self._last
        rows: list[object] = []
        for claim, id in changes:
            key = claim[2][:KEY_BYTES]
            holder = NOBODY if id is None else (number_of((claim[0], id)), id)
            last += 1
            rows += (last, key, holder[0])
            recent[key] = holder
        LOG.insert(connection, rows)
        self._last = last
        if self._order or len(recent) >= MAX_RECENT:
            self._merge(connection, max(MIN_MERGED, 2 * len(changes)))

    def release_all(self, connection: sqlite3.Connection, holder: int) -> None:
        """Releases what a stream holds, given its number (0: it has none), which another may get later."""
        if not holder:
            return
        self._learn(connection)
        for statement in RELEASE:
            connection.execute(statement, (holder,))
        for changes in (self._recent, self._merging):
            # Not removed: what was there before would be seen again.
            changes.update((key, NOBODY) for key, held in [*changes.items()] if held[0] == holder)

    def _learn(self, connection: sqlite3.Connection) -> None:
        if not self._is_known:
            for number, key, holder, id in connection.execute(READ_LOG):
                self._recent[key] = (holder, id)
                self._last = number
            self._is_known = True

    def _merge(self, connection: sqlite3.Connection, count: int) -> None:
        """Merges the next changes in the order of their keys; when all are, removes them from the log.

        Interrupted, it begins again: the log still has them all.
        """
        if not self._order:
            self._merging, self._recent = self._recent, {}
            self._order, self._merged, self._trims = sorted(self._merging), 0, self._last
        keys = self._order[self._merged : self._merged + count]
        self._merged += len(keys)
        changes = [(key, self._merging[key][0]) for key in keys]
        MERGE.insert(connection, [part for change in changes if change[1] for part in change])
        _each(connection, REMOVE, [key for key, holder in changes if not holder])
        if self._merged == len(self._order):
            connection.execute(TRIM_LOG, (self._trims,))
            self._merging, self._order = {}, []


def changes_of(changes: ClaimChanges, holders: Mapping[ClaimKey, str]) -> list[Change]:
    """Gives what an append changes, given who held claims before.

    What one entity hands on to another is released first: erasing the other leaves the release.
    """
    freed: list[Change] = [(claim, None) for claim, id in changes.freed if holders.get(claim) == id]
    if not holders:
        return [*changes.taken.items()]
    gone = {claim for claim, _ in freed}
    taken = changes.taken.items()
    return [*freed, *((claim, id) for claim, id in taken if holders.get(claim) != id or claim in gone)]


def stored_holders(connection: sqlite3.Connection, claims: Iterable[ClaimKey]) -> dict[ClaimKey, str]:
    """Gives the holders of those claims that somebody holds, as any connection sees them."""
    wanted = {claim[2][:KEY_BYTES]: claim for claim in claims}
    found = dict(_find(connection, wanted))
    for _, key, holder, id in connection.execute(READ_LOG):
        if key in wanted:
            found[key] = id if holder else ""
    return {wanted[key]: id for key, id in found.items() if id}


def _find(connection: sqlite3.Connection, keys: Iterable[bytes]) -> list[tuple[bytes, str]]:
    return _each(connection, FIND, list(keys))


def _each(
    connection: sqlite3.Connection, statements: dict[int, str], keys: Sequence[bytes]
) -> list[tuple[bytes, str]]:
    rows: list[tuple[bytes, str]] = []
    for start in range(0, len(keys), LARGEST):
        some: list[object] = [*keys[start : start + LARGEST]]
        rows += connection.execute(statements[fill_up(some, 1)], some).fetchall()
    return rows
