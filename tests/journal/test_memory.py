"""The journal in memory, held to what every journal promises."""

from collections.abc import AsyncIterator

import pytest

from actum.ports.journal import Journal
from actum.stores.memory import MemoryJournal
from actum.testing.conformance.journal import JournalConformance


class TestMemoryJournal(JournalConformance):
    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = MemoryJournal()
        yield journal
        await journal.close()
