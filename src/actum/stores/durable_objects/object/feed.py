"""The feed object: numbers the events of all entities without a gap, and lists the entities by age."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.json import encode

from actum.errors import BrokenStream, Unavailable
from actum.model.deletion import deletion
from actum.stores.durable_objects.object.history import MAX_BYTES
from actum.stores.durable_objects.object.platform import Latch, Platform
from actum.stores.durable_objects.refusal import Answer, refuse
from actum.stores.durable_objects.wire import Fact
from actum.stores.durable_objects.wire_feed import (
    Fed,
    Feed,
    FeedCall,
    Forget,
    Identity,
    LastErased,
    Listed,
    Streams,
    Take,
    Taken,
    Wait,
)

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS feed (
        position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
        type TEXT NOT NULL, type_version INTEGER NOT NULL, payload TEXT NOT NULL, metadata TEXT NOT NULL,
        time INTEGER NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS feed_streams ON feed (kind, id, version)",
    """CREATE TABLE IF NOT EXISTS streams (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, first_time INTEGER NOT NULL,
        first_position INTEGER NOT NULL, last_time INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS streams_by_age ON streams (kind, first_time, first_position)",
    "CREATE TABLE IF NOT EXISTS counter (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO counter VALUES (1, 0)",
    "CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)",
)
FED = "kind, id, position, version, type, type_version, payload, metadata, time"
LISTED = "id, version, first_time, first_position, last_time"
PATIENCE = 1.0
"""Seconds after which a call that collects hand-overs and does not end counts as cut off."""
MOMENT = 0.0
"""Seconds for which the first hand-over waits for others, so that they share one sync of the storage."""
MAX_WAIT = 25.0
"""The longest, in seconds, that a call waits for new events."""
MAX_EVENTS = 4_000

decode_call: Callable[[bytes | str], Any] = msgspec.json.Decoder(FeedCall).decode


class HandOver:
    """What one entity hands over, and its outcome."""

    def __init__(self, call: Take) -> None:
        self.call = call
        self.taken: Taken | None = None
        self.failure: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether it was taken or refused."""
        return self.taken is not None or self.failure is not None


class FeedObject:
    """The feed's Durable Object. `last` is the newest position given out; none is ever reused."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._execute = platform.execute
        for statement in SCHEMA:
            self._execute(statement)
        [[last]] = platform.rows("SELECT last FROM counter")
        self.last: int = last
        self._head = self._read_head()
        self._arrival: Latch | None = None
        self._waiting: list[HandOver] = []
        self._gathering: Latch | None = None

    def __repr__(self) -> str:
        return f"<FeedObject @{self.last}>"

    async def serve(self, body: str) -> str:
        """Answers one call."""
        try:
            answer = Answer.of(await self._act(decode_call(body)))
        except Exception as error:  # noqa: BLE001 (the caller gets it)
            answer = refuse(error, repr(self))
        return encode(answer).decode()

    async def alarm(self) -> str:
        """Does nothing."""
        return ""

    async def _act(self, call: FeedCall) -> Any:
        match call:
            case Take():
                return await self._take_together(call)
            case Wait():
                return await self._wait(call)
            case Forget():
                return self._forget(call)
            case _:
                return self._read(call)

    def _read(self, call: FeedCall) -> Any:
        match call:
            case Feed():
                return self._feed(call)
            case Streams():
                return self._streams(call)
            case Identity():
                return self._identity(call.proposed)
            case LastErased():
                return self._erased_at(call.kind, call.id)
            case _:
                raise Unavailable(f"the feed does not know {call!r}: deploy the objects again")

    async def _take_together(self, call: Take) -> Taken:
        """Takes one entity's events, in one transaction with those that others hand over at that moment."""
        hand_over = HandOver(call)
        self._waiting.append(hand_over)
        while not hand_over.is_done:
            gathering = self._gathering
            if gathering is None:
                await self._gather()
                continue
            await gathering.wait(PATIENCE)
            if self._gathering is gathering:
                self._gathering = None  # The call that collected was cut off.
        if hand_over.failure is not None:
            raise hand_over.failure
        assert hand_over.taken is not None
        return hand_over.taken

    async def _gather(self) -> None:
        gathering = self._gathering = self._platform.latch()
        await gathering.wait(MOMENT)
        if self._gathering is gathering:
            self._gathering = None
        together, self._waiting = self._waiting, []
        self._take_all(together)
        gathering.open()

    def _take_all(self, together: Sequence["HandOver"]) -> None:
        before = self.last, self._head

        def take() -> None:
            for hand_over in together:
                try:
                    hand_over.taken = self._take(hand_over.call)
                except BrokenStream as error:
                    hand_over.failure = error

        try:
            self._platform.transaction(take)
        except Exception as error:  # noqa: BLE001 (every caller gets it)
            self.last, self._head = before
            for hand_over in together:
                hand_over.taken, hand_over.failure = None, Unavailable(f"{self!r}: a write failed: {error}")
            self._platform.reset(f"{self!r}: a write failed: {error}")
        if self.last > before[0]:
            self._notify()

    def _take(self, call: Take) -> Taken:
        """Numbers new events; those that came before get the numbers that they had."""
        if not call.facts:
            return Taken([], self._head)
        known = self._platform.rows(
            "SELECT version FROM streams WHERE kind = ? AND id = ?", call.kind, call.id
        )
        version: int = known[0][0] if known else 0
        new = [fact for fact in call.facts if fact.version > version]
        for expected, fact in enumerate(new, version + 1):
            if fact.version != expected:
                raise BrokenStream(
                    f"the feed has {call.kind}/{call.id} up to {version} and was given {fact.version}"
                )
        positions = self._known_positions(call, call.facts[: len(call.facts) - len(new)])
        positions += range(self.last + 1, self.last + 1 + len(new))
        if new:
            self._keep(call, new, is_first=not known)
        return Taken(positions, self._head)

    def _known_positions(self, call: Take, facts: Sequence[Fact]) -> list[int]:
        if not facts:
            return []
        found = self._platform.rows(
            """SELECT position FROM feed WHERE kind = ? AND id = ? AND version BETWEEN ? AND ?
               ORDER BY version""",
            call.kind,
            call.id,
            facts[0].version,
            facts[-1].version,
        )
        if len(found) != len(facts):
            raise BrokenStream(f"the feed was given events of {call.kind}/{call.id} that it has removed")
        return [position for [position] in found]

    def _keep(self, call: Take, new: Sequence[Fact], *, is_first: bool) -> None:
        first, last = self.last + 1, self.last + len(new)
        for position, fact in enumerate(new, first):
            self._insert(position, call.kind, call.id, fact)
        newest = new[-1]
        if is_first:
            self._execute(
                "INSERT INTO streams VALUES (?,?,?,?,?,?)",
                call.kind,
                call.id,
                newest.version,
                new[0].time,
                first,
                newest.time,
            )
        else:
            self._execute(
                "UPDATE streams SET version = ?, last_time = ? WHERE kind = ? AND id = ?",
                newest.version,
                newest.time,
                call.kind,
                call.id,
            )
        self._execute("UPDATE counter SET last = ?", last)
        self.last = self._head = last

    def _read_head(self) -> int:
        [[head]] = self._platform.rows("SELECT coalesce(max(position), 0) FROM feed")
        return int(head)

    def _feed(self, call: Feed) -> list[Fed]:
        found = self._platform.rows(
            f"SELECT {FED} FROM feed WHERE position > ? ORDER BY position LIMIT ?",
            call.after,
            min(call.limit, MAX_EVENTS),
        )
        size = 0
        for count, row in enumerate(found):
            size += len(row[6]) + len(row[7])
            if size > MAX_BYTES and count:
                found = found[:count]
                break
        return [Fed(kind, id, Fact(*rest)) for kind, id, *rest in found]

    async def _wait(self, call: Wait) -> int:
        if self._head <= call.after:
            if self._arrival is None:
                self._arrival = self._platform.latch()
            await self._arrival.wait(min(call.patience, MAX_WAIT))
        return self._head

    def _streams(self, call: Streams) -> list[Listed]:
        order, beyond = ("DESC", "<") if call.reverse else ("ASC", ">")
        conditions, values = ["kind = ?"], [call.kind]
        more: list[tuple[str, Any]] = [
            ("first_time > ?", call.first_after),
            ("first_time < ?", call.first_before),
        ]
        for condition, value in more:
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if call.seen is not None:
            conditions.append(f"(first_time, first_position) {beyond} (?, ?)")
            values += call.seen  # type: ignore[arg-type]
        found = self._platform.rows(
            f"""SELECT {LISTED} FROM streams WHERE {" AND ".join(conditions)}
                ORDER BY first_time {order}, first_position {order} LIMIT ?""",
            *values,
            min(call.limit, MAX_EVENTS),
        )
        return [Listed(*row) for row in found]

    def _forget(self, call: Forget) -> int:
        if call.up_to is not None:
            self._execute(
                "DELETE FROM feed WHERE kind = ? AND id = ? AND version BETWEEN 1 AND ?",
                call.kind,
                call.id,
                call.up_to,
            )
            self._head = self._read_head()
        elif self._platform.rows("SELECT 1 FROM streams WHERE kind = ? AND id = ?", call.kind, call.id):
            self._erase(call)
        return self._erased_at(call.kind, call.id)

    def _erase(self, call: Forget) -> None:
        """Removes a stream, and records its erasure at a position of its own."""
        position = self.last + 1
        fact = deletion(position, call.kind, call.id, call.time, call.why)

        def write() -> None:
            self._execute("DELETE FROM feed WHERE kind = ? AND id = ?", call.kind, call.id)
            self._execute("DELETE FROM streams WHERE kind = ? AND id = ?", call.kind, call.id)
            self._insert(position, call.kind, call.id, Fact.of(fact))
            self._execute("UPDATE counter SET last = ?", position)

        self._platform.transaction(write)
        self.last = self._head = position
        self._notify()

    def _identity(self, proposed: str) -> str:
        self._execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", proposed)
        [[identity]] = self._platform.rows("SELECT id FROM identity")
        return str(identity)

    def _erased_at(self, kind: str, id: str) -> int:
        found = self._platform.rows(
            "SELECT position FROM feed WHERE kind = ? AND id = ? AND version = 0", kind, id
        )
        return int(found[0][0]) if found else 0

    def _insert(self, position: int, kind: str, id: str, fact: Fact) -> None:
        self._execute(
            "INSERT INTO feed VALUES (?,?,?,?,?,?,?,?,?)",
            position,
            kind,
            id,
            fact.version,
            fact.type,
            fact.type_version,
            fact.payload,
            fact.metadata,
            fact.time,
        )

    def _notify(self) -> None:
        if self._arrival is not None:
            self._arrival.open()
            self._arrival = None
