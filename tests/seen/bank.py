"""A bank whose notices can be held up, to be watched while something stands still."""

import asyncio
from datetime import timedelta

from actum import Actions, App, Context
from examples.bank.bank import Account, Activity, Balances, Deposited, Opened

HELD: set[int] = set()
"""Amounts whose notices hang until they are removed."""

notices = Actions()


@notices.on(Deposited, timeout=timedelta(minutes=5))
async def notify(ctx: Context, event: Deposited) -> None:
    while event.amount in HELD:  # noqa: ASYNC110 (it hangs)
        await asyncio.sleep(0.05)


@notices.on(Opened)
async def welcome(ctx: Context, event: Opened) -> None: ...


def bank() -> App:
    """Gives the application; each test opens one of its own."""
    return App("seen", entities=[Account], views=[Balances, Activity], actions=[notices])


app = bank()
