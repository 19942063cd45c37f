"""Fills the store of the shop with a history, at times that are known."""

import asyncio
import sys
from collections.abc import Sequence

from actum.cli.loading import load_app
from actum.testing import testing

STORE = "sqlite:///shop.db"


def fill(*paid: tuple[str, int], erased: Sequence[str] = ()) -> None:
    """Has these orders paid at the shop of the current directory, a second apart from 2030 on.

    Some of them are erased in the end.
    """
    asyncio.run(_fill(paid, erased))


async def _fill(paid: Sequence[tuple[str, int]], erased: Sequence[str]) -> None:
    app = load_app("shop")
    order = sys.modules["shop"].Order
    async with testing(app, store=STORE) as running:
        for id, amount in paid:
            await running.advance(seconds=1)
            await running.ctx.entity(order, id).pay(amount)
        await running.advance(minutes=1)
        for id in erased:
            await running.ctx.delete(order, id, erase=True)
