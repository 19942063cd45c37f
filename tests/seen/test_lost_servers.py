"""A server that is lost shows in `/-/ready`, the metrics and the console, and that it is back.

Memory and SQLite have no server. One that hangs (SIGSTOP) is as lost as one that is gone (SIGKILL): its
connections stay open, and it answers nothing.
"""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actum.stores.url import join
from examples.bank.bank import Account
from tests.seen.sites import OwnPostgres, own_dynamodb, own_postgres, own_workerd
from tests.seen.watching import Watched, watching

pytestmark = pytest.mark.slow
BOTH = ("journal", "database")


@pytest.fixture(autouse=True)
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_METRICS", "1")


@asynccontextmanager
async def opened(store: str, said_of: str) -> AsyncIterator[Watched]:
    """Opens the bank, in which something has happened, and which is well."""
    async with watching(store) as watched:
        await watched.context().entity(Account, "a").deposit(5)
        for name in BOTH:
            await watched.until_gone("store", name, said_of=f"{said_of}, before")
        yield watched


async def lose(server: OwnPostgres, how: str) -> None:
    if how == "killed":
        await server.kill()
    else:
        server.pause()


async def bring_back(server: OwnPostgres, how: str) -> None:
    if how == "killed":
        await server.start_again()
    else:
        server.resume()


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_lost_postgres_shows_until_it_is_back(how: str) -> None:
    said = f"postgres {how}"
    with own_postgres() as server:
        async with opened(server.url, said) as watched:
            await lose(server, how)
            for name in BOTH:
                await watched.until_shown("store", name, said_of=said)
            await bring_back(server, how)
            for name in BOTH:
                await watched.until_gone("store", name, said_of=said)
            assert await watched.context().entity(Account, "a").deposit(7) == 12


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_lost_postgres_beside_a_journal_shows_until_it_is_back(
    dynamodb_local_url: str, how: str
) -> None:
    said = f"postgres beside dynamodb {how}"
    with own_postgres() as server:
        async with opened(join(dynamodb_local_url, server.url), said) as watched:
            await lose(server, how)
            await watched.until_shown("store", "database", said_of=said)
            assert not await watched.shows("/-/ready", "store", "journal")
            await bring_back(server, how)
            await watched.until_gone("store", "database", said_of=said)


async def test_a_dynamodb_that_hangs_shows_until_it_answers(tmp_path: Path) -> None:
    """DynamoDB Local in memory has lost its tables when it is killed, so it is only stopped."""
    async with own_dynamodb() as (url, process):
        store = join(url, f"sqlite:///{tmp_path / 'beside.db'}")
        async with opened(store, "dynamodb stopped") as watched:
            process.send_signal(signal.SIGSTOP)
            await watched.until_shown("store", "journal", said_of="dynamodb stopped")
            process.send_signal(signal.SIGCONT)
            await watched.until_gone("store", "journal", said_of="dynamodb stopped")
            assert await watched.context().entity(Account, "a").deposit(7) == 12


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_lost_workerd_shows_until_it_is_back(workerd_tools: Path, tmp_path: Path, how: str) -> None:
    said = f"workerd {how}"
    async with own_workerd(workerd_tools, tmp_path / "objects") as server:
        store = join(server.url, f"sqlite:///{tmp_path / 'beside.db'}")
        async with opened(store, said) as watched:
            assert server.process is not None
            if how == "killed":
                await server.kill()
            else:
                server.process.send_signal(signal.SIGSTOP)
            await watched.until_shown("store", "journal", said_of=said)
            if how == "killed":
                await server.start()
            else:
                server.process.send_signal(signal.SIGCONT)
            await watched.until_gone("store", "journal", said_of=said)
            assert await watched.context().entity(Account, "a").deposit(7) == 12
