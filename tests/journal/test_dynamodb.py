"""The journal in DynamoDB, held to what every journal promises, on moto's server and on Amazon's own."""

from collections.abc import AsyncIterator

import pytest

from actum.conformance.journal import DurableJournalConformance
from actum.ports.journal import Journal
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.journal.journal import DynamoJournal

pytestmark = pytest.mark.slow


async def opened(url: str) -> DynamoJournal:
    return DynamoJournal(await DynamoTable.connect(url))


@pytest.fixture(scope="module", params=["dynamodb_by_moto", "dynamodb_local"])
def dynamodb(request: pytest.FixtureRequest) -> str:
    """The endpoint of moto, and that of Amazon's own server for development."""
    endpoint: str = request.getfixturevalue(request.param)
    return endpoint


class TestDynamoJournal(DurableJournalConformance):
    looks_at_first_events = True
    largest_payload = 400_000
    largest_group = 33

    @pytest.fixture
    async def journal(self, dynamodb_url: str, dynamodb_table: DynamoTable) -> AsyncIterator[Journal]:
        self.url = dynamodb_url
        journal = DynamoJournal(dynamodb_table)
        yield journal
        await journal.close()

    async def reopen(self, journal: Journal) -> Journal:
        await journal.close()
        return await opened(self.url)
