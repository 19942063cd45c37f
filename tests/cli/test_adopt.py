"""The command that has a database belong to an application that was renamed, or to another journal."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from tests.cli.commands import CommandLine, Process


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    return (
        str(request.getfixturevalue("postgres_store")) if request.param == "postgres" else "sqlite:///shop.db"
    )


async def pay(module: str, store: str, amount: int) -> int | None:
    """Pays for an order, and gives what the view has sold then."""
    app = load_app(module)
    shop = sys.modules[module]
    async with app.running(store) as ctx:
        await ctx.entity(shop.Order, "a").pay(amount)
        total: int | None = await ctx.view(shop.Sales).total()
        return total


def test_an_application_that_was_renamed_goes_on_with_its_store_once_that_is_adopted(
    shop: Path, actum: CommandLine, store: str
) -> None:
    """Until then it is refused, in one line that says so; its views are built from the beginning."""
    assert asyncio.run(pay("shop", store, 3)) == 3
    (shop / "market.py").write_text((shop / "shop.py").read_text().replace('App("shop"', 'App("market"'))

    refused = actum("run", "market", "--port", "0", "--store", store)
    adopted = actum("adopt", "market", "--store", store)

    assert refused.code == 1
    assert re.fullmatch(r"error: .* belongs to the application 'shop', .*`actum adopt`\n", refused.err)
    assert (adopted.code, adopted.err) == (0, "")
    assert re.match(r"bound to market, at position \d+ .*; it was bound to shop and journal ", adopted.out)
    assert asyncio.run(pay("market", store, 4)) == 7


def test_nothing_is_adopted_beside_the_running_application(
    shop: Path, actum: CommandLine, start: Callable[..., Process], store: str
) -> None:
    server = start("run", "shop", "--port", "0", "--store", store)
    assert server.url

    refused = actum("adopt", "shop", "--store", store)

    assert (refused.code, refused.out) == (1, "")
    assert re.fullmatch(
        r"error: (the application is running: stop it first|.* is in use by another process.*)\n", refused.err
    )
    assert server.stop() == 0


def test_a_store_that_is_not_there_is_not_made(shop: Path, actum: CommandLine) -> None:
    refused = actum("adopt", "shop", "--store", "sqlite:///nothing.db")

    assert (refused.code, refused.out) == (1, "")
    assert not (shop / "nothing.db").exists()
