"""A PostgreSQL whose databases and roles have defaults of their own: each is set right, or refused."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from actum.errors import StoreError
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.connection.session import SETTINGS
from tests.servers.postgres import PARTS

DEFAULTS = [
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_read_only", "on"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "1s"),
    ("lock_timeout", "1s"),
    ("idle_session_timeout", "1s"),
    ("transaction_timeout", "1s"),
    ("bytea_output", "escape"),
    ("standard_conforming_strings", "off"),
    ("TimeZone", "Asia/Kathmandu"),
    ("DateStyle", "German"),
]

SET_TO = {**SETTINGS, "transaction_timeout": "0"}


@pytest.fixture
async def admin(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the store."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.execute("DROP DATABASE IF EXISTS particular WITH (FORCE)")
    await connection.close()


def particular(url: str) -> str:
    """The URL of the database with defaults of its own."""
    return url.replace("/postgres?", "/particular?").replace("search_path=store", "search_path=public")


@pytest.mark.parametrize(("setting", "value"), DEFAULTS)
async def test_a_default_of_the_database_changes_nothing(
    postgres_url: str, admin: asyncpg.Connection, setting: str, value: str
) -> None:
    if await admin.fetchval("SELECT count(*) FROM pg_settings WHERE lower(name) = lower($1)", setting) == 0:
        pytest.skip(f"this version has no {setting}")
    await admin.execute("CREATE DATABASE particular")
    await admin.execute(f"ALTER DATABASE particular SET {setting} = '{value}'")

    pool = await PostgresPool.open(particular(postgres_url), PARTS)

    held = await pool.fetchval("SELECT current_setting($1)", setting)
    await pool.fetch("SELECT pg_sleep(0.05)")
    direct = await pool.connect_directly()
    assert await direct.fetchval("SELECT current_setting($1)", setting) == held == SET_TO[setting]
    await direct.close()
    await pool.close()


@pytest.mark.parametrize(("setting", "value"), DEFAULTS[:2] + DEFAULTS[3:5])
async def test_a_default_that_nothing_can_work_with_is_refused_behind_a_pooler(
    postgres_url: str, admin: asyncpg.Connection, setting: str, value: str
) -> None:
    await admin.execute("CREATE DATABASE particular")
    await admin.execute(f"ALTER DATABASE particular SET {setting} = '{value}'")

    with pytest.raises(StoreError, match=rf"{setting} is '\w+', .* SET {setting} = '[\w ]+'$"):
        await PostgresPool.open(f"{particular(postgres_url)}&pooler=transaction", PARTS)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_keep_every_text_is_refused_in_one_line(
    postgres_url: str, admin: asyncpg.Connection, encoding: str
) -> None:
    await admin.execute(
        f"CREATE DATABASE particular ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )

    with pytest.raises(StoreError, match=rf"stores text as {encoding}.*ENCODING 'UTF8'[^\n]*$"):
        await PostgresPool.open(particular(postgres_url), PARTS)


async def test_statements_that_a_pooler_lost_are_told_with_what_to_add(postgres_pool: PostgresPool) -> None:
    """PgBouncer gives another backend to the next transaction, where the statement of before has no name."""

    async def use_what_was_lost() -> None:
        async with postgres_pool.connection() as connection:
            statement = await connection.prepare("SELECT 1")
            await connection.execute("DEALLOCATE ALL")
            await statement.fetchval()

    with pytest.raises(StoreError, match=r"add pooler=transaction to the URL \([^\n]*\)$"):
        await use_what_was_lost()


async def test_a_session_that_could_not_be_set_is_not_left_open(
    postgres_url: str, postgres_pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await PostgresPool.open(f"{postgres_url}&application_name=particular", PARTS)
    await pool.fetch("SELECT 1")
    monkeypatch.setattr("actum.stores.postgres.connection.session.SET", "SELECT nothing")
    counted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'particular'"

    with pytest.raises(StoreError, match="nothing"):
        await pool.connect_directly()

    async with asyncio.timeout(20):
        while await postgres_pool.fetchval(counted) > 1:
            pass
    await pool.close()
