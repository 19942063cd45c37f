"""A bank whose every command leaves a mark, so that what was lost or done twice can be found afterwards."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from actum import Actions, App, Context, Entity, Event, Rejected, View, command, query, reducer

Amount = Annotated[int, Meta(gt=0)]


class Deposited(Event):
    mark: str
    amount: int


class Rewarded(Event):
    mark: str
    amount: int


class Withdrawn(Event):
    mark: str
    amount: int


class Noted(Event):
    mark: str


class Account(Entity, snapshot_every=20):
    balance: int = 0

    @query
    def current(self) -> int:
        return self.balance

    @command
    def deposit(self, mark: str, amount: Amount) -> int:
        self.emit(Deposited(mark, amount))
        return self.balance

    @command
    def deposit_rewarded(self, mark: str, amount: Amount) -> int:
        self.emit(Deposited(mark, amount))
        self.emit(Rewarded(mark, amount))
        return self.balance

    @command
    def withdraw(self, mark: str, amount: Amount) -> int:
        if amount > self.balance:
            raise Rejected("insufficient funds", code="insufficient_funds")
        self.emit(Withdrawn(mark, amount))
        return self.balance

    @reducer
    def added(self, event: Deposited | Rewarded) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


class Ledger(Entity, snapshot_every=50):
    """Notes every mark that it is told of, also one that it has noted before."""

    count: int = 0

    @command
    def note(self, mark: str) -> int:
        self.emit(Noted(mark))
        return self.count

    @reducer
    def noted(self, event: Noted) -> None:
        self.count += 1


class Balances(View):
    id: str
    balance: int = 0
    events: int = 0

    @reducer
    def added(self, event: Deposited | Rewarded) -> None:
        self.balance += event.amount
        self.events += 1

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount
        self.events += 1


class Notes(View, key="mark"):
    mark: str
    times: int = 0

    @reducer(key="mark")
    def noted(self, event: Noted) -> None:
        self.times += 1


class Sink:
    """A file outside, which nothing takes back: a line is there once it was written."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        os.close(self._file)


@asynccontextmanager
async def open_sink() -> AsyncIterator[Sink]:
    sink = Sink(os.environ["SINK"])
    try:
        yield sink
    finally:
        sink.close()


class Deposit(Struct):
    mark: str
    amount: Amount
    is_rewarded: bool = False


class Transfer(Struct):
    mark: str
    source: str
    target: str
    amount: Amount


class Jobs(Struct):
    marks: list[str]


class Job(Struct):
    mark: str


class Reminders(Struct):
    marks: list[str]
    milliseconds: int


actions = Actions()


@actions.post("/accounts/{id:str}/deposits")
async def deposit(ctx: Context, id: str, data: Deposit) -> int:
    account = ctx.entity(Account, id)
    if data.is_rewarded:
        return await account.deposit_rewarded(data.mark, data.amount)
    return await account.deposit(data.mark, data.amount)


@actions.get("/accounts/{id:str}")
async def current(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).current()


@actions.get("/balances/{id:str}")
async def shown(ctx: Context, id: str) -> list[int]:
    row = await ctx.view(Balances).get(id)
    return [0, 0] if row is None else [row.balance, row.events]


@actions.post("/transfers")
async def transfer(ctx: Context, data: Transfer) -> list[int]:
    async def unit(ctx: Context) -> list[int]:
        left = await ctx.entity(Account, data.source).withdraw(data.mark, data.amount)
        return [left, await ctx.entity(Account, data.target).deposit(data.mark, data.amount)]

    return await ctx.atomic(unit)


@actions.post("/jobs")
async def send_jobs(ctx: Context, data: Jobs) -> None:
    for mark in data.marks:
        await ctx.queue("jobs").send(Job(mark), key=mark[-1])


@actions.post("/reminders")
async def remind(ctx: Context, data: Reminders) -> None:
    after = timedelta(milliseconds=data.milliseconds)
    for mark in data.marks:
        await ctx.schedule(Ledger.note, f"reminders-{mark[-1]}", after=after)(mark)


@actions.on(Deposited, Rewarded, Withdrawn)
async def follow(ctx: Context, event: Deposited | Rewarded | Withdrawn, sink: Sink) -> None:
    place = f"{ctx.event.id}@{ctx.event.version}"
    await ctx.entity(Ledger, f"account-{ctx.event.id}").note(place)
    sink.write(place)


@actions.queue("jobs")
async def work(ctx: Context, job: Job) -> None:
    await ctx.entity(Ledger, f"jobs-{job.mark[-1]}").note(job.mark)


app = App(
    "ledgers", entities=[Account, Ledger], views=[Balances, Notes], actions=[actions], resources=[open_sink]
)
