"""The feed in PostgreSQL while transactions stay open: complete and in order, whoever commits first (R5)."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actum.conformance.journal.bank import PATIENCE, amounts, deposit, follow, positions
from actum.model.event import Stored
from actum.ports.journal import Landed
from actum.stores.postgres.connection.order import PLACES
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.journal import journal as postgres_journal
from actum.stores.postgres.journal.appending import Appender
from actum.stores.postgres.journal.batch import assumed
from actum.stores.postgres.journal.journal import SCHEMA, PostgresJournal, open_journal, statements

WRITERS = 5
WRITES = 12


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[PostgresPool]:
    pool = await PostgresPool.open(f"{postgres_url}&pool=20", (SCHEMA,))
    yield pool
    await pool.close()


@pytest.fixture
async def journal(pool: PostgresPool) -> AsyncIterator[PostgresJournal]:
    journal = await open_journal(pool)
    yield journal
    await journal.close()


class SlowAppender(Appender):
    """Holds the transaction of every append open for a while before it commits."""

    async def append_slowly(self, pause: float, *writes: object) -> None:
        await self.fence()
        batch = assumed(writes)  # type: ignore[arg-type]
        async with self._pool.transaction() as connection:
            await connection.fetchval("SELECT pg_current_xact_id()::text")
            await asyncio.sleep(pause / 2)
            outcomes = await self._run(connection, batch, self._epoch or 0)
            assert outcomes is not None
            assert all(isinstance(one, Landed) for one in outcomes)
            await asyncio.sleep(pause / 2)


async def write_slowly(pool: PostgresPool, seed: int, writer: int) -> None:
    chance = random.Random(seed * 100 + writer)
    appender = SlowAppender(pool)
    for version in range(WRITES):
        pause = chance.choice([0.0, 0.005, 0.03])
        await appender.append_slowly(pause, deposit(f"a{writer}", version, 100 * writer + version))


async def tail(journal: PostgresJournal, limit: int, writing: "asyncio.Future[Any]") -> list[Stored]:
    """Gives what a reader sees that reads on and on, until nobody writes and nothing comes."""
    seen: list[Stored] = []
    async with asyncio.timeout(60):
        while True:
            is_over = writing.done()
            events = await journal.feed(seen[-1].position if seen else 0, limit)
            seen += events
            if is_over and not events:
                return seen
            await asyncio.sleep(0.001)


async def tail_writers(pool: PostgresPool, journal: PostgresJournal, seed: int) -> list[list[Stored]]:
    """Gives what each of three readers saw while writers held their transactions open."""
    writing = asyncio.gather(*(write_slowly(pool, seed, writer) for writer in range(WRITERS)))
    found = await asyncio.gather(*(tail(journal, limit, writing) for limit in (1, 7, 500)))
    await writing
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_readers_see_each_event_once_and_in_order(
    pool: PostgresPool, journal: PostgresJournal, seed: int
) -> None:
    """Writers hold their transactions open and commit out of order; no reader skips or repeats an event."""
    for events in await tail_writers(pool, journal, seed):
        assert positions(events) == sorted(set(positions(events)))
        for writer in range(WRITERS):
            mine = [amount for amount in amounts(events) if amount // 100 == writer]
            assert mine == [100 * writer + version for version in range(WRITES)]


async def test_without_the_horizon_readers_skip_events(
    pool: PostgresPool, journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests here see what they are for: with every committed event shown at once, a reader loses some."""
    monkeypatch.setattr(statements, "FEED", statements.FEED.replace(statements.HORIZON, f"{2**62}"))
    older = SlowAppender(pool)
    await older.fence()

    async with pool.transaction() as connection:
        await connection.fetchval("SELECT pg_current_xact_id()::text")
        await journal.append([deposit("young", 0, 2)])
        before = await journal.feed(0, 10)
        await older._run(connection, assumed([deposit("old", 0, 1)]), older._epoch or 0)
    after = await journal.feed(before[-1].position, 10)

    assert amounts([*before, *after]) == [2]


async def test_a_younger_transaction_waits_for_an_older_one(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    """What commits first is hidden until nothing can come before it, and then comes behind it."""
    older = SlowAppender(pool)
    await older.fence()
    async with pool.transaction() as connection:
        await connection.fetchval("SELECT pg_current_xact_id()::text")
        [landed] = await journal.append([deposit("young", 0, 2)])
        hidden = await journal.feed(0, 10), await journal.head()
        await older._run(connection, assumed([deposit("old", 0, 1)]), older._epoch or 0)

    events = await follow(journal, 2)
    assert hidden == ([], 0)
    assert [event.id for event in events] == ["old", "young"]
    assert isinstance(landed, Landed)
    assert landed.position == events[1].position


async def test_a_transaction_without_writes_holds_nobody_up(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    """A report that runs for hours does not stop the feed."""
    async with pool.transaction("ISOLATION LEVEL REPEATABLE READ") as connection:
        await connection.fetchval("SELECT count(*) FROM actum_events")
        await journal.append([deposit("a", 0, 1)])

        assert amounts(await follow(journal, 1)) == [1]


async def listeners(pool: PostgresPool) -> set[int]:
    """Gives the backends that listen for word."""
    found = await pool.fetch(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND state = 'idle'"
    )
    return {pid for (pid,) in found}


async def test_news_travels_between_processes(
    postgres_url: str, journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that waits hears of another process's append by word, long before it would look again."""
    monkeypatch.setattr(postgres_journal, "POLL", 3_600.0)
    other = await open_journal(await PostgresPool.open(postgres_url, (SCHEMA,)))
    try:
        before = await listeners(journal._pool)
        journal._notifier.ticket()
        async with asyncio.timeout(PATIENCE):
            while await listeners(journal._pool) <= before:  # noqa: ASYNC110 (the server's doing)
                await asyncio.sleep(0.01)
        reading = asyncio.create_task(journal.wait(0))
        async with asyncio.timeout(PATIENCE):
            while not journal._notifier.ticket()._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await other.append([deposit("a", 0, 1)])

        await asyncio.wait_for(reading, PATIENCE)
        assert amounts(await follow(journal, 1)) == [1]
    finally:
        await other.close()


async def test_positions_go_on_growing_on_another_server(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    """Where a dump was loaded into a server whose transactions count from lower, positions still grow."""
    await journal.append([deposit("a", 0, 1)])
    [first] = await follow(journal, 1)
    ahead = 1_000_000 << PLACES
    async with pool.transaction() as connection:
        await connection.execute(
            "UPDATE actum_events SET position = position + $1, stream = stream + $1", ahead
        )
        await connection.execute(
            "UPDATE actum_streams SET position = position + $1, first_position = first_position + $1", ahead
        )

    moved = await open_journal(pool)
    await moved.append([deposit("a", 1, 2)])

    events = await follow(moved, 2)
    assert amounts(events) == [1, 2]
    assert events[0].position == first.position + ahead
    assert positions(events) == sorted(positions(events))


async def test_a_store_with_events_is_opened_again_without_a_shift(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    """On its own server a journal's positions go on where they were."""
    await journal.append([deposit("a", 0, 1)])
    before = await pool.fetchval("SELECT shift FROM actum_journal")

    await open_journal(pool)

    assert await pool.fetchval("SELECT shift FROM actum_journal") == before


async def test_a_stream_is_in_order_in_the_feed_though_an_older_transaction_writes_to_it_later(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    """An older transaction cannot put its event before one that the stream has already: it collides."""
    older = SlowAppender(pool)
    await older.fence()
    async with pool.transaction() as connection:
        await connection.fetchval("SELECT pg_current_xact_id()::text")
        await journal.append([deposit("a", 0, 1)])
        outcomes = await older._run(connection, assumed([deposit("a", 1, 2)]), older._epoch or 0)

    assert outcomes is not None
    assert not isinstance(outcomes[0], Landed)
    assert amounts(await follow(journal, 1)) == [1]
