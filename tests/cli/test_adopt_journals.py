"""`actum adopt` where a log was lost, or the journal is another one, or put back."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from actum.stores.open import open_stores
from actum.stores.url import join
from tests.cli.commands import CommandLine


@pytest.fixture(scope="module")
def dynamodb(request: pytest.FixtureRequest) -> str:
    """Amazon's own server for development."""
    endpoint: str = request.getfixturevalue("dynamodb_local")
    return endpoint


URL = "sqlite:///shop.db"


def pay(store: str, *amounts: int) -> list[int]:
    """Pays for one order; gives what is paid, and what the view says when it has seen that."""

    async def run() -> list[int]:
        app = load_app("shop")
        shop = sys.modules["shop"]
        async with app.running(store) as ctx:
            for amount in amounts:
                await ctx.entity(shop.Order, "a").pay(amount)
            state = await ctx.state(shop.Order, "a")
            return [state.paid, await ctx.view(shop.Sales).total() or 0]

    return asyncio.run(run())


def test_a_file_whose_log_was_lost_goes_on_with_what_it_holds(shop: Path, actum: CommandLine) -> None:
    """A copy of a file in use without its log, as a careless backup makes it."""

    async def copied() -> None:
        app = load_app("shop")
        order = sys.modules["shop"].Order
        async with app.running(URL) as ctx:
            await ctx.entity(order, "a").pay(3)
            await asyncio.to_thread(shutil.copy, "shop.db", "copy.db")

    asyncio.run(copied())

    refused = actum("views", "list", "shop", "--store", "sqlite:///copy.db")
    adopted = actum("adopt", "shop", "--store", "sqlite:///copy.db")
    again = actum("adopt", "shop", "--store", "sqlite:///copy.db")

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "its log copy.db-wal is gone" in refused.err
    assert "run `actum adopt`" in refused.err
    assert (adopted.code, again.code) == (0, 0)
    assert "sqlite:///copy.db continues with what it holds" in adopted.out
    assert "continues with what it holds" not in again.out
    assert pay("sqlite:///copy.db", 5) == [5, 5]
    assert pay(URL, 5) == [8, 8]


def test_a_database_of_another_journal_in_dynamodb_is_refused_and_adopted(
    shop: Path, actum: CommandLine, dynamodb_url: str
) -> None:
    """Its views are those of the journal that it is named with, and its actions act on what comes."""
    one = join(dynamodb_url, "sqlite:///views.db")
    pay(one, 3)
    other = join(_table_beside(dynamodb_url), "sqlite:///others.db")
    assert actum("migrate", "shop", "--store", other).code == 0
    pay(other, 10, 20)
    crossed = join(_table_beside(dynamodb_url), "sqlite:///views.db")

    refused = actum("run", "shop", "--store", crossed, "--port", "0")
    adopted = actum("adopt", "shop", "--store", crossed)

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "belongs to another journal than dynamodb://" in refused.err
    assert "actum adopt" in refused.err
    assert adopted.code == 0
    assert pay(crossed, 1) == [31, 31]


def test_a_journal_in_dynamodb_that_its_database_is_ahead_of_is_refused_and_adopted(
    shop: Path, actum: CommandLine, dynamodb_url: str
) -> None:
    """As when a table was put back to an earlier state: here its database has seen what it never had."""
    store = join(dynamodb_url, "sqlite:///views.db")
    pay(store, 3)
    asyncio.run(_see_more(store))

    refused = actum("run", "shop", "--store", store, "--port", "0")
    adopted = actum("adopt", "shop", "--store", store)

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "the journal was restored to an earlier state" in refused.err
    assert adopted.code == 0
    assert pay(store, 4) == [7, 7]


async def _see_more(store: str) -> None:
    async with open_stores(store) as stores:
        await stores.database.record_position(await stores.journal.last() + 1_000_000, "7@1")


def _table_beside(url: str) -> str:
    table = url.removeprefix("dynamodb://").partition("?")[0]
    return url.replace(table, f"{table}-b", 1)
