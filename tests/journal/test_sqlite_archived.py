"""A journal in SQLite whose events are all archived, held to what every journal promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum.conformance.journal import DurableJournalConformance
from actum.ports.journal import Journal
from tests.journal.archiving import open_archiving


@pytest.mark.slow
class TestArchived(DurableJournalConformance):
    @pytest.fixture
    async def journal(self, tmp_path: Path) -> AsyncIterator[Journal]:
        self.path = tmp_path / "bank.db"
        journal = await open_archiving(self.path)
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return await open_archiving(self.path)
