"""Holds Durable Objects to the journal's conformance suite, but for what docs/durable-objects.md leaves out."""

from collections.abc import AsyncIterator

import pytest

from actum.hosts.durable_objects.journal import DurableObjectsJournal
from actum.hosts.durable_objects.link import Link, read_url
from actum.journal.port import Journal
from actum.testing.conformance.journal import DurableJournalConformance

pytestmark = pytest.mark.slow


class TestDurableObjects(DurableJournalConformance):
    """A journal whose streams are objects on a real workerd."""

    @pytest.fixture
    async def journal(self, objects_url: str) -> AsyncIterator[Journal]:
        self.url = objects_url
        journal = DurableObjectsJournal(Link(*read_url(objects_url)))
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return DurableObjectsJournal(Link(*read_url(self.url)))
