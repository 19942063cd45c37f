"""A full disk shows in `/-/ready`, the metrics and the console, on every store that has one.

Memory has no disk. DynamoDB has none that could be full, nor have Durable Objects where they run; the
database beside them has, and it stands still alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from actum.stores.url import join
from examples.bank.bank import Account
from tests.faults.disk import mount
from tests.seen.sites import disk_for_all, fill_up, own_postgres
from tests.seen.watching import Watched, watching

LONG = "x" * 2_000


@pytest.fixture(autouse=True)
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_METRICS", "1")


@asynccontextmanager
async def writing(watched: Watched) -> AsyncIterator[None]:
    """Has accounts opened all the time, as traffic would, whether that succeeds or not."""

    async def write() -> None:
        number = 0
        while True:
            batch = range(number, number := number + 20)
            calls = [watched.context().entity(Account, f"a{one}").open(LONG) for one in batch]
            await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(write())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def fill(watched: Watched, until: Callable[[Watched], bool]) -> None:
    """Opens accounts until the disk is full."""
    async with asyncio.timeout(120), writing(watched):
        while not until(watched):  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(0.05)


async def test_a_full_disk_of_sqlite_shows_until_it_is_opened_again_with_space() -> None:
    with disk_for_all("1m") as disk:
        store = f"sqlite:///{disk / 'seen.db'}"
        async with watching(store) as watched:
            await watched.until_gone("store", "journal", said_of="sqlite, full disk, before")
            await fill(watched, lambda one: one.services.journal.failure is not None)
            await watched.until_shown("store", "journal", said_of="sqlite, full disk")
        mount("-o", "remount,size=64m", str(disk))
        async with watching(store) as again:
            await again.until_gone("store", "journal", said_of="sqlite, full disk")
            await again.context().entity(Account, "b").deposit(5)


@pytest.mark.slow
async def test_a_full_disk_of_postgres_shows_until_there_is_space() -> None:
    with disk_for_all("32m") as disk, own_postgres() as server:
        await server.use_disk(disk)
        async with watching(server.url) as watched:
            await watched.until_gone("store", "journal", said_of="postgres, full disk, before")
            fill_up(disk)
            async with asyncio.timeout(120), writing(watched):
                while not watched.services.journal.refuses_writes:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                await watched.until_shown("store", "journal", said_of="postgres, full disk")
                mount("-o", "remount,size=256m", str(disk))
                await watched.until_gone("store", "journal", said_of="postgres, full disk")
            await watched.context().entity(Account, "b").deposit(5)


@pytest.fixture(params=["dynamodb_local_url", "objects_url"])
def journal(request: pytest.FixtureRequest) -> str:
    """The URL of an empty journal that keeps only events."""
    return str(request.getfixturevalue(request.param))


@pytest.mark.slow
async def test_a_full_disk_beside_a_journal_shows_until_it_is_opened_again_with_space(journal: str) -> None:
    """Commands go on: the journal has space. Views and actions stand still, and say so."""
    said = f"sqlite beside {journal.partition(':')[0]}, full disk"
    with disk_for_all("1m") as disk:
        store = join(journal, f"sqlite:///{disk / 'beside.db'}")
        async with watching(store) as watched:
            await watched.until_gone("store", "database", said_of=f"{said}, before")
            await fill(watched, lambda one: one.services.database.failure is not None)
            await watched.until_shown("store", "database", said_of=said)
            assert not await watched.shows("/-/ready", "store", "journal")
            await watched.context().entity(Account, "b").deposit(5)
        mount("-o", "remount,size=64m", str(disk))
        async with watching(store) as again:
            await again.until_gone("store", "database", said_of=said)


@pytest.mark.slow
async def test_a_full_disk_of_postgres_beside_a_journal_shows_until_there_is_space(
    dynamodb_local_url: str,
) -> None:
    with disk_for_all("32m") as disk, own_postgres() as server:
        await server.use_disk(disk)
        async with watching(join(dynamodb_local_url, server.url)) as watched:
            await watched.until_gone("store", "database", said_of="postgres beside, full disk, before")
            fill_up(disk)
            async with asyncio.timeout(120), writing(watched):
                while not watched.services.database.refuses_writes:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                await watched.until_shown("store", "database", said_of="postgres beside, full disk")
                mount("-o", "remount,size=256m", str(disk))
                await watched.until_gone("store", "database", said_of="postgres beside, full disk")
