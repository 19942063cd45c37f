"""A bank whose transfers are workflows, with a service outside that keeps what it was asked for by key."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from msgspec import Struct

from actum import App, Context, Entity, Event, Rejected, Retries, Workflow, command, reducer

ONCE = Retries(attempts=1)


class Moved(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def add(self, amount: int) -> int:
        if self.balance + amount < 0:
            raise Rejected("insufficient funds", code="insufficient_funds", balance=self.balance)
        self.emit(Moved(amount))
        return self.balance

    @reducer
    def moved(self, event: Moved) -> None:
        self.balance += event.amount


class Approved(Struct):
    by: str


class Ledger:
    """A service outside: it does what it is asked for once for each key, or fails as a test plans."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.done: dict[str, str] = {}
        self.failures: list[Exception] = []

    async def post(self, key: str, what: str) -> int:
        self.calls.append(what)
        if self.failures:
            raise self.failures.pop(0)
        self.done.setdefault(key, what)
        return len(self.done)


ledger = Ledger()


@asynccontextmanager
async def open_ledger() -> AsyncGenerator[Ledger]:
    yield ledger


async def post(ctx: Context, service: Ledger, what: str) -> int:
    return await service.post(ctx.new_id(), what)


class Transfer(Workflow):
    """Moves money, posts it, waits two weeks, and gives it a bonus."""

    stage: str = "new"

    async def run(self, ctx: Context, source: str, target: str, amount: int) -> str:
        await ctx.entity(Account, source).add(-amount)
        self.compensate(lambda: ctx.entity(Account, source).add(amount))
        number = await self.step(post, f"{self.id}: {amount}", retries=Retries(attempts=3))
        self.stage = "posted"
        await ctx.entity(Account, target).add(amount)
        await self.sleep(timedelta(days=14))
        self.stage = "done"
        return f"{number} for {target}"


class Approval(Workflow):
    """Waits for a signal, at most two days."""

    async def run(self, ctx: Context, amount: int) -> str:
        await ctx.entity(Account, "fees").add(amount)
        self.compensate(lambda: ctx.entity(Account, "fees").add(-amount))
        self.compensate(lambda: self.step(post, f"undo {self.id}", retries=ONCE))
        approved = await self.receive(Approved, within=timedelta(days=2))
        if approved is None:
            raise Rejected("nobody approved it", code="late", waited=2)
        return approved.by


class Limited(Workflow, timeout=timedelta(days=30)):
    """Waits for ever, which is not allowed for so long."""

    async def run(self, ctx: Context) -> str:
        self.compensate(lambda: ctx.entity(Account, "limited").add(1))
        return (await self.receive(Approved)).by


app = App("transfers", entities=[Account], workflows=[Transfer, Approval, Limited], resources=[open_ledger])
