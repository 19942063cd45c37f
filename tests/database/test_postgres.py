"""The database in PostgreSQL, held to what every database promises, on a real server."""

from collections.abc import AsyncIterator

import pytest

from actum.conformance.database import DatabaseConformance
from actum.ports.database import Database
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA, open_database


class TestPostgresDatabase(DatabaseConformance):
    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:
        database = await open_database(await PostgresPool.open(postgres_url, (SCHEMA,)))
        yield database
        await database.close()
