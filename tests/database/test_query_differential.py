"""Queries made at random, asked of SQLite and of PostgreSQL: equal answers, or errors of one kind."""

import math
from collections.abc import AsyncIterator
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from actum.database.port import Database
from actum.database.postgres.database import SCHEMA, open_database
from actum.engine.postgres.pool import PostgresPool
from actum.errors import ActumError
from tests.database.queries import Grammar, fill
from tests.runtime.nodes import database_in_memory

QUERIES = 400


@pytest.fixture
async def server(postgres_url: str) -> AsyncIterator[Database]:
    database = await open_database(await PostgresPool.open(postgres_url, (SCHEMA,)))
    await fill(database)
    yield database
    await database.close()


async def asked(database: Database, sql: str) -> Any:
    try:
        return (await database.ask(sql, {}, most=10_000)).rows
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
async def test_random_queries_have_equal_answers_on_sqlite_and_postgres(server: Database) -> None:
    """Expressions of every kind, groups, windows, unions, and tables that WITH names; from 400 seeds."""
    different, answered = [], 0
    async with database_in_memory() as sqlite:
        await fill(sqlite)
        for seed in range(QUERIES):
            sql = Grammar(seed).query()
            one, other = await asked(sqlite, sql), await asked(server, sql)
            answered += isinstance(one, list)
            if not agree(one, other):
                different.append((seed, sql, str(one)[:200], str(other)[:200]))

    assert different == [], "\n".join(map(repr, different))
    assert answered > QUERIES * 0.9
