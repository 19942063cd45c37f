"""Faults at every method of journal and database: before, after, late and twice (R4)."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Recorded,
    Retries,
    View,
    command,
    query,
    reducer,
)
from actum.errors import Conflict, TryLater
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.workflows import WorkflowStore
from actum.runtime import supervisor
from actum.runtime.clock import ManualClock
from actum.runtime.entities.directory import EvictionPolicy
from actum.runtime.node import Node
from actum.runtime.views import view_assignment
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FAULTS, JOURNAL_METHODS, Fault, Faults, FaultyJournal
from actum.testing.faulty_database import DATABASE_METHODS, faulty_database
from tests.runtime.nodes import START, database_in_memory, node_on

T = TypeVar("T")
ONE_FAULT = 0.3
"""Chance that a later call of the method under test meets a fault too."""
SEED = int(os.environ.get("ACTUM_SEED") or 11)
BEFORE_IT_STARTS = {"identity", "binding", "bind", "record_position", "reached", "start_over"}
UNUSED = (
    {"prune", "forget_replies", "forget_sent", "wait", "next_timer", "refusals", "holders", "restore_claims"}
    | {"letter_counts", "edit_letter"}
    | BEFORE_IT_STARTS
    | WorkflowStore.__abstractmethods__
)
"""What this application has no use for; `wait` is for journals that several processes write to.

`letter_counts` is for metrics. `holders` and `restore_claims` are for `actum claims rebuild`, `edit_letter`
is for operators. `refusals` is for rows that fit their columns and are refused all the same, as PostgreSQL
does. Faults of the store of workflows are in `tests/workflows/test_faults.py`.
"""
FEW = EvictionPolicy(most=2)
MONTH = 30 * 86_400_000_000
ACCOUNTS = ("a", "b", "c")
REPEAT = Retries(attempts=12, first=timedelta(seconds=1), longest=timedelta(seconds=1))


class Deposited(Event):
    amount: int


class Noted(Event):
    mark: str


class Account(Entity, snapshot_every=3):
    balance: int = 0

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @query
    def current(self) -> int:
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


class Notes(Entity):
    @command
    def note(self, mark: str) -> None:
        self.emit(Noted(mark))

    @command
    def plan(self, mark: str, days: int) -> None:
        self.emit(Noted(f"plan {mark}"))
        self.schedule(Notes.note, after=timedelta(days=days, seconds=5), name=mark)(mark)

    @command
    def drop(self, mark: str) -> None:
        self.emit(Noted(f"drop {mark}"))
        self.cancel(mark)

    @reducer
    def noted(self, event: Noted) -> None:
        pass


unread: set[int] = set()
TOO_LARGE = 10**22
"""What no column of whole numbers holds."""


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        if event.amount in unread:
            raise ValueError("unread")
        self.balance += event.amount

    @query("SELECT coalesce(sum(balance), 0) FROM balances")
    def total(self) -> int:
        raise NotImplementedError


class Job(Struct):
    mark: str


actions = Actions()
jammed: set[int] = set()


@actions.on(Deposited, retries=REPEAT)
async def follow(ctx: Context, event: Deposited) -> None:
    if event.amount in jammed:
        raise OSError("jammed")
    await ctx.entity(Notes, f"of-{ctx.event.id}").note(f"{ctx.event.id}@{ctx.event.version}")


@actions.queue("jobs")
async def work(ctx: Context, job: Job) -> None:
    await ctx.entity(Notes, "jobs").note(job.mark)


@actions.every(days=30)
async def tick(ctx: Context) -> None:
    await ctx.entity(Notes, "ticks").note("tick")


bank = App("bank", entities=[Account, Notes], views=[Balances], actions=[actions])


class Site:
    """A node whose stores meet faults, and a caller who sends again what was not answered."""

    def __init__(self, node: Node, clock: ManualClock) -> None:
        self.node = node
        self.clock = clock

    def new(self, key: str | None = None) -> Context:
        return Context(self.node.services, idempotency_key=key)

    async def again(self, call: Callable[[], Awaitable[T]]) -> T:
        """Gives what comes of a call that is made until it is answered, while time goes by."""
        while True:
            task = asyncio.ensure_future(call())
            while not task.done():
                await asyncio.wait({task}, timeout=0.001)
                self.pass_time()
            try:
                return await task
            except (TryLater, Conflict):
                self.pass_time()

    async def deposit(self, account: str, amount: int) -> None:
        key = f"{account}-{amount}"
        await self.again(lambda: self.new(key).entity(Account, account).deposit(amount))

    async def send(self, mark: str) -> None:
        await self.again(lambda: self.new(f"send-{mark}").queue("jobs").send(Job(mark)))

    async def remind(self, mark: str, *, after: timedelta) -> None:
        name = f"timer-{mark}"
        # Without a key it would be set once more, if it fired before its caller heard that it was set.
        await self.again(
            lambda: self.new(f"remind-{mark}").schedule(Notes.note, "timers", after=after, name=name)(mark)
        )

    async def plan(self, mark: str, *, days: int = 0) -> None:
        await self.again(lambda: self.new(f"plan-{mark}").entity(Notes, "deadlines").plan(mark, days))

    async def drop(self, mark: str) -> None:
        await self.again(lambda: self.new(f"drop-{mark}").entity(Notes, "deadlines").drop(mark))

    async def current(self, account: str) -> int:
        return await self.again(lambda: self.new().entity(Account, account).current())

    async def row(self, account: str) -> Balances | None:
        return await self.again(lambda: self.new().view(Balances).get(account))

    async def history(self, cls: type[Entity], id: str) -> list[Recorded[Any]]:
        return await self.again(lambda: self.new().history(cls, id))

    async def settle(self) -> None:
        """Returns when nothing is left to do, while time goes by."""
        await self.again(self._settle)

    async def _settle(self) -> None:
        await self.node.settle()
        letters = await self.node.services.database.letters()
        if any(letter.status != "dead" or letter.request for letter in letters):
            raise TryLater("there are letters")
        if await self.node.services.database.timers():
            raise TryLater("there are timers")
        if any(not projector.is_caught_up for projector in self.node.services.views.projectors()):
            raise TryLater("a view waits for the clock before it tries again")

    def pass_time(self) -> None:
        """Moves the clock on to whatever waits for it within the minute."""
        wake = self.clock.next_wake()
        if wake is not None and wake < self.clock.now() + 60_000_000:
            self.clock.move_to(wake)


async def go_through(journal: Journal, database: Database) -> None:
    """Uses everything that an application can use, and checks that each effect is there once."""
    clock = ManualClock(START)
    jammed.clear()
    unread.clear()
    async with AsyncExitStack() as stack:
        node = await _started(stack, lambda: node_on(bank, journal, database, clock=clock, residence=FEW))
        site = Site(node, clock)
        await _write(site)
        await site.settle()
        await _check(site, {"a": 6, "b": 60, "c": 600}, 0)
        await _heal_a_letter(site)
        await _look_back(site)
        await _fold_a_row_again(site)
        site.clock.move_to(site.clock.now() + MONTH)
        await site.again(lambda: database.request_rebuild("balances"))
        await _until_rebuilt(site)
        await site.settle()
        await _check(site, {"a": 6, "b": 60, "c": 600, "jam": 13}, 1)


async def _started(stack: AsyncExitStack, start: Callable[[], AbstractAsyncContextManager[Node]]) -> Node:
    """Starts a node as whoever runs it would: again, when the store could not be reached."""
    while True:
        try:
            return await stack.enter_async_context(start())
        except TryLater:
            await asyncio.sleep(0)


async def _write(site: Site) -> None:
    for number in range(1, 4):
        for account, factor in zip(ACCOUNTS, (1, 10, 100), strict=True):
            await site.deposit(account, number * factor)
    for mark in ("x", "y"):
        await site.send(mark)
        await site.remind(mark, after=timedelta(seconds=5))
        await site.plan(mark)
    await site.remind("never", after=timedelta(days=300))
    await site.again(lambda: site.new().cancel("timer-never"))
    await site.plan("never", days=300)
    await site.drop("never")


async def _heal_a_letter(site: Site) -> None:
    database = site.node.services.database
    jammed.add(13)
    await site.deposit("jam", 13)
    await site.settle()
    [letter] = await site.again(database.letters)
    jammed.clear()
    await site.again(lambda: database.request_letter(letter.id, "retry"))
    while await site.again(lambda: database.letter(letter.id)) is not None:
        await site.again(lambda: _answer(site))
    await site.settle()


async def _fold_a_row_again(site: Site) -> None:
    database = site.node.services.database
    unread.add(17)
    for account, amount in (("odd", 17), ("odd", 18), ("vast", TOO_LARGE)):
        await site.deposit(account, amount)
        await site.settle()  # The second finds a row that is set aside.
    assert await _set_aside(site) == {'"odd"', '"vast"'}
    unread.clear()
    await site.again(lambda: database.request_retry("balances", '"odd"'))
    while await _set_aside(site) != {'"vast"'}:
        await asyncio.sleep(0.005)
        site.pass_time()
    assert await site.row("odd") == Balances("odd", 35)


async def _set_aside(site: Site) -> set[str]:
    database = site.node.services.database
    return {row.key for row in await site.again(lambda: database.set_aside("balances"))}


async def _answer(site: Site) -> None:
    for worker in site.node.workers:
        await worker.answer_requests()
    await asyncio.sleep(0)


async def _look_back(site: Site) -> None:
    assert len((await site.again(lambda: site.new().ids(Account))).items) == 4
    assert (await site.again(lambda: site.new().state(Account, "a", version=2))).balance == 3
    await site.deposit("gone", 1)
    await site.settle()
    await site.again(lambda: site.new().delete(Account, "gone", erase=True))
    assert await site.history(Account, "gone") == []


async def _until_rebuilt(site: Site) -> None:
    database = site.node.services.database
    while not any(state.generation > 1 and state.is_live for state in await site.again(database.views)):
        await asyncio.sleep(0.005)
        site.pass_time()


async def _check(site: Site, balances: dict[str, int], ticks: int) -> None:
    for account, balance in balances.items():
        assert await site.current(account) == balance
        assert await site.row(account) == Balances(account, balance)
        events = await site.history(Account, account)
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        notes = await site.history(Notes, f"of-{account}")
        assert [note.event.mark for note in notes] == [f"{account}@{event.version}" for event in events]
    for id in ("jobs", "timers"):
        assert sorted(note.event.mark for note in await site.history(Notes, id)) == ["x", "y"]
    noted = sorted(note.event.mark for note in await site.history(Notes, "deadlines"))
    assert noted == ["drop never", "plan never", "plan x", "plan y", "x", "y"]
    assert await site.again(lambda: site.new().view(Balances).total()) >= sum(balances.values())
    assert len(await site.history(Notes, "ticks")) == ticks


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(supervisor, "MAX_PAUSE", 0.001)
    monkeypatch.setattr(view_assignment, "POLL", timedelta(milliseconds=1))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("method", [method for method in JOURNAL_METHODS if method not in UNUSED])
async def test_no_fault_of_the_journal_loses_or_doubles_anything(method: str, fault: Fault) -> None:
    """Whatever is said to have failed, every command, event and message has its effect once."""
    journal = FaultyJournal(MemoryJournal(), seed=SEED, rate=ONE_FAULT, methods=[method])
    journal.plan(method, fault)
    if method == "landed":
        # What became of an append is asked for when one has failed.
        journal.plan("append", *[Fault.BEFORE, Fault.AFTER] * 10)
    async with database_in_memory() as database:
        await go_through(journal, database)

    assert (method, fault) in journal.met


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("method", [method for method in DATABASE_METHODS if method not in UNUSED])
async def test_no_fault_of_the_database_loses_or_doubles_anything(method: str, fault: Fault) -> None:
    """The same where views, queues, timers and letters are kept."""
    faults = Faults(seed=SEED, rate=ONE_FAULT, methods=[method])
    faults.plan(method, fault)
    async with database_in_memory() as database:
        await go_through(MemoryJournal(), faulty_database(database, faults))

    assert (method, fault) in faults.met
