"""The archive of a journal in a SQLite file: what reads it, adds to it, and takes out what was erased."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Struct

from actum.model.event import Stored
from actum.stores.sqlite.archive.checking import find_segments
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.reading import ArchivedEvents
from actum.stores.sqlite.archive.segment import SegmentLost, encode, has_sealed, name_of
from actum.stores.sqlite.archive.selection import Amount, Selection
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.job import Work

T = TypeVar("T")
Report = Callable[[int, int], None]
"""Is called with how many events are archived, and how many there are to be."""

DUE = """SELECT d.segment, s.file FROM actum_segments_due d LEFT JOIN actum_segments s USING (segment)
    ORDER BY d.segment LIMIT 1"""
HAS_WORK = """SELECT EXISTS (SELECT 1 FROM actum_segments_due)
    OR EXISTS (SELECT 1 FROM actum_segments_unused)"""
UNUSED = "SELECT file FROM actum_segments_unused WHERE file NOT IN (SELECT file FROM actum_segments)"
WILL_USE = "INSERT OR IGNORE INTO actum_segments_unused VALUES (?)"
USES = "DELETE FROM actum_segments_unused WHERE file = ?"
IS_DONE = "DELETE FROM actum_segments_due WHERE segment = ?"
LEFT = """SELECT e.position FROM json_each(?) CROSS JOIN actum_events e ON e.position = value
    WHERE e.payload = ? AND typeof(e.payload) = 'integer'"""
NEXT = "SELECT coalesce(max(segment), 0) + 1 FROM actum_segments"
ADD = "INSERT INTO actum_segments VALUES (?, ?, ?, ?, ?)"
REPLACE = """UPDATE actum_segments SET file = ?, size = ?, events = ?, is_sealed = ?
    WHERE segment = ? AND file = ?"""
DROP = "DELETE FROM actum_segments WHERE segment = ? AND file = ?"
MOVE = """UPDATE actum_events SET payload = ?, metadata = x'' WHERE position = ? AND payload = ?
    AND metadata = ? AND version = ?"""


class Segment(Struct, frozen=True):
    """A segment that is to be written."""

    events: Sequence[Stored]
    content: bytes
    file: str

    @classmethod
    def of(cls, events: Sequence[Stored]) -> "Segment":
        content = encode(events)
        return cls(events, content, name_of(content))

    @property
    def columns(self) -> tuple[str, int, int, bool]:
        """The file, its size, how many events are in it, and whether some are sealed."""
        return self.file, len(self.content), len(self.events), has_sealed(self.events)


class Archive:
    """The archived events of a journal, in the folder beside its file.

    Only one process changes it at a time: the owner of the file. A segment's file is written and synced
    before the store names it, and is removed after the store has stopped to name it; before either, the store
    notes the file, so that what is left after a crash is removed at the next opening.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.folder: SegmentFolder = SegmentFolder(file.path)
        self.events: ArchivedEvents = ArchivedEvents(self.folder)
        self._adding = asyncio.Lock()
        self._changing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Archive {self.folder.path}>"

    async def read(self, work: Work[T]) -> T:
        """Runs work that reads events; again if a segment was replaced meanwhile."""
        missing = ""
        while True:
            try:
                return await self._file.read(work)
            except SegmentLost as error:
                # The state that was read may be older than the replacement; the next one names another file.
                if error.file == missing:
                    raise
                missing = error.file

    async def open(self) -> None:
        """Checks that every file is there, and ends what a crash has interrupted.

        Raises SegmentLost if one is missing: without it, views would be built of half a history.
        """
        await self._file.read(lambda connection: find_segments(connection, self.folder))
        if await self._file.read(has_work):
            await self.clean()

    async def clean(self) -> None:
        """Takes what was erased or pruned out of the files; when this returns, it is in none.

        Beside the owner it leaves that to the owner, whose files it might remove before they are named.
        """
        if not self._file.is_owner:
            return
        async with self._changing:
            while due := await self._file.read(lambda connection: connection.execute(DUE).fetchone()):
                await self._rewrite(*due)
            for (file,) in await self._file.read(lambda connection: connection.execute(UNUSED).fetchall()):
                await asyncio.to_thread(self.folder.remove, file)
                self.events.drop(file)
                await self._execute(USES, file)

    async def add(self, events: Sequence[Stored]) -> Segment:
        """Moves the contents of events into a new segment; all of them are there, or none.

        Raises LookupError if one of them is not in the store as it was read.
        """

        def name(connection: sqlite3.Connection) -> None:
            [number] = connection.execute(NEXT).fetchone()
            connection.execute(ADD, (number, *segment.columns))
            moved = [(number, one.position, one.payload, one.metadata, one.version) for one in events]
            found = connection.executemany(MOVE, moved).rowcount
            if found != len(events):
                raise LookupError(f"{len(events) - found} events are not as they were read")
            connection.execute(USES, (segment.file,))

        async with self._changing:
            segment = await asyncio.to_thread(Segment.of, events)
            await self._write(segment)
            await self._file.write(name)
        return segment

    async def count(self, selection: Selection) -> Amount:
        """Gives how much a selection has."""
        return await self._file.read(selection.count)

    async def add_all(self, selection: Selection, report: Report) -> int:
        """Moves the contents of selected events into segments; gives the bytes of their files.

        Interrupted anywhere, each event is whole in the store or in a segment, and a later run goes on.
        """
        await self.clean()
        done = size = after = 0
        async with self._adding:
            total = (await self.count(selection)).events
            while events := await self._file.read(partial(selection.segment, after=after)):
                size += len((await self.add(events)).content)
                after = events[-1].position
                done += len(events)
                report(done, total)
        return size

    async def vacuum(self) -> None:
        """Gives the free space of the store's file back to the disk; nothing else may use the file."""
        # A VACUUM runs in no transaction: work that begins its own is run without one.
        await self._file.write(lambda connection: connection.execute("VACUUM"), begins=True)

    async def _rewrite(self, number: int, file: str | None) -> None:
        """Replaces the file of a segment by one with the events that the store still has."""
        if file is None:
            await self._execute(IS_DONE, number)
            return
        events = (await asyncio.to_thread(self.events.of, file)).values()
        positions = _json([event.position for event in events])
        left = await self._file.read(_left(positions, number))
        if len(left) == len(events):
            # Nothing of it was removed.
            await self._execute(IS_DONE, number)
            return
        segment = Segment.of([event for event in events if event.position in left]) if left else None
        if segment is not None:
            await self._write(segment)
        await self._file.write(_switching(number, file, segment, positions, left))

    async def _write(self, segment: Segment) -> None:
        await self._execute(WILL_USE, segment.file)
        await asyncio.to_thread(self.folder.write, segment.content)

    async def _execute(self, statement: str, *values: object) -> None:
        await self._file.write(lambda connection: connection.execute(statement, values))


def has_work(connection: sqlite3.Connection) -> bool:
    """Says whether there is something to be cleaned."""
    return bool(connection.execute(HAS_WORK).fetchone()[0])


def _left(positions: str, number: int) -> Callable[[sqlite3.Connection], set[int]]:
    return lambda connection: {row[0] for row in connection.execute(LEFT, (positions, number))}


def _switching(
    number: int, file: str, segment: Segment | None, positions: str, left: set[int]
) -> Callable[[sqlite3.Connection], None]:
    """Gives the work that names a segment's new file in the place of the earlier one."""

    def switch(connection: sqlite3.Connection) -> None:
        now = _left(positions, number)(connection)
        if segment is None:
            changed = 0 if now else connection.execute(DROP, (number, file)).rowcount
        else:
            changed = connection.execute(REPLACE, (*segment.columns, number, file)).rowcount
        if not changed:
            return  # The segment was changed meanwhile, and is looked at again.
        connection.execute(WILL_USE, (file,))
        if segment is not None:
            connection.execute(USES, (segment.file,))
        if now == left:
            connection.execute(IS_DONE, (number,))

    return switch


def _json(positions: Sequence[int]) -> str:
    return f"[{','.join(map(str, positions))}]"
