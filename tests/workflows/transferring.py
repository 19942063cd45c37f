"""A process that moves money between accounts by workflows, to be killed: `python -m … FOLDER COUNT`."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from actum import App, Context, Entity, Event, Rejected, Retries, Workflow, command, reducer

ACCOUNTS = 100
OPENING = 1_000


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
    """A service outside: it notes each request, and each effect once for its key."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, what TEXT)")

    def post(self, key: str, what: str) -> None:
        self._connection.execute("INSERT INTO effects VALUES (?,?) ON CONFLICT DO NOTHING", (key, what))


async def post(ctx: Context, sink: Sink, what: str) -> None:
    sink.post(ctx.new_id(), what)


async def refuse(what: str) -> None:
    raise Rejected(f"{what} is refused", code="refused")


class Transfer(Workflow):
    """Every fifth is refused once the money has gone, and is undone."""

    async def run(self, ctx: Context, source: str, target: str, amount: int, is_refused: bool) -> str:
        await ctx.entity(Account, source).add(-amount)
        self.compensate(lambda: ctx.entity(Account, source).add(amount))
        self.compensate(lambda: self.step(post, f"{self.id} undone", name="post the undoing"))
        await self.step(post, f"{self.id} sent")
        await self.sleep(timedelta(milliseconds=20))
        if is_refused:
            await self.step(refuse, self.id, retries=Retries(attempts=1))
        await ctx.entity(Account, target).add(amount)
        return target


def transfer(number: int) -> tuple[str, str, int, bool]:
    """Gives the arguments of a transfer."""
    return f"a-{number * 7 % ACCOUNTS}", f"a-{number * 13 % ACCOUNTS}", 1 + number % 9, number % 5 == 0


def application(folder: Path) -> App:
    """Gives the application on the files of a folder."""

    @asynccontextmanager
    async def open_sink() -> AsyncGenerator[Sink]:
        yield Sink(str(folder / "sink.db"))

    return App("transferring", entities=[Account], workflows=[Transfer], resources=[open_sink])


async def run(folder: Path, count: int) -> None:
    """Opens the accounts, starts the transfers, and waits for the end of each."""
    async with application(folder).running(f"sqlite:///{folder / 'app.db'}") as ctx:
        for number in range(ACCOUNTS):
            await ctx.entity(Account, f"a-{number}", idempotency_key="opening").add(OPENING)
        for number in range(count):
            await ctx.workflow(Transfer, f"t-{number}").start(*transfer(number))
        for number in range(count):
            try:
                await ctx.workflow(Transfer, f"t-{number}").result()
            except Rejected:
                assert transfer(number)[3]
    print("done")


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
