"""The versioned schema of a PostgreSQL store, which one process at a time creates and migrates."""

from collections.abc import Sequence
from typing import Any

from actum.errors import StoreError
from actum.stores.schema import VERSIONS, Part, is_current, missing_steps

OLDEST_SERVER = 14
LOCK = 0x4163746D


async def prepare(connection: Any, name: str, parts: Sequence[Part], *, is_owner: bool) -> None:
    """Brings the schema up to date in one transaction, if necessary; only an owner may.

    Raises ForeignStore for a schema that is newer than this program, StoreError for one that cannot be used.
    """
    _check_server(connection, name)
    if await connection.fetchval("SELECT current_schema()") is None:
        raise StoreError(
            f"{name}: there is no schema for tables: create the one that search_path names first"
        )
    if is_current(await schema_versions(connection), parts, name):
        return
    if not is_owner:
        raise StoreError(f"{name} is not set up for this Actum yet: start the application on it once")
    async with connection.transaction():
        # Processes that waited here find the schema up to date.
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))", LOCK)
        await _migrate(connection, name, parts)


async def _migrate(connection: Any, name: str, parts: Sequence[Part]) -> None:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS actum_schema (part text PRIMARY KEY, version integer NOT NULL)"
    )
    versions = await schema_versions(connection)
    is_current(versions, parts, name)
    for part in parts:
        for statement in missing_steps(versions, part):
            await connection.execute(statement)
        await connection.execute(
            "INSERT INTO actum_schema VALUES ($1, $2) "
            "ON CONFLICT (part) DO UPDATE SET version = excluded.version",
            part.name,
            len(part.steps),
        )


async def schema_versions(connection: Any) -> dict[str, int]:
    """Gives the version of each part; none for a store that was never created."""
    exists = "SELECT to_regclass(quote_ident(current_schema()) || '.actum_schema') IS NOT NULL"
    if not await connection.fetchval(exists):
        return {}
    return {row["part"]: row["version"] for row in await connection.fetch(VERSIONS)}


def _check_server(connection: Any, name: str) -> None:
    server = connection.get_server_version().major
    if server < OLDEST_SERVER:
        raise StoreError(f"{name} is PostgreSQL {server}: Actum needs {OLDEST_SERVER} or newer")
