"""A stuck view and a hanging action show in `/-/ready`, the metrics and the console, on every store."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from actum.stores.url import join
from examples.bank.bank import Account
from tests.seen.bank import HELD
from tests.seen.watching import Watched, watching

STORES = [
    "memory",
    "sqlite",
    "postgres",
    pytest.param("dynamodb", marks=pytest.mark.slow),
    pytest.param("objects", marks=pytest.mark.slow),
]
"""Those that keep only events have their database in SQLite."""


@pytest.fixture(autouse=True)
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_METRICS", "1")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    beside = f"sqlite:///{tmp_path / 'seen.db'}"
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return beside
        case "postgres":
            return str(request.getfixturevalue("postgres_store"))
        case "dynamodb":
            return join(str(request.getfixturevalue("dynamodb_local_url")), beside)
        case _:
            return join(str(request.getfixturevalue("objects_url")), beside)


@pytest.fixture
def held() -> Iterator[set[int]]:
    """The amounts whose notices hang; none is left behind."""
    yield HELD
    HELD.clear()


def kind_of(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["store"])


async def deposit(watched: Watched, id: str, amount: int) -> None:
    await watched.context().entity(Account, id).deposit(amount)


async def test_a_stuck_view_shows_and_is_gone_when_it_goes_on(
    store: str, request: pytest.FixtureRequest
) -> None:
    async with watching(store) as watched:
        await deposit(watched, "a", 5)
        await watched.until_gone("view", "balances", said_of=f"{kind_of(request)}, stuck view, before")
        projector = next(one for one in watched.services.views.projectors() if one.view.name == "balances")
        async with projector._turn:
            await deposit(watched, "a", 7)
            await watched.until_shown("view", "balances", said_of=f"{kind_of(request)}, stuck view")
        await watched.until_gone("view", "balances", said_of=f"{kind_of(request)}, stuck view")


async def test_a_hanging_action_shows_and_is_gone_when_it_goes_on(
    store: str, held: set[int], request: pytest.FixtureRequest
) -> None:
    async with watching(store) as watched:
        await deposit(watched, "a", 5)
        await watched.until_gone("action", "notify", said_of=f"{kind_of(request)}, hanging action, before")
        held.add(13)
        await deposit(watched, "a", 13)
        await watched.until_shown("action", "notify", said_of=f"{kind_of(request)}, hanging action")
        held.clear()
        await watched.until_gone("action", "notify", said_of=f"{kind_of(request)}, hanging action")


@asynccontextmanager
async def without_table(store: str) -> AsyncIterator[None]:
    """Takes the table of a view away, as an operator might by mistake, and puts it back."""
    await _rename(store, "balances__1", "elsewhere")
    yield
    await _rename(store, "elsewhere", "balances__1")


async def _rename(store: str, table: str, name: str) -> None:
    statement = f'ALTER TABLE "{table}" RENAME TO "{name}"'
    if store.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection:
            connection.execute(statement)
        return
    connection = await asyncpg.connect(store.partition("&search_path")[0])
    await connection.execute(f"SET search_path = store; {statement}")
    await connection.close()


@pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True)
async def test_a_view_that_cannot_be_written_shows_and_is_gone_when_it_can(
    store: str, request: pytest.FixtureRequest
) -> None:
    """Memory has no table that anybody else could take away; beside DynamoDB and objects are these two."""
    async with watching(store) as watched:
        await deposit(watched, "a", 5)
        await watched.until_gone("view", "balances", said_of=f"{kind_of(request)}, lost table, before")
        async with without_table(store):
            await deposit(watched, "b", 7)
            await watched.until_shown("view", "balances", said_of=f"{kind_of(request)}, lost table")
        await watched.until_gone("view", "balances", said_of=f"{kind_of(request)}, lost table")
        async with asyncio.timeout(60):
            assert (await watched.context().entity(Account, "b").current_balance()) == 7
