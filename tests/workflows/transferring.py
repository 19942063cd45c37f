"""A program that moves money between accounts by workflows; its process is to be killed."""

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from actum import App, Context, Entity, Event, NotFound, Rejected, Retries, Workflow, command, reducer
from actum.errors import TryLater

P = ParamSpec("P")
T = TypeVar("T")

ACCOUNTS = 100
OPENING = 1_000_000
AT_ONCE = 30
"""Transfers that one process waits for."""
LAST_ORDERS = "no-more"
"""The file in whose presence no process starts transfers any more."""
READY, DONE = "ready\n", "done\n"


class Moved(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def add(self, amount: int) -> int:
        if self.balance + amount < 0:
            raise Rejected("insufficient funds", code="insufficient_funds")
        self.emit(Moved(amount))
        return self.balance

    @reducer
    def moved(self, event: Moved) -> None:
        self.balance += event.amount


class Sink:
    """A service outside, which several processes use: it has each effect once for its key."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sink.db"
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, what TEXT, requests INTEGER)"
            )

    def post(self, key: str, what: str) -> None:
        """Has an effect, unless it was asked for with this key before."""
        with self._open() as connection:
            connection.execute(
                """INSERT INTO effects VALUES (?, ?, 1)
                ON CONFLICT DO UPDATE SET requests = requests + 1""",
                (key, what),
            )

    def effects(self) -> list[tuple[str, int]]:
        """Gives every effect, and how often it was asked for."""
        with self._open() as connection:
            return connection.execute("SELECT what, requests FROM effects").fetchall()

    def _open(self) -> "closing[sqlite3.Connection]":
        # A process that is paused while it writes holds up the others.
        return closing(sqlite3.connect(self._path, timeout=60, isolation_level=None))


async def post(ctx: Context, sink: Sink, what: str) -> None:
    await asyncio.to_thread(sink.post, ctx.new_id(), what)


async def refuse(what: str) -> None:
    raise Rejected(f"{what} is refused", code="refused")


class Transfer(Workflow):
    """Every fifth is refused once the money has gone, and is undone."""

    async def run(self, ctx: Context, source: str, target: str, amount: int, is_refused: bool) -> str:
        await ctx.entity(Account, source).add(-amount)
        self.compensate(lambda: ctx.entity(Account, source).add(amount))
        self.compensate(lambda: self.step(post, f"{self.id} undone", name="post the undoing"))
        await self.step(post, f"{self.id} sent")
        await self.sleep(timedelta(milliseconds=20 + 100 * (amount - 1)))
        if is_refused:
            await self.step(refuse, self.id, retries=Retries(attempts=1))
        await ctx.entity(Account, target).add(amount)
        return target


def transfer(number: int) -> tuple[str, str, int, bool]:
    """Gives the arguments of a transfer."""
    return f"a-{number * 7 % ACCOUNTS}", f"a-{number * 13 % ACCOUNTS}", 1 + number % 9, number % 5 == 0


def application(folder: Path) -> App:
    """Gives the application whose sink is in a folder."""

    @asynccontextmanager
    async def open_sink() -> AsyncGenerator[Sink]:
        yield Sink(folder)

    return App("transferring", entities=[Account], workflows=[Transfer], resources=[open_sink])


async def run(store: str, folder: Path, name: str) -> None:
    """Starts transfers and waits for the end of each, until there is a sign to stop; then for all others."""
    async with application(folder).running(store) as ctx:
        accounts = [ctx.entity(Account, f"a-{n}", idempotency_key="opening") for n in range(ACCOUNTS)]
        await asyncio.gather(*(patiently(one.add, OPENING) for one in accounts))
        number = await first_free(ctx, name)
        print(READY, end="", flush=True)

        async def transfer_on() -> None:
            nonlocal number
            while not (folder / LAST_ORDERS).exists():
                mine, number = number, number + 1
                workflow = ctx.workflow(Transfer, f"{name}-{mine}")
                await patiently(workflow.start, *transfer(mine))
                try:
                    await patiently(workflow.result)
                except Rejected:
                    assert transfer(mine)[3]

        await asyncio.gather(*(transfer_on() for _ in range(AT_ONCE)))
        await until_all_have_ended(ctx)
        print(DONE, end="", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def until_all_have_ended(ctx: Context) -> None:
    """Returns when no workflow is under way in any process."""
    while True:
        await asyncio.sleep(0.05)
        with contextlib.suppress(TryLater):
            if not await ctx._services.database.workflow_counts():
                return


async def patiently(call: Callable[P, Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
    """Makes a call, again where the store does not answer, as after a pause of the process."""
    while True:
        try:
            return await call(*arguments, **named)
        except TryLater:
            await asyncio.sleep(0.05)


async def first_free(ctx: Context, name: str) -> int:
    """Gives the number of a transfer that was not started, all up to shortly before which were."""
    end = 1
    while await is_started(ctx, name, end):
        end *= 2
    begin = 0
    while begin < end:
        middle = (begin + end) // 2
        begin, end = (middle + 1, end) if await is_started(ctx, name, middle) else (begin, middle)
    return max(0, begin - AT_ONCE)


async def is_started(ctx: Context, name: str, number: int) -> bool:
    """Says whether a transfer was started."""
    try:
        await patiently(ctx.workflow(Transfer, f"{name}-{number}").status)
    except NotFound:
        return False
    return True
