"""The database in PostgreSQL, held to what every database promises, on a real server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from actum.conformance.database import DatabaseConformance
from actum.conformance.database.workflows import ended, found, parked, start
from actum.errors import Unavailable
from actum.ports.database import Database
from actum.ports.workflows import NewSignal
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA, open_database
from actum.stores.postgres.database.fence import EVERYBODYS
from actum.stores.postgres.database.workflows import changes

BLOCKED = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
    AND query LIKE '%actum_workflows%'"""


class TestPostgresDatabase(DatabaseConformance):
    @pytest.fixture
    async def database(self, postgres_url: str) -> AsyncIterator[Database]:
        database = await open_database(await PostgresPool.open(postgres_url, (SCHEMA,)))
        yield database
        await database.close()


async def test_an_end_sees_who_began_to_wait_after_it_had_looked(postgres_pool: PostgresPool) -> None:
    """It looked when its statement began; whoever waits commits while it waits for the row."""
    database = await open_database(postgres_pool)
    parent, child = await start(database, "t-1", "t-3")
    waits = replace(parked(parent), waits_for=(("Transfer", "t-3"),))

    async with postgres_pool.transaction() as connection:
        await changes._in_transaction(postgres_pool, EVERYBODYS, connection, [waits])
        ending = asyncio.create_task(database.record_workflows([ended(child)]))
        await until_blocked(postgres_pool)
    wakes = await ending

    stored = await found(database, "t-1")
    assert (wakes, stored.due, stored.wakes) == ([0], 0, 1)
    assert (await found(database, "t-3")).status == "completed"


async def test_an_end_that_finds_somebody_waiting_takes_nothing_before_it_is_recorded(
    postgres_pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded by a second transaction, which may fail."""
    database = await open_database(postgres_pool)
    parent, child = await start(database, "t-1", "t-3")
    await database.record_workflows([replace(parked(parent), waits_for=(("Transfer", "t-3"),))])
    await database.signal_workflow(NewSignal("Transfer", "t-3", "Paid", b"1", 85))
    [loaded] = await database.load_workflows("Transfer", ["t-3"])

    async def fail(*_: object) -> None:
        raise Unavailable("the server went away")

    monkeypatch.setattr(changes, "_in_transaction", fail)
    with pytest.raises(Unavailable):
        await database.record_workflows([replace(ended(child), taken=(loaded.signals[0].id,))])

    assert await database.load_workflows("Transfer", ["t-3"]) == [loaded]


@pytest.mark.parametrize("drop_from", [None, 1])
async def test_a_change_sees_a_signal_that_came_after_it_had_looked(
    postgres_pool: PostgresPool, drop_from: int | None
) -> None:
    """The row has changed since the statement began, and the change is recorded all the same."""
    database = await open_database(postgres_pool)
    numbers = await start(database, "t-1", "t-2")

    async with postgres_pool.transaction() as connection:
        wake = "UPDATE actum_workflows SET due = 0, wakes = wakes + 1 WHERE number = $1"
        await connection.execute(wake, numbers[0])
        recorded = [replace(parked(number, 500), drop_from=drop_from) for number in numbers]
        recording = asyncio.create_task(database.record_workflows(recorded))
        await until_blocked(postgres_pool)
    wakes = await recording

    assert wakes == [1, 0]
    assert [(await found(database, id)).due for id in ("t-1", "t-2")] == [0, 500]


async def until_blocked(pool: PostgresPool) -> None:
    """Returns when a statement waits for the row of a workflow."""
    async with asyncio.timeout(60):
        while not (await pool.fetch(BLOCKED))[0][0]:  # noqa: ASYNC110 (the server's doing)
            await asyncio.sleep(0.01)
