"""The pool on PostgreSQL: connections that are lent again at once, and those that must not be."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from actum.errors import Unavailable
from actum.stores.postgres.connection import pool as pools
from actum.stores.postgres.connection.pool import PostgresPool, is_lost
from actum.stores.postgres.connection.sticky_connection import StickyConnection
from actum.stores.postgres.connection.undone import undo

PID = "SELECT pg_backend_pid()"
PATIENCE = 20.0
ASLEEP = (
    "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[PostgresPool]:
    pool = await PostgresPool.open(f"{postgres_url}&pool=2", ())
    yield pool
    await pool.close()


async def returned(pool: PostgresPool) -> None:
    """Waits until the driver's pool has all connections back."""
    async with asyncio.timeout(PATIENCE):
        while pool._pool.get_size() != pool._pool.get_idle_size():  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.01)


async def until_lost(connection: Any) -> None:
    """Waits until the driver knows that the server has ended a connection."""
    async with asyncio.timeout(PATIENCE):
        while not is_lost(connection):  # noqa: ASYNC110 (the driver tells nobody)
            await asyncio.sleep(0.01)


async def use_and_fail(pool: PostgresPool, statement: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(statement)
        raise ZeroDivisionError


async def test_the_connection_of_one_statement_is_lent_to_the_next(pool: PostgresPool) -> None:
    pids = {await pool.fetchval(PID) for _ in range(5)}

    assert len(pids) == 1
    assert len(pool._kept) == 1


async def test_connections_that_nobody_uses_go_back_after_a_while(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool._release_kept()
    await returned(pool)
    monkeypatch.setattr(pools, "KEPT", 0.01)
    await asyncio.gather(pool.fetchval(PID), pool.fetchval(PID))

    await returned(pool)

    assert not pool._kept
    assert isinstance(await pool.fetchval(PID), int)


async def test_whoever_waits_gets_the_connection_that_is_given_back(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty share two connections, and none of these is kept from those who wait."""
    monkeypatch.setattr(pools, "KEPT", 3_600)
    found = await asyncio.wait_for(asyncio.gather(*(pool.fetchval(PID) for _ in range(20))), PATIENCE)

    assert len(found) == 20
    assert len(set(found)) <= 2


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT 1"])
async def test_a_connection_on_which_something_failed_is_not_kept(pool: PostgresPool, statement: str) -> None:
    pool._release_kept()
    await returned(pool)
    with pytest.raises(ZeroDivisionError):
        await use_and_fail(pool, statement)

    assert not pool._kept
    assert not await pool.fetchval("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")


async def test_a_connection_with_an_open_transaction_is_not_kept(pool: PostgresPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("BEGIN")

    assert not pool._kept


async def test_a_kept_connection_that_the_server_has_ended_is_not_lent_again(pool: PostgresPool) -> None:
    async with pool.connection() as other:
        async with pool.connection() as ended:
            pid = await ended.fetchval(PID)
        # Given back first: a connection that is known to be lost by then is not kept at all.
        kept = next(connection for connection in pool._kept if connection is ended)
        await other.execute(f"SELECT pg_terminate_backend({pid})")
        await until_lost(kept)

    # At one time: one after the other, all would use the connection that was given back last.
    assert pid not in await asyncio.gather(*(pool.fetchval(PID) for _ in range(2)))
    assert pid not in {await pool.fetchval(PID) for _ in range(3)}


async def test_a_pool_that_keeps_connections_closes_at_once(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "MAX_CLOSE_TIME", 3_600)
    await asyncio.gather(pool.fetchval(PID), pool.fetchval(PID))

    await asyncio.wait_for(pool.close(), PATIENCE)

    with pytest.raises(Unavailable):
        await pool.fetchval(PID)
    assert not pool._kept


async def cancelled_in(
    pool: PostgresPool, work: Callable[[], Coroutine[Any, Any, Any]], *, is_undone: bool = True
) -> None:
    """Begins something that waits in the server, cancels it there, and sees to it that it has ended there."""
    running = asyncio.create_task(work())
    other = await asyncpg.connect(pool.address.url)
    try:
        async with asyncio.timeout(PATIENCE):
            while not await other.fetchval(f"SELECT count(*) {ASLEEP}"):  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.01)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            while is_undone and await other.fetchval(f"SELECT count(*) {ASLEEP}"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        # What was cancelled and not undone would hold up the feed of other tests.
        await other.fetch(f"SELECT pg_terminate_backend(pid, 20000) {ASLEEP}")
    finally:
        await other.close()


async def in_transaction(pool: PostgresPool) -> None:
    async with pool.transaction() as connection:
        await connection.execute("CREATE TABLE half_done (n int)")
        await connection.execute("SELECT pg_sleep(60)")


async def in_sticky(pool: PostgresPool) -> None:
    sticky = StickyConnection(pool)
    async with sticky.connection() as connection:
        await connection.execute("SELECT pg_sleep(60)")


@pytest.mark.parametrize("how", ["statement", "transaction", "sticky"])
async def test_statements_that_are_cancelled_give_their_connections_back(
    pool: PostgresPool, how: str
) -> None:
    """More of them than there are connections: each is used again, and nothing of a transaction is left."""
    works: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "statement": lambda: pool.fetchval("SELECT pg_sleep(60)"),
        "transaction": lambda: in_transaction(pool),
        "sticky": lambda: in_sticky(pool),
    }
    for _ in range(5):
        await cancelled_in(pool, works[how])

    async with asyncio.timeout(PATIENCE):
        pids = {await pool.fetchval(PID) for _ in range(5)}
        assert await pool.fetchval("SELECT to_regclass('half_done')") is None
    assert pids
    pool._release_kept()
    await returned(pool)


async def test_a_connection_that_cannot_be_made_ready_again_is_closed(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the driver raises then, another one takes its place."""

    class Driver:
        """A connection on which nothing goes as it should."""

        def __init__(self, connection: Any) -> None:
            self.terminate = connection.terminate

        async def execute(self, statement: str) -> str:
            raise AttributeError("'NoneType' object has no attribute 'decode'")

    monkeypatch.setattr(pools, "undo", lambda connection: undo(Driver(connection)))
    for _ in range(5):
        await cancelled_in(pool, lambda: pool.fetchval("SELECT pg_sleep(60)"), is_undone=False)

    async with asyncio.timeout(PATIENCE):
        assert await pool.fetchval("SELECT 1") == 1
    pool._release_kept()
    await returned(pool)
