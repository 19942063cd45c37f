"""Opens stores in PostgreSQL; imported only if a URL names such a store."""

from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.connection.schema import schema_versions
from actum.stores.postgres.database.database import SCHEMA as DATABASE
from actum.stores.postgres.database.database import open_database
from actum.stores.postgres.journal.journal import SCHEMA as JOURNAL
from actum.stores.postgres.journal.journal import open_journal
from actum.stores.postgres.person_keys import SCHEMA as PEOPLE

SIZES = """
SELECT relname AS name, pg_total_relation_size(oid) AS size FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'm')
ORDER BY 2 DESC, 1 LIMIT 30
"""


async def open_postgres(url: str, *, is_owner: bool) -> tuple[Journal, Database]:
    """Opens a journal and a database that share one pool of connections."""
    pool = await PostgresPool.open(url, (JOURNAL, PEOPLE, DATABASE), is_owner=is_owner)
    try:
        return await open_journal(pool), await open_database(pool)
    except BaseException:
        await pool.close()
        raise


async def postgres_versions(url: str) -> dict[str, int]:
    """Gives the version of each part of an existing schema."""
    pool = await PostgresPool.open(url, (), is_owner=False)
    try:
        async with pool.connection() as connection:
            return await schema_versions(connection)
    finally:
        await pool.close()


async def postgres_sizes(url: str) -> dict[str, int]:
    """Gives the bytes of the largest tables of a schema, with their indexes, the largest first."""
    pool = await PostgresPool.open(url, (), is_owner=False)
    try:
        async with pool.connection() as connection:
            return {row["name"]: row["size"] for row in await connection.fetch(SIZES)}
    finally:
        await pool.close()


async def open_postgres_database(url: str, *, is_owner: bool) -> Database:
    """Opens only a database, for a journal in another store."""
    pool = await PostgresPool.open(url, (DATABASE,), is_owner=is_owner)
    try:
        return await open_database(pool)
    except BaseException:
        await pool.close()
        raise
