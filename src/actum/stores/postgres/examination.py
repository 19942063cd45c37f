"""Examines a PostgreSQL server: its version, the settings that durability depends on, and its clock."""

from actum.stores.postgres.connection.pool import PostgresPool

FACTS = """SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('full_page_writes') AS full_page_writes,
    coalesce(current_setting('data_checksums', true), '') AS data_checksums,
    pg_is_in_recovery()::text AS is_standby, current_setting('max_connections') AS max_connections,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text AS now"""


async def examine_server(url: str) -> dict[str, str]:
    """Reads a server's version and settings, and its time (`now`, microseconds since 1970), as texts."""
    pool = await PostgresPool.open(url, (), is_owner=False)
    try:
        async with pool.connection() as connection:
            return dict(await connection.fetchrow(FACTS))
    finally:
        await pool.close()
