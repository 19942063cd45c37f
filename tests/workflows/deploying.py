"""A program with orders in flight, in one of three releases."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from actum import App, Context, Workflow
from actum.ports.workflows import ENDED, StoredWorkflow
from tests.workflows.transferring import READY, Sink

ORDERS = 100
UNFIT = 99
"""The order whose recorded reservation the second release cannot read."""


class Go(Struct):
    """Lets an order go on from where it waits."""


async def reserve(ctx: Context, sink: Sink, number: int) -> int:
    sink.post(ctx.new_id(), f"reserve {number}")
    return 1_000 + number


async def price(ctx: Context, sink: Sink, number: int) -> int:
    sink.post(ctx.new_id(), f"price {number}")
    return 3 * number


async def charge(ctx: Context, sink: Sink, number: int, amount: int) -> int:
    sink.post(ctx.new_id(), f"charge {number} {amount}")
    return amount + 1


async def check(ctx: Context, sink: Sink, number: int) -> bool:
    sink.post(ctx.new_id(), f"check {number}")
    return True


async def audit(ctx: Context, sink: Sink, number: int) -> None:
    sink.post(ctx.new_id(), f"audit {number}")


async def send(ctx: Context, sink: Sink, number: int) -> str:
    sink.post(ctx.new_id(), f"send {number}")
    return f"parcel {number}"


class First(Workflow, name="Order"):
    """Waits at one of four places."""

    async def run(self, ctx: Context, number: int) -> str:
        if number % 4 == 0:
            await self.receive(Go)
        place = await self.step(reserve, number)
        if number % 4 == 1:
            await self.receive(Go)
        amount = await self.step(price, number)
        if number % 4 == 2:
            await self.receive(Go)
        paid = await self.step(charge, number, amount)
        await self.step(check, number)
        if number % 4 == 3:
            await self.receive(Go)
        return f"{await self.step(send, number)} from {place} for {paid}"


async def reserve_below(ctx: Context, sink: Sink, number: int) -> Annotated[int, Meta(lt=1_000 + UNFIT)]:
    return await reserve(ctx, sink, number)


def changed(reservation: Any) -> type[Workflow]:
    """Gives a later release: a variable renamed, `audit` added, `check` removed, the first two exchanged."""

    class Later(Workflow, name="Order"):
        async def run(self, ctx: Context, number: int) -> str:
            await self.step(audit, number)
            if number % 4 == 0:
                await self.receive(Go)
            amount = await self.step(price, number)
            shelf = await self.step(reservation, number, name="reserve")
            if number % 4 in (1, 2):
                await self.receive(Go)
            paid = await self.step(charge, number, amount)
            if number % 4 == 3:
                await self.receive(Go)
            return f"{await self.step(send, number)} from {shelf} for {paid}"

    return Later


RELEASES: dict[str, type[Workflow]] = {
    "first": First,
    "second": changed(reserve_below),
    "repaired": changed(reserve),
}


def application(folder: Path, release: str) -> App:
    """Gives a release of the application, whose sink is in a folder."""

    @asynccontextmanager
    async def open_sink() -> AsyncGenerator[Sink]:
        yield Sink(folder)

    return App("deploying", workflows=[RELEASES[release]], resources=[open_sink])


async def run(store: str, folder: Path, release: str) -> None:
    """Does what is to be done in a release, says what came of it, and stays until it is killed."""
    async with application(folder, release).running(store) as ctx:
        print(READY, end="", flush=True)
        if release == "first":
            told = await begin(ctx)
        else:
            command = await asyncio.to_thread(sys.stdin.readline)
            told = await go_on(ctx, RELEASES[release], command.strip())
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def begin(ctx: Context) -> object:
    """Starts the orders, and returns when each waits for its signal."""
    for number in range(ORDERS):
        await ctx.workflow(First, f"o-{number}").start(number)
    while any(order.due is not None for order in await orders_of(ctx)):  # noqa: ASYNC110 (the engine's doing)
        await asyncio.sleep(0.02)
    return len(await orders_of(ctx))


async def go_on(ctx: Context, kind: Any, command: str) -> object:
    """Lets the orders go on, or the one that stands still; gives the results, and what stands still then."""
    if command == "go":
        for number in range(ORDERS):
            await ctx.workflow(kind, f"o-{number}").signal(Go(), once="go")
    else:
        await ctx.workflow(kind, f"o-{UNFIT}").resume()
    while any(  # noqa: ASYNC110 (the engine's doing)
        order.request or order.status not in (*ENDED, "stalled") for order in await orders_of(ctx)
    ):
        await asyncio.sleep(0.02)
    standing = await ctx._services.readiness.look()
    return {
        "ended": {
            one.id: json.loads(one.outcome) for one in await orders_of(ctx) if one.status == "completed"
        },
        "standing": [str(one) for one in standing if one.is_failure],
    }


async def orders_of(ctx: Context) -> list[StoredWorkflow]:
    """Gives all orders."""
    return await ctx._services.database.workflows(kind="Order", limit=ORDERS + 1)
