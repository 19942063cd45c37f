"""The roster in PostgreSQL: who is taken for dead, who takes over, and that nothing of before gets through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from actum.database import postgres_roster
from actum.database.port import Database, Dispossessed, Fenced, NewLetter, NewTimer, Progress
from actum.database.postgres import SCHEMA, open_database
from actum.database.postgres_roster import PostgresRoster
from actum.database.roster import Claim, Standing
from actum.engine.postgres import PostgresPool
from tests.runtime.bank import Balances

VIEW = Balances.__view_type__ if hasattr(Balances, "__view_type__") else None
WORKS = ("action notify", "timers", "view balances")


@pytest.fixture
async def database(postgres_pool: PostgresPool) -> Database:
    return await open_database(postgres_pool)
