"""Callers of the bank: tasks on one event loop, each of which makes a deposit and waits for the reply."""

import asyncio
import gc
import random
import time
from collections.abc import Sequence

from actum import Context
from benchmarks.bank import AMOUNT, Account


def distribute(ids: Sequence[str], callers: int, commands: int) -> list[list[str]]:
    """Distributes commands among callers, each to a random id."""
    draw = random.Random(commands)
    return [[draw.choice(ids) for _ in range(max(1, commands // callers))] for _ in range(callers)]


async def open_all(ctx: Context, ids: Sequence[str]) -> None:
    """Makes the first deposit on every account, so that all are live."""
    await asyncio.gather(*(ctx.entity(Account, id).deposit(AMOUNT) for id in ids))


async def call(ctx: Context, ids: Sequence[str], latencies: list[float]) -> None:
    """Makes deposits one after the other, and records how long each took in seconds."""
    for id in ids:
        began = time.perf_counter()
        await ctx.entity(Account, id).deposit(AMOUNT)
        latencies.append(time.perf_counter() - began)


async def call_all(ctx: Context, shares: Sequence[Sequence[str]], latencies: list[float]) -> float:
    """Has a caller for each share make its deposits, all at once; returns how long that took in seconds."""
    gc.collect()
    began = time.perf_counter()
    await asyncio.gather(*(call(ctx, share, latencies) for share in shares))
    return time.perf_counter() - began
