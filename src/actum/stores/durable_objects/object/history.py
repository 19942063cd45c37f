"""One entity's history in its object's storage: events, stored replies, a snapshot, and scheduled commands.

Nothing in the tables is NULL, because it would not come back as None: 0 and "" stand for no value.
An event whose `position` is 0 has not been confirmed by the feed, so the events themselves are the outbox.
"""

from collections.abc import Sequence

from actum.model.deletion import ERASED
from actum.model.turn import Emitted
from actum.stores.durable_objects.object.platform import Platform
from actum.stores.durable_objects.wire import Fact, Reply, SaveSnapshot, Schedule

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        version INTEGER PRIMARY KEY, type TEXT NOT NULL, type_version INTEGER NOT NULL,
        payload TEXT NOT NULL, metadata TEXT NOT NULL, time INTEGER NOT NULL,
        position INTEGER NOT NULL DEFAULT 0, attempt TEXT NOT NULL, reply TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS events_unconfirmed ON events (version) WHERE position = 0",
    """CREATE TABLE IF NOT EXISTS replies (
        key TEXT PRIMARY KEY, call TEXT NOT NULL, reply TEXT NOT NULL, version INTEGER NOT NULL,
        position INTEGER NOT NULL, time INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS snapshots (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, time INTEGER NOT NULL,
        fingerprint TEXT NOT NULL, state TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS later (
        name TEXT PRIMARY KEY, due INTEGER NOT NULL, command TEXT NOT NULL, arguments TEXT NOT NULL,
        metadata TEXT NOT NULL, key TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
FACT = "position, version, type, type_version, payload, metadata, time"
MAX_BYTES = 4_000_000
"""Roughly the size limit of one answer or hand-over; the platform's own limit for a message is 32 MiB."""
MAX_FACTS = 2_000
REMEMBERED = 1_000
"""How many of the newest events are searched for a repeated call."""
FOREVER = 2**50


class History:
    """What is stored of one entity. Every method reads or writes at once, without waiting."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._execute = platform.execute
        for statement in SCHEMA:
            self._execute(statement)
        names = dict(platform.rows("SELECT name, value FROM facts"))
        self.is_named: bool = "id" in names
        self.space: str = names.get("space", "")
        self.kind: str = names.get("kind", "")
        self.id: str = names.get("id", "")
        self.pruned: int = int(names.get("pruned", 0))
        [[version]] = platform.rows("SELECT coalesce(max(version), 0) FROM events")
        self.version: int = max(version, self.pruned)
        [[first]] = platform.rows("SELECT coalesce(min(version), 0) FROM events WHERE position = 0")
        self.confirmed: int = first - 1 if first else self.version
        self._placed: list[tuple[int, int, int]] = []

    def name(self, space: str, kind: str, id: str) -> None:
        """Stores the entity's kind and id, so that an alarm finds them."""
        if not self.is_named:
            self._execute("INSERT INTO facts VALUES ('space', ?), ('kind', ?), ('id', ?)", space, kind, id)
            self.space, self.kind, self.id, self.is_named = space, kind, id, True

    def keep(
        self,
        events: Sequence[Emitted],
        metadata: str,
        time: int,
        *,
        attempt: str = "",
        reply: str = "",
        key: tuple[str, str] | None = None,
    ) -> None:
        """Stores the events of one call and, with a `key` (and what it stands for), the reply to it."""
        self.place()
        if key is None and len(events) == 1:
            self._insert(self.version + 1, events[0], metadata, time, attempt, reply)
        else:
            last = self.version + len(events)

            def write() -> None:
                for version, event in enumerate(events, self.version + 1):
                    is_last = version == last
                    self._insert(
                        version, event, metadata, time, attempt, reply if is_last and key is None else ""
                    )
                if key is not None:
                    self._execute(
                        "INSERT INTO replies VALUES (?,?,?,?,0,?)", key[0], key[1], reply, last, time
                    )

            self._platform.transaction(write)
        self.version += len(events)

    def reply(self, key: str) -> Reply | None:
        """Returns the reply stored under a key; its position is 0 until the feed has confirmed it."""
        self.place()
        found = self._platform.rows(
            """SELECT replies.call, replies.reply, CASE WHEN replies.position THEN replies.position
                    ELSE coalesce(events.position, 0) END
               FROM replies LEFT JOIN events USING (version) WHERE key = ?""",
            key,
        )
        return Reply(*found[0]) if found else None

    def reply_version(self, key: str) -> int:
        """Returns the entity's version after a key's call."""
        [[version]] = self._platform.rows("SELECT version FROM replies WHERE key = ?", key)
        return int(version)

    def place_reply(self, key: str, position: int) -> None:
        """Stores the position that was reported to the first call of a key."""
        self._execute("UPDATE replies SET position = ? WHERE key = ?", position, key)

    def attempted(self, attempt: str) -> tuple[int, int, str] | None:
        """Returns the versions before and after an earlier call, and its reply, if it is among the newest."""
        found = self._platform.rows(
            """SELECT version, reply FROM events WHERE version > ? AND attempt = ? ORDER BY version DESC""",
            self.version - REMEMBERED,
            attempt,
        )
        return (found[-1][0] - 1, found[0][0], found[0][1]) if found else None

    def forget_attempts(self, before: int) -> None:
        """Deletes replies to calls without a key that are too old to come again."""
        self.place()
        self._execute("UPDATE events SET reply = '' WHERE reply <> '' AND time < ? AND position > 0", before)

    def read(
        self, after: int, up_to: int | None, limit: int | None, *, reverse: bool
    ) -> tuple[list[Fact], bool]:
        """Returns a page of events by version, and whether nothing follows it."""
        self.place()
        most = min(MAX_FACTS, FOREVER if limit is None else limit)
        order = "DESC" if reverse else "ASC"
        found = self._platform.rows(
            f"SELECT {FACT} FROM events WHERE version > ? AND version <= ? ORDER BY version {order} LIMIT ?",
            after,
            FOREVER if up_to is None else up_to,
            most + 1,
        )
        facts = as_page([Fact(*row) for row in found[:most]])
        return facts, len(facts) == len(found)

    def unconfirmed(self) -> list[Fact]:
        """Returns the oldest events that the feed has not confirmed."""
        return self.read(self.confirmed, None, None, reverse=False)[0]

    def confirm(self, facts: Sequence[Fact], positions: Sequence[int]) -> None:
        """Notes the feed's positions of consecutive events."""
        start = 0
        for end in range(1, len(facts) + 1):
            if end < len(facts) and positions[end] == positions[end - 1] + 1:
                continue
            self._placed.append(
                (positions[start] - facts[start].version, facts[start].version, facts[end - 1].version)
            )
            start = end
        self.confirmed = max(self.confirmed, facts[-1].version)

    def place(self) -> None:
        """Stores the positions that the feed has confirmed.

        If they are lost, the feed is asked again: so they wait for the next write, and no answer waits for
        them.
        """
        while self._placed:
            self._execute(
                "UPDATE events SET position = version + ? WHERE version BETWEEN ? AND ?", *self._placed[0]
            )
            del self._placed[0]

    def position(self, version: int) -> int:
        """Returns the position of an event; 0 until the feed has confirmed it."""
        for offset, first, last in self._placed:
            if first <= version <= last:
                return version + offset
        found = self._platform.rows("SELECT position FROM events WHERE version = ?", version)
        return int(found[0][0]) if found else 0

    def snapshot(self, fingerprint: str | None) -> SaveSnapshot | None:
        """Returns the snapshot that code with this fingerprint made."""
        if fingerprint is None:
            return None
        found = self._platform.rows(
            "SELECT version, time, fingerprint, state FROM snapshots WHERE fingerprint = ?", fingerprint
        )
        return SaveSnapshot(*found[0]) if found else None

    def save_snapshot(self, snapshot: SaveSnapshot) -> None:
        """Stores a snapshot, unless a later one exists, or its version is pruned or not reached."""
        if not self.pruned < snapshot.version <= self.version:
            return
        # A snapshot older than the first event belongs to a former entity, which was erased.
        [[begun]] = self._platform.rows("SELECT time FROM events ORDER BY version LIMIT 1")
        if snapshot.time < begun:
            return
        self._execute(
            """INSERT INTO snapshots VALUES (1,?,?,?,?) ON CONFLICT (one) DO UPDATE
               SET version = excluded.version, time = excluded.time, fingerprint = excluded.fingerprint,
                   state = excluded.state
               WHERE excluded.fingerprint <> fingerprint OR excluded.version >= version""",
            snapshot.version,
            snapshot.time,
            snapshot.fingerprint,
            snapshot.state,
        )

    def prune(self, up_to: int) -> int:
        """Removes events up to a version, never the last one, with the snapshot that depends on them."""
        last = min(up_to, self.version - 1)
        removed = last - self.pruned
        if removed <= 0:
            return 0

        self.place()

        def write() -> None:
            self._execute(
                """UPDATE replies SET position =
                       (SELECT position FROM events WHERE events.version = replies.version)
                   WHERE position = 0 AND version BETWEEN ? AND ?""",
                self.pruned + 1,
                last,
            )
            self._execute("DELETE FROM events WHERE version <= ?", last)
            self._execute("DELETE FROM snapshots")
            self._note("pruned", str(last))

        self._platform.transaction(write)
        self.pruned = last
        return removed

    def schedule(self, later: Schedule) -> None:
        """Schedules a command; one of the same name is replaced."""
        self._execute(
            "INSERT OR REPLACE INTO later VALUES (?,?,?,?,?,?)",
            later.name,
            later.due,
            later.command,
            later.arguments,
            later.metadata,
            later.key,
        )

    def cancel(self, name: str, due: int | None = None) -> None:
        """Cancels a scheduled command; with `due`, unless it has been rescheduled in the meantime."""
        if due is None:
            self._execute("DELETE FROM later WHERE name = ?", name)
        else:
            self._execute("DELETE FROM later WHERE name = ? AND due = ?", name, due)

    def due(self, now: int) -> list[Schedule]:
        """Returns the commands that are due, the earliest first."""
        found = self._platform.rows(
            """SELECT name, due, command, arguments, metadata, key FROM later WHERE due <= ?
               ORDER BY due, name""",
            now,
        )
        return [Schedule(*row) for row in found]

    def next_due(self) -> int | None:
        """Returns when the next command is due."""
        [[due]] = self._platform.rows("SELECT coalesce(min(due), 0) FROM later")
        return due or None

    def mark_erased(self, time: int, why: str) -> None:
        """Notes that everything is to be erased, so that an interrupted erasure is finished."""

        def write() -> None:
            self._note("erased", str(time))
            self._note("why", why)

        self._platform.transaction(write)

    def erased_since(self) -> tuple[int, str] | None:
        """Returns time and reason of an erasure that was begun and not finished, None if there is none."""
        noted = dict(self._platform.rows("SELECT name, value FROM facts WHERE name IN ('erased', 'why')"))
        return (int(noted["erased"]), noted.get("why", ERASED)) if "erased" in noted else None

    def _insert(
        self, version: int, event: Emitted, metadata: str, time: int, attempt: str, reply: str
    ) -> None:
        self._execute(
            "INSERT INTO events VALUES (?,?,?,?,?,?,0,?,?)",
            version,
            event[0],
            event[1],
            event[2].decode(),
            metadata,
            time,
            attempt,
            reply,
        )

    def _note(self, name: str, value: str) -> None:
        self._execute("INSERT OR REPLACE INTO facts VALUES (?,?)", name, value)


def as_page(facts: list[Fact]) -> list[Fact]:
    """Returns the first events that fit into one message, at least one."""
    size = 0
    for count, fact in enumerate(facts):
        size += len(fact.payload) + len(fact.metadata)
        if size > MAX_BYTES and count:
            return facts[:count]
    return facts
