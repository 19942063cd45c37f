"""What PostgreSQL reads for a page of something long: the page, also before the server knows the table."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from actum.model.view import view_type
from actum.ports.workflows import WorkflowChange
from actum.stores.postgres.database import queues
from actum.stores.postgres.database.fence import EVERYBODYS
from actum.stores.postgres.database.tables import PostgresTable
from actum.stores.postgres.database.workflows import changes
from actum.stores.postgres.database.workflows.workflows import FIND
from actum.stores.postgres.journal import statements
from actum.stores.statements.workflows import change_row
from tests.engine.plans import Seats, new_store, nodes_of

SCHEMA = "plans"
LONG = 20_000
PAGE = 100

EVENTS = f"""INSERT INTO actum_events
    SELECT n, n, 1, 'Account', 'a' || n, 'Deposited', 1, '{{"amount":7}}', '{{}}', n
    FROM generate_series(1, {LONG}) AS n"""
MESSAGES = f"""INSERT INTO actum_messages (id, queue, key, body, time, correlation_id)
    SELECT n, 'payments', 'k', '{{}}', n, '' FROM generate_series(1, {LONG}) AS n"""
STREAMS = f"""INSERT INTO actum_streams SELECT 'Account', 'a' || n, 2, n, 1, n, 1, 0
    FROM generate_series(1, {LONG}) AS n"""
REPLACED = f"""INSERT INTO actum_events
    SELECT {LONG} + n, n, 1, 'Account', 'a' || n, 'Deposited', 1, '{{"amount":7}}', '{{}}', n
    FROM generate_series(1, {PAGE}) AS n"""
WORKFLOWS = f"""INSERT INTO actum_workflows
        (kind, id, input, call, created, updated, correlation_id, causation_id, "by", subject, traceparent)
    SELECT 'Transfer', n, '[]', '', 1, 1, '', '', '', '', '' FROM generate_series(1, {LONG}) AS n"""
WAITERS = f"""INSERT INTO actum_workflow_waiters
    SELECT n, n - {LONG // 2} + 1 FROM generate_series({LONG // 2}, {LONG // 2 + PAGE - 1}) AS n"""
BEYOND = f"""DO $$ BEGIN
    WHILE {statements.HORIZON} <= {LONG} LOOP COMMIT; PERFORM pg_sleep(0.01); END LOOP;
    END $$"""


@pytest.fixture
async def connection(postgres: Any) -> AsyncIterator[Any]:
    """A connection to a store whose tables nobody has analysed, as they are after a long import."""
    async with new_store(postgres, SCHEMA) as url:
        connection = await asyncpg.connect(url)
        for table in ("actum_events", "actum_messages"):
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        # Positions grow with the ids of transactions, and these are below every horizon.
        await connection.execute(EVENTS)
        await connection.execute(MESSAGES)
        # A transaction of another test that is older than the store keeps the horizon below its first number.
        await connection.execute(BEYOND)
        yield connection
        await connection.close()


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        pytest.param(statements.FEED, (0, PAGE), id="the feed"),
        pytest.param(statements.FEED, (LONG // 2, PAGE), id="the feed from the middle"),
        pytest.param(queues.MESSAGES, ("payments", 0, PAGE), id="messages"),
    ],
)
async def test_a_page_costs_its_own_rows_and_not_those_behind_it(
    connection: Any, statement: str, values: tuple[Any, ...]
) -> None:
    rows = await connection.fetch(statement, *values)
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)

    [plan] = msgspec.json.decode(told)
    most = max(node["Actual Rows"] * node["Actual Loops"] for node in nodes_of(plan["Plan"]))
    assert len(rows) == PAGE
    assert most <= PAGE, plan


async def test_rows_of_a_key_of_several_columns_are_found_by_its_index(connection: Any) -> None:
    table = PostgresTable(view_type(Seats), 1)
    for statement in table.create:
        await connection.execute(statement)
    await connection.execute(
        f"INSERT INTO {table.name} SELECT 'show ' || n % 7, n FROM generate_series(1, {LONG}) AS n"
    )
    keys = table.keys([(f"show {number % 7}", number) for number in (5, 6_000, 19_000)])

    rows = await connection.fetch(table.select, *keys)
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {table.select}", *keys)

    [plan] = msgspec.json.decode(told)
    most = max(node["Actual Rows"] * node["Actual Loops"] for node in nodes_of(plan["Plan"]))
    assert len(rows) == 3
    assert most <= 3, plan


CHANGES = [WorkflowChange(number, "completed", None, 0, 2) for number in range(LONG // 2, LONG // 2 + PAGE)]
ACCOUNTS = ["Account"] * PAGE, [f"a{number}" for number in range(1, PAGE + 1)]
TRANSFERS = ["Transfer"] * PAGE, [f"{number}" for number in range(1, PAGE + 1)]
NUMBERS = [change.number for change in CHANGES]
OF_MANY: dict[str, tuple[str, tuple[Any, ...]]] = {
    "locks of streams": (statements.LOCK_STREAMS, ACCOUNTS),
    "versions": (statements.VERSIONS, ACCOUNTS),
    "newest events only": (statements.KEEP_NEWEST, ACCOUNTS),
    "changes of workflows": (
        f"WITH {EVERYBODYS.held}, {changes.CHANGE}",
        (None, None, *zip(*map(change_row, CHANGES), strict=True), *[()] * 7, False),
    ),
    "workflows": (FIND, TRANSFERS),
    "locks of workflows": (changes.LOCK, (NUMBERS,)),
    "awaited workflows": (changes.LOCK_AWAITED, TRANSFERS),
    "those that wait": (changes.WAIT, (NUMBERS, *TRANSFERS)),
    "an end": (changes.WAKE_WAITERS, (NUMBERS,)),
}
"""What is sent for many streams or workflows at once."""


@pytest.mark.parametrize("is_analysed", [False, True])
@pytest.mark.parametrize(("statement", "values"), OF_MANY.values(), ids=OF_MANY)
async def test_many_are_found_by_the_index(
    connection: Any, statement: str, values: tuple[Any, ...], is_analysed: bool
) -> None:
    """For a table of some thousand rows the planner would take reading all of them for cheaper."""
    await connection.execute(f"UPDATE actum_events SET version = 2 WHERE position <= {PAGE}")
    for fill in (STREAMS, REPLACED, WORKFLOWS, WAITERS):
        await connection.execute(fill)
    if is_analysed:
        await connection.execute("ANALYZE")

    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)

    [plan] = msgspec.json.decode(told)
    nodes = list(nodes_of(plan["Plan"]))
    assert any(node["Actual Rows"] == PAGE for node in nodes), plan
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in nodes) <= PAGE, plan
    assert not [node for node in nodes if node.get("Rows Removed by Filter", 0) > PAGE], plan
