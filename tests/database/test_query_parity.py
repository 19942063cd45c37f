"""One query, asked of SQLite and of PostgreSQL: the answers are equal, whatever the dialects make of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actum.conformance.database.tables import (
    ACTIVITY,
    BALANCES,
    EVERYTHING,
    Activity,
    Balances,
    Colour,
    Everything,
    write,
)
from actum.ports.database import Database
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA, open_database
from tests.runtime.nodes import database_in_memory

MOMENT = datetime(2024, 6, 1, 12, tzinfo=UTC)
QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("SELECT count(*), sum(balance), avg(balance), min(balance), max(owner) FROM balances", {}),
    ("SELECT owner, sum(balance) AS total FROM balances GROUP BY owner ORDER BY total DESC, owner", {}),
    ("SELECT id FROM balances WHERE owner LIKE 'AN%' ORDER BY id", {}),
    ("SELECT id FROM balances WHERE :owner IS NULL OR owner = :owner ORDER BY id", {"owner": None}),
    ("SELECT id FROM balances WHERE :owner IS NULL OR owner = :owner ORDER BY id", {"owner": "ann"}),
    ("SELECT id, balance / 2, balance % 2, balance / 2.0 FROM balances ORDER BY id", {}),
    ("SELECT balance / 0 FROM balances", {}),
    ("SELECT id FROM balances ORDER BY balance DESC LIMIT :count OFFSET 1", {"count": 2}),
    (
        "SELECT b.id, ifnull(withdrawals, -1) FROM balances b LEFT JOIN activity a ON a.id = b.id ORDER BY 1",
        {},
    ),
    ("SELECT upper(owner) || '!' || length(owner), substr(owner, 2, 1) FROM balances ORDER BY id", {}),
    ("SELECT group_concat(id, ',') FROM (SELECT id FROM balances ORDER BY id) AS x", {}),
    ("SELECT id FROM balances WHERE id IN (SELECT id FROM activity) ORDER BY id", {}),
    (
        "WITH rich AS (SELECT * FROM balances WHERE balance > :least) SELECT count(*) AS n FROM rich",
        {"least": 6},
    ),
    ("SELECT id, row_number() OVER (ORDER BY balance DESC) AS place FROM balances ORDER BY id", {}),
    ("SELECT round(avg(balance), 2) FROM balances", {}),
    ("SELECT coalesce(maybe, 'none') FROM everything ORDER BY id", {}),
    ("SELECT maybe FROM everything ORDER BY maybe", {}),
    ("SELECT maybe FROM everything ORDER BY maybe DESC", {}),
    ("SELECT id FROM everything WHERE flag ORDER BY id", {}),
    ("SELECT id FROM everything WHERE NOT flag ORDER BY id", {}),
    ("SELECT id FROM everything WHERE flag = 1 ORDER BY id", {}),
    ("SELECT id FROM everything WHERE flag = TRUE ORDER BY id", {}),
    ("SELECT id FROM everything WHERE flag = :flag ORDER BY id", {"flag": True}),
    ("SELECT id FROM everything WHERE flag = 0 AND NOT (maybe_flag = 1) ORDER BY id", {}),
    ("SELECT sum(flag) AS set_, count(*) FROM everything", {}),
    ("SELECT id, flag, maybe_flag FROM everything ORDER BY id", {}),
    ("SELECT sum(CASE WHEN flag THEN 1 ELSE 0 END) AS n FROM everything", {}),
    ("SELECT coalesce(maybe_flag, 0) AS shown, flag FROM everything ORDER BY id", {}),
    ("SELECT moment FROM everything ORDER BY id", {}),
    (
        "SELECT id FROM everything WHERE moment >= :since ORDER BY id",
        {"since": MOMENT + timedelta(seconds=1)},
    ),
    ("SELECT max(moment) AS last FROM everything", {}),
    ("SELECT id FROM everything WHERE colour = :colour", {"colour": Colour.BLUE}),
    ("SELECT id FROM everything WHERE part < :part ORDER BY id", {"part": 1}),
    ("SELECT id FROM everything WHERE whole > :whole ORDER BY id", {"whole": 0.5}),
    ("SELECT id FROM balances WHERE id = :id", {"id": 7}),
]


async def fill(database: Database) -> None:
    await write(
        database,
        BALANCES,
        Balances("a", "ann", 5),
        Balances("b", "bob", 7),
        Balances("c", "ann", 9),
        Balances("7", "Eve", 2),
    )
    await write(database, ACTIVITY, Activity("c", 2))
    await write(
        database,
        EVERYTHING,
        Everything("a", maybe="x", flag=True, maybe_flag=False, moment=MOMENT, part=0.5, whole=3),
        Everything("b", colour=Colour.BLUE, moment=MOMENT + timedelta(days=1), maybe_flag=True),
        Everything("c", maybe="", flag=True, part=2.5),
    )


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[Database]:
    database = await open_database(await PostgresPool.open(postgres_url, (SCHEMA,)))
    await fill(database)
    yield database
    await database.close()


async def test_queries_have_equal_answers_on_sqlite_and_postgres(postgres_database: Database) -> None:
    """The same application may move from a file to a server: names, order, types and values stay."""
    different = []
    async with database_in_memory() as sqlite:
        await fill(sqlite)
        for sql, parameters in QUERIES:
            wanted = await sqlite.ask(sql, parameters, most=100)
            found = await asked(postgres_database, sql, parameters)
            if repr(wanted.rows) != repr(found):
                different.append((sql, wanted.rows, found))

    assert different == [], "\n".join(map(repr, different))


async def asked(database: Database, sql: str, parameters: dict[str, Any]) -> Any:
    try:
        return (await database.ask(sql, parameters, most=100)).rows
    except Exception as error:  # noqa: BLE001  (whatever went wrong is shown beside the query)
        return error


async def test_a_query_that_counts_truth_values_is_understood_at_once_the_next_time(
    postgres_database: Database,
) -> None:
    """What was learnt of a query is remembered."""
    sql = "SELECT sum(flag) AS n FROM everything WHERE flag = 1"

    first = await postgres_database.ask(sql, {}, most=5)
    second = await postgres_database.ask(sql, {}, most=5)

    assert (first.rows, first.columns) == (second.rows, second.columns) == ([(2,)], ("n",))
