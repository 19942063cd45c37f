"""The journal in PostgreSQL, held to what every journal promises, on a real server."""

from collections.abc import AsyncIterator

import pytest

from actum.conformance.journal import DurableJournalConformance
from actum.ports.journal import Journal
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.journal.journal import SCHEMA, PostgresJournal, open_journal


async def opened(url: str) -> PostgresJournal:
    return await open_journal(await PostgresPool.open(url, (SCHEMA,)))


class TestPostgresJournal(DurableJournalConformance):
    looks_at_first_events = True

    @pytest.fixture
    async def journal(self, postgres_url: str) -> AsyncIterator[Journal]:
        self.url = postgres_url
        journal = await opened(postgres_url)
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return await opened(self.url)
