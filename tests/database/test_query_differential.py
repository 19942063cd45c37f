"""Queries made at random, asked of SQLite and of PostgreSQL: equal answers, or errors of one kind."""

import math
from collections.abc import AsyncIterator
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import pytest

from actum.conformance.database.tables import Colour, Level
from actum.errors import ActumError
from actum.ports.database import Database
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA, open_database
from tests.database.constructs import FORMS
from tests.database.queries import MOMENT, Grammar, fill
from tests.database.test_query_parity import fill as fill_others
from tests.runtime.nodes import database_in_memory

QUERIES = 400
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("SELECT :a + 1, :b || 'x', :c", {"a": 2, "b": "q", "c": Decimal("1.50")}),
    ("SELECT count(*) FROM mixed WHERE flag = :f", {"f": True}),
    ("SELECT count(*) FROM mixed WHERE flag = :f", {"f": 1}),
    ("SELECT count(*) FROM mixed WHERE moment < :m", {"m": MOMENT}),
    ("SELECT count(*) FROM mixed WHERE moment < :m", {"m": "2024-01-01"}),
    ("SELECT count(*) FROM mixed WHERE moment IN :m", {"m": [MOMENT]}),
    (
        "SELECT count(*) FROM everything WHERE day = :d OR hour <> :h OR number IS NOT :u",
        {"d": date(2024, 1, 1), "h": time(1), "u": UUID(int=1)},
    ),
    ("SELECT count(*) FROM everything WHERE colour = :c AND level < :l", {"c": Colour.RED, "l": Level.HIGH}),
    (
        "SELECT count(*) FROM everything WHERE colour IN :c AND level IN (:l)",
        {"c": [Colour.RED], "l": [Level.LOW]},
    ),
    ("SELECT count(*) FROM mixed WHERE raw = :r", {"r": b"ab"}),
    ("SELECT count(*) FROM mixed WHERE raw IN :r", {"r": [b"ab"]}),
    ("SELECT count(*) FROM mixed WHERE part IN :r", {"r": [0.5, 1]}),
    ("SELECT count(*) FROM mixed WHERE price IN :r", {"r": [Decimal("10.5"), 9]}),
    ("SELECT count(*) FROM mixed WHERE whole IN :r OR word IN :r", {"r": [1, 7]}),
    ("SELECT count(*) FROM mixed WHERE whole NOT IN (:r)", {"r": []}),
    ("SELECT count(*) FROM mixed WHERE word IN (:r, 'a')", {"r": ["Ann"]}),
    ("SELECT id FROM mixed ORDER BY id LIMIT :n", {"n": None}),
    ("SELECT id FROM mixed ORDER BY id LIMIT :n", {"n": 2.5}),
    ("SELECT id FROM mixed ORDER BY id LIMIT :n OFFSET :m", {"n": 2, "m": 3}),
    ("SELECT value FROM json_each(:x)", {"x": ["a", "b"]}),
    ("SELECT value FROM json_each(:x)", {"x": '[1, 2.5, true, null, {"a": [1]}]'}),
    ("SELECT id FROM mixed WHERE id IN (SELECT value FROM json_each(:x)) ORDER BY id", {"x": ["r01", "r02"]}),
    ("SELECT count(*) FROM mixed WHERE maybe = :x OR :x IS NULL", {"x": None}),
    ("SELECT coalesce(:x, 1), :x", {"x": None}),
    ("SELECT count(*) FROM mixed WHERE whole > :x", {"x": "5"}),
    ("SELECT count(*) FROM mixed WHERE word = :x", {"x": 7}),
    ("SELECT count(*) FROM mixed WHERE word LIKE :x ESCAPE '!'", {"x": "a!_%"}),
    ("SELECT whole + :x FROM mixed", {"x": 2**63 - 1}),
]


@pytest.fixture
async def databases(postgres_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """The same rows in memory and on a server."""
    server = await open_database(await PostgresPool.open(postgres_url, (SCHEMA,)))
    async with database_in_memory() as sqlite:
        for database in (sqlite, server):
            await fill(database)
            await fill_others(database)
        yield sqlite, server
    await server.close()


async def asked(database: Database, sql: str, parameters: dict[str, Any] | None = None) -> Any:
    try:
        return (await database.ask(sql, parameters or {}, most=10_000)).rows
    except ActumError as error:
        return error


def alike(one: Any, other: Any) -> bool:
    """Equal, up to the last digit of a real number, and to the zeros at a Decimal's end."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, str) and isinstance(other, str) and one != other:
        try:
            return Decimal(one) == Decimal(other)
        except InvalidOperation:
            return False
    return type(one) is type(other) and one == other


def agree(one: Any, other: Any) -> bool:
    if isinstance(one, Exception) or isinstance(other, Exception):
        return type(one) is type(other)
    return len(one) == len(other) and all(
        alike(value, beside)
        for row, twin in zip(one, other, strict=True)
        for value, beside in zip(row, twin, strict=True)
    )


@pytest.mark.slow
async def test_random_queries_have_equal_answers_on_sqlite_and_postgres(
    databases: tuple[Database, Database],
) -> None:
    """Expressions of every kind, groups, windows, unions, and tables that WITH names; from 400 seeds."""
    different, answered = [], 0
    for seed in range(QUERIES):
        sql = Grammar(seed).query()
        one, other = [await asked(database, sql) for database in databases]
        answered += isinstance(one, list)
        if not agree(one, other):
            different.append((seed, sql, str(one)[:200], str(other)[:200]))

    assert different == [], "\n".join(map(repr, different))
    assert answered > QUERIES * 0.9


async def test_a_form_that_is_answered_is_answered_alike(databases: tuple[Database, Database]) -> None:
    """What one database answers the other does too; what is refused is refused by both, before it runs."""
    different = []
    for sql in FORMS:
        one, other = [await asked(database, sql) for database in databases]
        if not agree(one, other):
            different.append((sql, str(one)[:200], str(other)[:200]))

    assert different == [], "\n".join(map(repr, different))


async def test_parameters_mean_the_same_to_both(databases: tuple[Database, Database]) -> None:
    different = []
    for sql, parameters in CALLS:
        one, other = [await asked(database, sql, parameters) for database in databases]
        if not agree(one, other):
            different.append((sql, parameters, str(one)[:200], str(other)[:200]))

    assert different == [], "\n".join(map(repr, different))
