"""The journal in SQLite, held to what every journal promises: in a file and in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum.engine.sqlite import IN_MEMORY, SqliteFile
from actum.journal.port import Journal
from actum.journal.sqlite import SCHEMA, SqliteJournal
from actum.testing.conformance.journal import DurableJournalConformance, JournalConformance


async def open_journal(path: str) -> SqliteJournal:
    return SqliteJournal(await SqliteFile.open(path, SCHEMA))


class TestSqliteFile(DurableJournalConformance):
    @pytest.fixture
    async def journal(self, tmp_path: Path) -> AsyncIterator[Journal]:
        self.path = str(tmp_path / "bank.db")
        journal = await open_journal(self.path)
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return await open_journal(self.path)


class TestSqliteInMemory(JournalConformance):
    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = await open_journal(IN_MEMORY)
        yield journal
        await journal.close()
