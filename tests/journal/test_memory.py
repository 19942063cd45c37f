"""The journal in memory, held to what every journal promises."""

from collections.abc import AsyncIterator

import pytest

from actum.conformance.journal import JournalConformance
from actum.ports.journal import Journal
from actum.stores.memory import MemoryJournal


class TestMemoryJournal(JournalConformance):
    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = MemoryJournal()
        yield journal
        await journal.close()
