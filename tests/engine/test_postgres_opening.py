"""Opening a PostgreSQL store: what cannot work is said in one line, and the schema is made once."""

import asyncio
from typing import Any

import pytest

from actum.errors import ActumError, ForeignStore, StoreError, StoreFailed, Unavailable
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.connection.url import read_url
from actum.stores.schema import Part

ONE = Part("one", (("CREATE TABLE actum_one (number integer)",),))
TWO = Part(
    "one", (*ONE.steps, ("ALTER TABLE actum_one ADD COLUMN text text", "INSERT INTO actum_one VALUES (2)"))
)
BROKEN = Part("one", (*TWO.steps, ("CREATE TABLE actum_two (number integer)", "SELECT nothing")))


@pytest.fixture
async def fresh_url(postgres_url: str, postgres_pool: PostgresPool) -> str:
    """The URL of a schema in which nothing is."""
    await postgres_pool.fetch("DROP SCHEMA IF EXISTS fresh CASCADE")
    await postgres_pool.fetch("CREATE SCHEMA fresh")
    return postgres_url.replace("search_path=store", "search_path=fresh")


async def columns(url: str) -> list[str]:
    pool = await PostgresPool.open(url, ())
    rows = await pool.fetch(
        "SELECT table_name || '.' || column_name FROM information_schema.columns "
        "WHERE table_schema = 'fresh' AND table_name <> 'actum_schema' ORDER BY 1"
    )
    await pool.close()
    return [row[0] for row in rows]


async def insert_and_fail(connection: Any) -> None:
    await connection.execute("INSERT INTO actum_one VALUES (1)")
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("/postgres?", "/missing?", StoreError, "no such database"),
        ("//postgres:", "//nobody:", StoreError, "wrong password or user|may not connect"),
        ("host=/tmp", "host=/nowhere", Unavailable, "does not answer"),
        ("search_path=fresh", "search_path=absent", StoreError, "no schema"),
        ("search_path=fresh", "pool=0", StoreError, "pool=0"),
        ("search_path=fresh", "pooler=session", StoreError, "pooler=session"),
        ("search_path=fresh", "direct=h:1&search_path=fresh&sslmode=sometimes", StoreError, "sslmode"),
    ],
)
async def test_what_cannot_be_opened_is_said_in_one_line(
    fresh_url: str, old: str, new: str, error: type[ActumError], says: str
) -> None:
    """Whoever mistyped the URL reads what to mend, and no password."""
    url = fresh_url.replace(old, new)
    assert url != fresh_url

    with pytest.raises(error, match=says) as caught:
        await PostgresPool.open(url, (ONE,))

    assert "\n" not in str(caught.value)


async def test_a_refused_connection_is_unavailable() -> None:
    """A server that is not up may come: whoever waits for it tries again."""
    with pytest.raises(Unavailable, match=r"postgresql://127\.0\.0\.1:9/bank does not answer") as caught:
        await PostgresPool.open("postgresql://u:secret@127.0.0.1:9/bank", (ONE,))

    assert "secret" not in str(caught.value)


async def test_processes_that_open_at_once_make_the_schema_once(fresh_url: str) -> None:
    """Whoever comes second waits, and finds it done."""
    pools = await asyncio.gather(*(PostgresPool.open(fresh_url, (TWO,)) for _ in range(6)))

    assert await pools[0].fetchval("SELECT count(*) FROM actum_one") == 1
    for pool in pools:
        await pool.close()


async def test_an_older_schema_is_brought_up_to_date(fresh_url: str) -> None:
    """Only the steps that are missing are taken."""
    await (await PostgresPool.open(fresh_url, (ONE,))).close()

    await (await PostgresPool.open(fresh_url, (TWO,))).close()

    assert await columns(fresh_url) == ["actum_one.number", "actum_one.text"]


async def test_a_newer_schema_is_refused(fresh_url: str) -> None:
    """A program does not write what a later one has changed."""
    await (await PostgresPool.open(fresh_url, (TWO,))).close()

    with pytest.raises(ForeignStore, match=r"newer Actum \(one schema 2, this one knows 1\)"):
        await PostgresPool.open(fresh_url, (ONE,))


async def test_a_step_that_fails_leaves_the_schema_as_it_was(fresh_url: str) -> None:
    """All steps of an opening are taken together or not at all."""
    with pytest.raises(StoreError):
        await PostgresPool.open(fresh_url, (BROKEN,))

    assert await columns(fresh_url) == []


async def test_who_does_not_own_the_store_makes_nothing(fresh_url: str) -> None:
    """A look at a database that is not set up changes nothing in it."""
    with pytest.raises(StoreError, match="not set up"):
        await PostgresPool.open(fresh_url, (ONE,), is_owner=False)

    assert await columns(fresh_url) == []


async def test_who_finds_every_connection_in_use_is_told(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool is bounded, and so is waiting for it."""
    monkeypatch.setattr("actum.stores.postgres.connection.pool.MAX_WAIT", 0.05)
    pool = await PostgresPool.open(f"{fresh_url}&pool=1", (ONE,))
    async with pool.connection():
        with pytest.raises(Unavailable, match="all 1 connections"):
            await pool.fetchval("SELECT 1")

    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_server_that_only_reads_has_failed(fresh_url: str) -> None:
    """Writes stop with what to do about it."""
    pool = await PostgresPool.open(fresh_url, (ONE,))
    with pytest.raises(StoreFailed, match="read-only"):
        async with pool.transaction("READ ONLY") as connection:
            await connection.execute("INSERT INTO actum_one VALUES (1)")

    await pool.fetch("INSERT INTO actum_one VALUES (1)")
    await pool.close()


async def test_a_transaction_that_raises_leaves_nothing(fresh_url: str) -> None:
    """All of a block or none of it."""
    pool = await PostgresPool.open(fresh_url, (ONE,))
    with pytest.raises(ZeroDivisionError):
        async with pool.transaction() as connection:
            await insert_and_fail(connection)

    assert await pool.fetchval("SELECT count(*) FROM actum_one") == 0
    await pool.close()


async def test_a_closed_pool_is_unavailable(fresh_url: str) -> None:
    """After closing nothing hangs and nothing lies."""
    pool = await PostgresPool.open(fresh_url, (ONE,))
    await pool.close()
    await pool.close()

    with pytest.raises(Unavailable, match="closed"):
        await pool.fetchval("SELECT 1")


def test_a_url_names_the_pooler_and_the_way_round_it() -> None:
    """What is for Actum is kept from the driver."""
    address = read_url(
        "postgresql://ann:p%40ss@pooler:6432/bank?pooler=transaction&direct=db:5432&pool=4&sslmode=require"
    )

    assert address.url == "postgresql://ann:p%40ss@pooler:6432/bank?sslmode=require"
    assert address.direct == "postgresql://ann:p%40ss@db:5432/bank?sslmode=require"
    assert (address.size, address.is_pooled, address.name) == (4, True, "postgresql://pooler:6432/bank")


def test_the_way_round_a_pooler_may_lead_to_a_database_of_another_name() -> None:
    """A pooler's name for a database is often an alias, which the server does not know."""
    address = read_url("postgresql://ann:p%40ss@pooler:6432/alias?pooler=transaction&direct=db:5432/bank")

    assert address.url == "postgresql://ann:p%40ss@pooler:6432/alias"
    assert address.direct == "postgresql://ann:p%40ss@db:5432/bank"


@pytest.mark.parametrize("direct", ["/bank", "db:5432/", "ann@db:5432"])
def test_a_way_round_that_leads_nowhere_is_refused(direct: str) -> None:
    with pytest.raises(StoreError, match="write direct=HOST:PORT, or direct=HOST:PORT/DATABASE"):
        read_url(f"postgresql://ann@pooler/bank?pooler=transaction&direct={direct}")


async def test_without_named_statements_all_works_alike(postgres_url: str) -> None:
    """Behind a pooler in transaction mode no statement is expected to be known from before."""
    pool = await PostgresPool.open(f"{postgres_url}&pooler=transaction", ())
    assert [await pool.fetchval("SELECT $1::int + 1", number) for number in (1, 2)] == [2, 3]
    assert await pool.fetchval("SELECT count(*) FROM pg_prepared_statements") == 0
    await pool.close()
