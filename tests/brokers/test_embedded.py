"""The embedded broker, held to what every broker promises."""

from collections.abc import AsyncIterator

import pytest

from actum.brokers.embedded import EmbeddedBroker
from actum.conformance.broker import BrokerConformance
from actum.ports.broker import Broker
from actum.ports.database import Database
from tests.runtime.nodes import database_in_memory


class TestEmbedded(BrokerConformance):
    @pytest.fixture
    async def database(self) -> AsyncIterator[Database]:
        async with database_in_memory() as database:
            yield database

    @pytest.fixture
    def broker(self, database: Database) -> Broker:
        return EmbeddedBroker(database)
