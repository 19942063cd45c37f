"""The form of statements for one row: it does the same, and its plan is kept and finds rows by an index."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from actum import App, Context, Entity, View, Workflow, command, reducer
from actum.model.view import view_type
from actum.stores.postgres.connection import pool as pools
from actum.stores.postgres.connection.one_row import fitting, for_one
from actum.stores.postgres.connection.session import settle
from actum.stores.postgres.database.fence import EVERYBODYS
from actum.stores.postgres.database.tables import PostgresTable
from actum.stores.postgres.database.workflows.changes import CHANGE
from actum.stores.postgres.journal import claim_statements, statements
from actum.stores.postgres.journal.append_statements import APPENDS
from tests.engine.plans import Seats, Sold, new_store, nodes_of

SCHEMA = "one_row"
CALLS = 30
SMALL = {"actum_journal", "actum_writers", "actum_work", "actum_views"}
"""Tables that stay small whatever is stored."""
TRIED = 5
"""How often the server plans a statement for its values before it may keep a plan for any."""
FORM = "(SELECT ($"
OFTEN = f"""SELECT statement, custom_plans FROM pg_prepared_statements
    WHERE custom_plans + generic_plans > {TRIED + 1}"""


class Seat(Entity):
    taken: int = 0

    @command
    def sit(self, show: str, row: int) -> None:
        self.emit(Sold(show=show, row=row))

    @reducer
    def sold(self, event: Sold) -> None:
        self.taken += 1


class Rows(View, key="show"):
    show: str
    row: int = 0

    @reducer(key="show")
    def sold(self, event: Sold) -> None:
        self.row = event.row


async def add_one(number: int) -> int:
    return number + 1


class OneStep(Workflow):
    async def run(self, ctx: Context, number: int) -> int:
        return await self.step(add_one, number)


TABLES = [PostgresTable(view_type(view), 1) for view in (Rows, Seats)]
LONE: dict[str, str] = {
    **{f"append {place}": statement for place, statement in enumerate(APPENDS.values())},
    "load": statements.LOAD,
    "replies": statements.REPLIES,
    "replies of a batch": statements.KEPT,
    "versions": statements.VERSIONS,
    "streams": statements.LOCK_STREAMS,
    "holders": claim_statements.HOLDERS,
    "workflow": f"WITH {EVERYBODYS.held}, {CHANGE}",
    **{f"read {table.name}": table.select for table in TABLES},
    **{f"project {table.name}": table.project(EVERYBODYS.held) for table in TABLES},
}
"""What is sent for one command, row or workflow."""


@pytest.fixture
async def store(postgres: Any) -> AsyncIterator[str]:
    """A store whose tables are new and empty."""
    async with new_store(postgres, SCHEMA) as url:
        yield url


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM unnest($1::text[], $2::double precision[]) WHERE true",
        "SELECT g.n, g.a FROM unnest($1::text[], $2::double precision[]) WITH ORDINALITY AS g (a, b, n)",
        "SELECT a FROM (VALUES ('a'), ('b')) AS t (a) WHERE a = ANY($1::text[]) AND $2::real[] IS NOT NULL",
        "SELECT 1 WHERE ('a', 1) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))",
        "SELECT sum(n) FROM unnest($2::text::int[]) AS g (n) WHERE $1::text[] IS NOT NULL",
    ],
)
@pytest.mark.parametrize("values", [((), ()), (("a",), (1,)), ((None,), (1,))], ids=["none", "one", "null"])
async def test_it_gives_what_the_statement_gives(
    store: str, statement: str, values: tuple[tuple[Any, ...], ...]
) -> None:
    connection = await asyncpg.connect(store)
    given = [list(value) for value in values]
    if "::text::int[]" in statement:
        given[1] = f"{{{','.join(map(str, values[1]))}}}"  # type: ignore[call-overload]

    assert for_one(statement) != statement
    assert await connection.fetch(for_one(statement), *given) == await connection.fetch(statement, *given)
    await connection.close()


def test_it_is_for_arrays_of_one_element() -> None:
    statement = "SELECT * FROM unnest($1::text[], $2::bigint[]) AS given (name, number)"

    assert fitting(statement, (["a"], [1], "text", None)) == for_one(statement)
    assert fitting(statement, ([], [])) == for_one(statement)
    assert fitting(statement, (["a"], [1, 2])) == statement


@pytest.mark.parametrize("statement", LONE.values(), ids=LONE)
async def test_a_plan_that_was_made_for_empty_tables_uses_indexes(store: str, statement: str) -> None:
    """The server may keep it while the tables grow."""
    connection = await asyncpg.connect(store)
    for table in TABLES:
        for create in table.create:
            await connection.execute(create)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    count = max(int(number) for number in re.findall(r"\$(\d+)", statement))

    await connection.execute(f"PREPARE lone AS {for_one(statement)}")
    nothing = ", ".join(["NULL"] * count)
    told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE lone ({nothing})")

    await connection.close()
    [plan] = msgspec.json.decode(told)
    scanned = {node["Relation Name"] for node in nodes_of(plan["Plan"]) if node["Node Type"] == "Seq Scan"}
    assert scanned <= SMALL, told


async def test_the_plans_of_lone_calls_are_kept(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server chooses by what it knows of the tables, which it learns in the end of all that are used."""
    opened: list[Any] = []

    async def noted(connection: Any) -> None:
        await settle(connection)
        opened.append(connection)

    monkeypatch.setattr(pools, "settle", noted)
    app = App("seats", entities=[Seat], views=[Rows], workflows=[OneStep])
    async with app.running(store=store) as ctx:
        await use(ctx, "before")
    admin = await asyncpg.connect(store)
    await admin.execute("ANALYZE")
    await admin.close()
    opened.clear()

    async with app.running(store=store) as ctx:
        await use(ctx, "after")
        plans = [plan for connection in opened for plan in await kept_plans(connection)]

    for_lone = [(planned, statement) for statement, planned in plans if FORM in statement]
    assert len({statement for _, statement in for_lone}) >= 4, plans
    assert max(planned for planned, _ in for_lone) <= TRIED, for_lone


async def kept_plans(connection: Any) -> list[tuple[str, int]]:
    """Gives the statements that were sent often, and how often each was planned for its values."""
    async with asyncio.timeout(60):
        while not connection.is_closed():
            try:
                return [(row[0], row[1]) for row in await connection.fetch(OFTEN)]
            except asyncpg.InterfaceError:
                # The application uses it.
                await asyncio.sleep(0.01)
    return []


async def use(ctx: Context, name: str) -> None:
    for number in range(CALLS):
        for key in (None, f"{name}-{number}"):
            await ctx.entity(Seat, f"{name}-{number}", idempotency_key=key).sit("a", number)
        workflow = ctx.workflow(OneStep, f"{name}-{number}")
        await workflow.start(number)
        await workflow.result()
