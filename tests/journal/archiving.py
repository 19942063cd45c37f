"""A journal in SQLite that archives all its events whenever it has written some."""

from collections.abc import Sequence
from pathlib import Path

from actum.ports.journal import Outcome, Write
from actum.ports.journal_wrapper import JournalWrapper
from actum.stores.sqlite.archive.archive import Archive
from actum.stores.sqlite.archive.selection import Selection
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA

ALL = Selection(before=2**62)


class ArchivingJournal(JournalWrapper):
    """Has nothing but archived events whenever somebody reads."""

    def __init__(self, journal: SqliteJournal) -> None:
        super().__init__(journal)
        self.archive: Archive = journal.archive

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        outcomes = await super().append(writes)
        await self.archive.add_all(ALL, lambda done, total: None)
        return outcomes


async def open_archiving(path: Path | str) -> ArchivingJournal:
    """Opens such a journal, as the owner of its file."""
    journal = await open_sqlite(path)
    return ArchivingJournal(journal)


async def open_sqlite(path: Path | str, *, is_owner: bool = True) -> SqliteJournal:
    """Opens a journal in SQLite as the application does."""
    journal = SqliteJournal(await SqliteFile.open(str(path), (SCHEMA,), is_owner=is_owner))
    try:
        if is_owner:
            await journal.archive.open()
    except BaseException:
        await journal.close()
        raise
    return journal
