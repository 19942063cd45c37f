"""The settings that a session of PostgreSQL needs, whatever the server, database and role have set."""

from typing import Any

import asyncpg

from actum.errors import StoreError
from actum.stores.postgres.connection.url import Address

SETTINGS = {
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
}
"""Statements have no time limit here, because the driver limits each one."""
NEEDED = (
    "default_transaction_isolation",
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
)
SINCE_17 = "; SET transaction_timeout = 0"
SET = "; ".join(f"SET {name} = '{value}'" for name, value in SETTINGS.items())
BACKEND = "SELECT pg_backend_pid()"
MAX_CONNECT_TIME = 10
ENCODING = "UTF8"


async def settle(connection: Any) -> None:
    """Applies the settings to a session that stays with its connection."""
    is_newer = connection.get_server_version().major >= 17
    await connection.execute(SET + (SINCE_17 if is_newer else ""))


async def settle_or_end(connection: Any) -> None:
    """Does the same for a connection outside the pool, and closes it if that fails or is cancelled."""
    try:
        await settle(connection)
    except BaseException:
        connection.terminate()
        raise


async def check_backend(connection: Any, address: Address) -> None:
    """Raises StoreError if a pooler gives this session another backend for each transaction.

    A pooler reports a process number that no backend has. In session mode it is as good as the server itself;
    in transaction mode it gives the backend that was just released to the next session that needs one.
    """
    first = await connection.fetchval(BACKEND)
    if first == connection.get_server_pid():
        return
    other = await asyncpg.connect(address.url, timeout=MAX_CONNECT_TIME, statement_cache_size=0)
    try:
        async with other.transaction():
            await other.fetchval(BACKEND)
            is_kept = await connection.fetchval(BACKEND) == first
    finally:
        other.terminate()
    if is_kept:
        return
    raise StoreError(
        f"{address.name}: there is a pooler in transaction mode in front of the server, such as PgBouncer: "
        "add pooler=transaction to the URL"
    )


async def check_defaults(connection: Any, name: str) -> None:
    """Raises StoreError for unusable defaults behind a pooler, where a session cannot change them."""
    for setting in NEEDED:
        found = await connection.fetchval("SELECT current_setting($1)", setting)
        if found != SETTINGS[setting]:
            raise StoreError(
                f"{name}: {setting} is {found!r}, and behind a pooler no session can change it: "
                f"ALTER ROLE … SET {setting} = '{SETTINGS[setting]}'"
            )


async def check_encoding(connection: Any, name: str) -> None:
    """Raises StoreError for a database that cannot store every text."""
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding != ENCODING:
        raise StoreError(
            f"{name} stores text as {encoding}, which cannot hold every text: create a database with "
            f"ENCODING '{ENCODING}' TEMPLATE template0, and name that one"
        )
