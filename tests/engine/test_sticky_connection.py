"""A lane: the same connection for one user, and none that the driver has lost track of."""

import asyncio

import asyncpg
import pytest

from actum.errors import Unavailable
from actum.stores.postgres.connection.pool import PostgresPool, is_lost
from actum.stores.postgres.connection.sticky_connection import StickyConnection


async def test_the_same_connection_is_lent_again_and_another_beside_it(postgres_pool: PostgresPool) -> None:
    """Who comes while it is lent gets one from the pool."""
    lane = StickyConnection(postgres_pool)
    pid = "SELECT pg_backend_pid()"
    async with lane.connection() as first, lane.connection() as beside:
        pids = [await first.fetchval(pid), await beside.fetchval(pid)]
    async with lane.connection() as again:
        found = await again.fetchval(pid)
    await lane.leave()

    assert found == pids[0] != pids[1]


async def lose_track(lane: StickyConnection, pids: list[int]) -> None:
    async with lane.connection() as connection:
        pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
        raise asyncpg.InternalClientError("lost track")


async def test_a_connection_that_the_driver_has_lost_track_of_is_lent_to_nobody(
    postgres_pool: PostgresPool,
) -> None:
    """It is ended before it goes back, and the next one is another."""
    lane = StickyConnection(postgres_pool)
    pids: list[int] = []

    with pytest.raises(Unavailable):
        await lose_track(lane, pids)
    async with lane.connection() as other:
        pids.append(await other.fetchval("SELECT pg_backend_pid()"))
    await lane.leave()

    assert pids[0] != pids[1]


async def test_a_kept_connection_that_the_server_has_ended_is_replaced(postgres_pool: PostgresPool) -> None:
    """Without an error for who comes next: nothing was under way."""
    sticky = StickyConnection(postgres_pool)
    async with sticky.connection() as first:
        pid = await first.fetchval("SELECT pg_backend_pid()")
    await postgres_pool.fetch(f"SELECT pg_terminate_backend({pid})")
    async with asyncio.timeout(20):
        while not is_lost(first):  # noqa: ASYNC110 (the driver tells nobody)
            await asyncio.sleep(0.01)

    async with sticky.connection() as second:
        assert await second.fetchval("SELECT pg_backend_pid()") != pid
    await sticky.leave()
