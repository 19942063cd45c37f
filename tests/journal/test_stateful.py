"""Journals against a model that is a dict of lists: whatever is done, in whatever order, they agree (R14)."""

import asyncio
import shutil
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actum.model.deletion import deletion
from actum.model.event import Stored
from actum.ports.journal import (
    Collided,
    EventRange,
    Journal,
    Landed,
    Outcome,
    Repeated,
    Snapshot,
    StreamListing,
    Write,
)
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.archive.selection import Selection
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA
from tests.journal.archiving import open_sqlite

IDS = ("a", "b", "c")
KEYS = ("k-1", "k-2", "k-3")
CODE = "code-1"

ids = st.sampled_from(IDS)
small = st.integers(0, 12)
drawn = st.tuples(
    ids,
    st.sampled_from([0, 0, 0, 0, -1, 1]),
    st.lists(st.integers(0, 99), max_size=3),
    st.sampled_from([None, None, None, *KEYS]),
    st.sampled_from([None, None, None, 1, 2]),
)


class JournalMachine(RuleBasedStateMachine):
    """One journal, and what must be in it: the events of each stream, and what lies beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.journal = self.run(self.opened())
        self.events: dict[str, list[Stored]] = {}
        self.first: dict[str, Stored] = {}
        self.erased: dict[str, Stored] = {}
        self.replies: dict[tuple[str, str], Repeated] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.seen = 0
        self.clock = 0

    async def opened(self) -> Journal:
        raise NotImplementedError

    def run(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    def teardown(self) -> None:
        self.run(self.journal.close())
        self.runner.close()

    def version(self, id: str) -> int:
        return self.events[id][-1].version if self.events.get(id) else 0

    def head(self) -> int:
        return max((event.position for event in self.shown()), default=0)

    def shown(self) -> list[Stored]:
        shown = [*chain.from_iterable(self.events.values()), *self.erased.values()]
        return sorted(shown, key=lambda event: event.position)

    @rule(drawn=st.lists(drawn, max_size=6))
    def append(self, drawn: list[tuple[str, int, list[int], str | None, int | None]]) -> None:
        self.clock += 1
        planned: dict[str, int] = {}
        writes = []
        for id, off, amounts, key, group in drawn:
            version = planned.get(id, self.version(id))
            events = [("Deposited", 1, b"%d" % amount) for amount in amounts]
            metadata, reply = b"%d" % self.clock, b"%d" % len(writes)
            expected = max(version + off, 0)
            write = Write(
                "Account", id, expected, events, metadata, self.clock // 2, key, "call", reply, group
            )
            planned[id] = version + len(events)
            if events or key:
                writes.append(write)

        outcomes = self.run(self.journal.append(writes))

        landing = self.landing(writes)
        for number, (write, outcome) in enumerate(zip(writes, outcomes, strict=True)):
            self.check(write, outcome, lands=number in landing)

    def landing(self, writes: list[Write]) -> set[int]:
        """Gives the numbers of the writes that must land."""
        fallen: set[int] = set()
        while True:
            versions = {id: self.version(id) for id in IDS}
            keys, spoiled, landing = set(self.replies), set(), set()
            for number, write in enumerate(writes):
                is_new = write.key is None or (write.id, write.key) not in keys
                is_right = write.expected == versions[write.id] and write.id not in spoiled
                if is_new and is_right and write.group not in fallen:
                    landing.add(number)
                    versions[write.id] += len(write.events)
                    keys |= {(write.id, write.key)} - {(write.id, None)}
                else:
                    spoiled.add(write.id)
            more = {write.group for n, write in enumerate(writes) if n not in landing} - {None} - fallen
            if not more:
                return landing
            fallen |= more

    def check(self, write: Write, outcome: Outcome, *, lands: bool) -> None:
        reply_key = (write.id, write.key or "")
        if not lands:
            repeated = self.replies.get(reply_key)
            assert outcome == (repeated or Collided(self.version(write.id)))
            return
        assert isinstance(outcome, Landed)
        if write.events:
            assert outcome.position > self.seen
            self.seen = outcome.position
        position = outcome.position - len(write.events)
        for version, (type_, type_version, payload) in enumerate(write.events, write.expected + 1):
            position += 1
            event = Stored(
                position,
                "Account",
                write.id,
                version,
                type_,
                type_version,
                payload,
                write.metadata,
                write.time,
            )
            self.events.setdefault(write.id, []).append(event)
            self.first.setdefault(write.id, event)
        assert write.events or outcome.position == self.head()
        if write.key is not None:
            self.replies[reply_key] = Repeated(write.call, write.reply, outcome.position)

    @rule(id=ids, up_to=small)
    def prune(self, id: str, up_to: int) -> None:
        removed = self.run(self.journal.prune("Account", id, up_to))

        kept = [event for event in self.events.get(id, [])[:-1] if event.version > up_to]
        left = kept + self.events.get(id, [])[-1:]
        assert removed == len(self.events.get(id, [])) - len(left)
        if removed:
            self.events[id] = left
            self.snapshots.pop(id, None)

    @rule(id=ids)
    def erase(self, id: str) -> None:
        erased = self.run(self.journal.erase("Account", id, time=self.clock))

        gone = self.events.pop(id, [])
        assert erased.events == len(gone)
        if gone:
            assert erased.position > self.seen
            self.seen = erased.position
            self.erased[id] = deletion(erased.position, "Account", id, self.clock)
        assert erased.position == (self.erased[id].position if id in self.erased else 0)
        self.first.pop(id, None)
        self.snapshots.pop(id, None)
        self.replies = {key: reply for key, reply in self.replies.items() if key[0] != id}

    @rule(id=ids, version=st.integers(1, 12))
    def save_snapshot(self, id: str, version: int) -> None:
        snapshot = Snapshot(version, self.clock, CODE, b'{"balance":%d}' % version)

        self.run(self.journal.save_snapshot("Account", id, snapshot))

        pruned = self.events[id][0].version - 1 if self.events.get(id) else 0
        kept = self.snapshots.get(id)
        if pruned < version <= self.version(id) and (kept is None or kept.version <= version):
            self.snapshots[id] = snapshot

    @rule(id=ids, after=small, up_to=st.none() | small, limit=st.none() | small, reverse=st.booleans())
    def read(self, id: str, after: int, up_to: int | None, limit: int | None, reverse: bool) -> None:
        found = self.run(
            self.journal.read(
                EventRange("Account", id, after=after, up_to=up_to, limit=limit, reverse=reverse)
            )
        )

        last = 10_000 if up_to is None else up_to
        wanted = [event for event in self.events.get(id, []) if after < event.version <= last]
        assert found == (wanted[::-1] if reverse else wanted)[:limit]

    @rule(limit=st.integers(1, 3), after=st.none() | small, before=st.none() | small, reverse=st.booleans())
    def list_streams(self, limit: int, after: int | None, before: int | None, reverse: bool) -> None:
        found = []
        page = self.run(
            self.journal.streams(
                StreamListing("Account", limit=limit, first_after=after, first_before=before, reverse=reverse)
            )
        )
        found += page.items
        while page.next is not None:
            assert len(page.items) == limit
            page = self.run(self.journal.streams(page.next))
            found += page.items

        wanted = [
            first
            for first in self.first.values()
            if (after is None or first.time > after) and (before is None or first.time < before)
        ]
        wanted.sort(key=lambda event: (event.time, event.position), reverse=reverse)
        assert [info.id for info in found] == [event.id for event in wanted]
        assert [info.first_time for info in found] == [event.time for event in wanted]
        assert [info.version for info in found] == [self.version(event.id) for event in wanted]

    @rule(after=st.integers(0, 60), limit=st.integers(0, 9))
    def feed(self, after: int, limit: int) -> None:
        found = self.run(self.journal.feed(after, limit))

        assert found == [event for event in self.shown() if event.position > after][:limit]

    @invariant()
    def the_head_is_the_last_event(self) -> None:
        assert self.run(self.journal.head()) == self.head()

    @invariant()
    def streams_load_as_they_are(self) -> None:
        loaded = self.run(self.journal.load([("Account", id) for id in IDS], {"Account": CODE}))
        for id, one in zip(IDS, loaded, strict=True):
            snapshot = self.snapshots.get(id)
            after = snapshot.version if snapshot else 0
            events = self.events.get(id, [])
            assert one.snapshot == snapshot
            assert one.events == [event for event in events if event.version > after]
            assert one.pruned == (events[0].version - 1 if events else 0)

    @invariant()
    def replies_are_kept(self) -> None:
        keys = [(id, key) for id in IDS for key in KEYS]
        found = self.run(self.journal.replies([("Account", *key) for key in keys]))
        assert found == [self.replies.get(key) for key in keys]


class MemoryMachine(JournalMachine):
    async def opened(self) -> Journal:
        return MemoryJournal()


class SqliteMachine(JournalMachine):
    """The file is closed and opened again in between."""

    async def opened(self) -> Journal:
        self.directory = Path(tempfile.mkdtemp(prefix="actum-"))
        return await self.open_file()

    async def open_file(self) -> Journal:
        return SqliteJournal(await SqliteFile.open(str(self.directory / "bank.db"), (SCHEMA,)))

    @precondition(lambda self: self.clock > 2)
    @rule()
    def reopen(self) -> None:
        self.run(self.journal.close())
        self.journal = self.run(self.open_file())

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory)


class ArchivedMachine(SqliteMachine):
    """Old streams are archived in between: nobody sees it, and no file has what is gone."""

    async def open_file(self) -> Journal:
        self.sqlite = await open_sqlite(self.directory / "bank.db")
        return self.sqlite

    @rule(age=small)
    def archive(self, age: int) -> None:
        selection = Selection(before=self.clock // 2 + 1 - age)
        self.run(self.sqlite.archive.add_all(selection, lambda done, total: None))

    @invariant()
    def files_have_only_what_the_feed_has(self) -> None:
        folder = self.sqlite.archive.folder
        kept = [event for name in folder.names() for event in folder.read(name)]
        assert {event.position for event in kept} <= {event.position for event in self.shown()}
        assert len(kept) == len({event.position for event in kept})


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSqlite = pytest.mark.slow(SqliteMachine.TestCase)
TestSqlite.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestArchived = pytest.mark.slow(ArchivedMachine.TestCase)
TestArchived.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
