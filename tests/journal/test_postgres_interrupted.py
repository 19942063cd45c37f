"""Appends to PostgreSQL whose outcome was lost: once asked for it is known, and they land no more (G13)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actum.conformance.journal.bank import PATIENCE, amounts, deposit, follow
from actum.errors import Unavailable
from actum.ports.journal import Collided, EventRange, Landed
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.journal.appending import StaleEpoch
from actum.stores.postgres.journal.batch import assumed
from actum.stores.postgres.journal.journal import SCHEMA, PostgresJournal, open_journal

BACKENDS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND query LIKE 'WITH base AS%' AND state <> 'idle'"""


@pytest.fixture
async def journal(postgres_url: str) -> AsyncIterator[PostgresJournal]:
    journal = await open_journal(await PostgresPool.open(postgres_url, (SCHEMA,)))
    yield journal
    await journal.close()


async def blocked(pool: PostgresPool, count: int = 1) -> None:
    """Returns when so many backends wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(PATIENCE):
        while await pool.fetchval(waiting) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_an_append_that_was_cut_off_is_unavailable_and_did_not_land(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """A backend that is killed in the middle of an append leaves nothing, and the journal says so."""
    await journal.append([deposit("a", 0, 1)])
    async with postgres_pool.transaction() as holder:
        await holder.execute("SELECT FROM actum_streams FOR UPDATE")
        writes = [deposit("a", 1, 2), deposit("b", 0, 3)]
        appending = asyncio.create_task(journal.append(writes))
        await blocked(postgres_pool)
        await postgres_pool.fetch(BACKENDS)
        with pytest.raises(Unavailable):
            await appending

    assert await journal.landed(writes) is None
    outcomes = await journal.append(writes)
    assert all(isinstance(outcome, Landed) for outcome in outcomes)
    assert amounts(await follow(journal, 3)) == [1, 2, 3]


async def test_asking_waits_for_an_append_that_is_still_under_way(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """The client has given up, the server has not: the answer comes when it is over, and is true."""
    await journal.append([deposit("a", 0, 1)])
    write = deposit("a", 1, 2)
    appender = journal._appender
    async with postgres_pool.connection() as abandoned:
        async with postgres_pool.transaction() as holder:
            await holder.execute("SELECT FROM actum_streams FOR UPDATE")
            running = asyncio.create_task(appender._run(abandoned, assumed([write]), appender._epoch or 0))
            await blocked(postgres_pool)
            asking = asyncio.create_task(journal.landed([write]))
            await blocked(postgres_pool, 2)
            assert not asking.done()
        found = await asking
        outcomes = await running

    assert found == outcomes
    assert isinstance(found[0], Landed)


async def test_an_append_that_the_server_reads_after_the_question_is_refused(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """What was still on its way when somebody asked cannot land any more."""
    await journal.append([deposit("a", 0, 1)])
    late = deposit("a", 1, 2)
    appender = journal._appender
    epoch = appender._epoch or 0

    assert await journal.landed([late]) is None
    async with postgres_pool.connection() as connection:
        with pytest.raises(StaleEpoch):
            await appender._run(connection, assumed([late]), epoch)

    assert amounts(await journal.read(EventRange("Account", "a"))) == [1]


async def test_appends_go_on_in_the_next_epoch(journal: PostgresJournal) -> None:
    """After a question has been asked, other appends of this process land as before."""
    await journal.append([deposit("a", 0, 1)])
    journal._appender._epoch = (journal._appender._epoch or 0) - 1

    [outcome] = await journal.append([deposit("a", 1, 2)])

    assert isinstance(outcome, Landed)


async def test_a_writer_that_was_struck_off_goes_on(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """A process that has run for months keeps writing though its row was cleared away."""
    await journal.append([deposit("a", 0, 1)])
    await postgres_pool.fetch("DELETE FROM actum_writers")

    [outcome] = await journal.append([deposit("a", 1, 2)])

    assert isinstance(outcome, Landed)


async def test_appends_that_cross_do_not_wait_for_each_other(journal: PostgresJournal) -> None:
    """Streams are locked in one order, whatever the order of the writes: no deadlock, and no error."""
    ids = [f"a{number}" for number in range(30)]
    await journal.append([deposit(id, 0, 1) for id in ids])

    async def write(order: list[str]) -> int:
        landed = 0
        for version in range(1, 11):
            outcomes = await journal.append(
                [deposit(id, version, version, key=f"k{version}") for id in order]
            )
            landed += sum(isinstance(outcome, Landed) for outcome in outcomes)
        return landed

    found = await asyncio.gather(write(ids), write(ids[::-1]), write(ids[10:] + ids[:10]))

    assert sum(found) == 300


async def test_of_groups_that_cross_each_lands_whole_or_not_at_all(journal: PostgresJournal) -> None:
    """Groups over the same streams, written at once from several places, never land in part."""

    async def write(number: int) -> list[bool]:
        outcomes = await journal.append(
            [deposit(id, 0, number, group=1) for id in ("abc" if number % 2 else "cba")]
        )
        return [isinstance(outcome, Landed) for outcome in outcomes]

    found = await asyncio.gather(*(write(number) for number in range(8)))

    assert sorted(map(sum, found)) == [0] * 7 + [3]
    assert len({event.payload for event in await follow(journal, 3)}) == 1


async def test_a_group_of_which_one_stream_moves_meanwhile_does_not_land(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """A group that waits for one of its streams, and finds it changed, leaves nothing in the others."""
    await journal.append([deposit("b", 0, 1)])
    async with postgres_pool.transaction() as other:
        await other.execute("UPDATE actum_streams SET version = 2 WHERE id = 'b'")
        writes = [deposit("a", 0, 7, group=1), deposit("b", 1, 8, group=1), deposit("c", 0, 9)]
        appending = asyncio.create_task(journal.append(writes))
        await blocked(postgres_pool)

    outcomes = await appending

    assert outcomes[:2] == [Collided(0), Collided(2)]
    assert isinstance(outcomes[2], Landed)
    assert amounts(await follow(journal, 2)) == [1, 9]


async def test_a_stream_that_is_erased_meanwhile_takes_no_later_version(
    journal: PostgresJournal, postgres_pool: PostgresPool
) -> None:
    """An append that waits while its stream is erased collides, and begins no stream in the middle."""
    await journal.append([deposit("a", 0, 1)])
    async with postgres_pool.transaction() as eraser:
        await eraser.execute("DELETE FROM actum_events")
        await eraser.execute("DELETE FROM actum_streams")
        appending = asyncio.create_task(journal.append([deposit("a", 1, 2), deposit("b", 0, 3)]))
        await blocked(postgres_pool)

    outcomes = await appending

    assert outcomes[0] == Collided(0)
    assert isinstance(outcomes[1], Landed)
    assert amounts(await follow(journal, 1)) == [3]


async def test_a_cut_connection_is_replaced(journal: PostgresJournal, postgres_pool: PostgresPool) -> None:
    """After every backend was killed, the journal answers again."""
    await journal.append([deposit("a", 0, 1)])
    await postgres_pool.fetch(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    )

    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await journal.head() > 0
                break
            except Unavailable:
                await asyncio.sleep(0.01)
