"""How long idempotency keys are remembered: as long as the application says, on every store."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import Actions, App, Context, DefinitionError, Retries
from actum.runtime.keys.key_retention import KeyRetention
from actum.stores import steps
from actum.stores.url import join
from actum.testing import testing
from actum.testing.application import Running
from examples.bank.bank import Account

DAY = 24


class Payment(Struct):
    account: str
    amount: int


class Outside:
    """Whether what actions call fails, and what they took from their queue."""

    def __init__(self) -> None:
        self.is_broken = False
        self.taken: list[int] = []


outside = Outside()
actions = Actions()


@actions.post("/accounts/{id:str}")
async def pay_in(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).deposit(5)


@actions.queue("payments", retries=Retries(attempts=1))
async def work(ctx: Context, message: Payment) -> None:
    outside.taken.append(message.amount)
    await ctx.entity(Account, message.account).deposit(message.amount)
    if outside.is_broken:
        raise OSError("cut off half way")


def application(**options: Any) -> App:
    return App("bank", entities=[Account], actions=[actions], **options)


async def both(ctx: Context, id: str) -> int:
    """Writes one account."""
    return await ctx.entity(Account, id).deposit(5)


async def by_request(t: Running) -> int:
    sent = await t.http.post("/accounts/a", headers={"Idempotency-Key": "k"})
    return int(sent.json())


async def by_command(t: Running) -> int:
    return await t.ctx.entity(Account, "a", idempotency_key="c").deposit(5)


async def by_unit(t: Running) -> int:
    return await t.ctx.atomic(both, "a", idempotency_key="u")


async def by_message(t: Running) -> int:
    await t.ctx.queue("payments").send(Payment("a", 5), once="m")
    await t.settle()
    return (await t.ctx.state(Account, "a")).balance


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has old keys be looked for soon after the clock was moved, and counts how often it was done."""
    done: list[int] = []
    forget = KeyRetention.forget

    async def noted(self: KeyRetention) -> int:
        done.append(await forget(self))
        return done[-1]

    monkeypatch.setattr(KeyRetention, "forget", noted)
    monkeypatch.setattr("actum.runtime.clock.LOOK", 0.01)
    return done


async def until_looked(looks: list[int], before: int) -> None:
    """Waits until old keys have been looked for more often than `before`, counted before the clock moved."""
    async with asyncio.timeout(60):
        while len(looks) == before:  # noqa: ASYNC110 (what it waits for tells nobody)
            await asyncio.sleep(0.01)


Call = Callable[[Running], Any]
CALLS = [by_request, by_command, by_unit, by_message]


@pytest.fixture(scope="module")
def dynamodb(request: pytest.FixtureRequest) -> str:
    """Amazon's own server for development."""
    endpoint: str = request.getfixturevalue("dynamodb_local")
    return endpoint


@pytest.fixture(params=["memory", "sqlite", "postgres", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path}/kept.db"
        case "postgres":
            return str(request.getfixturevalue("postgres_url"))
        case _:
            return join(request.getfixturevalue("dynamodb_url"), f"sqlite:///{tmp_path}/beside.db")


@asynccontextmanager
async def running(store: str, **options: Any) -> AsyncGenerator[Running, None]:
    outside.__init__()  # type: ignore[misc]
    async with testing(application(**options), store=store) as t:
        yield t


async def keys_left(t: Running) -> list[bool]:
    """Whether the journal still knows the claim and the answer of a request, a command's and a unit's key."""
    places = [("$request", "k"), ("Account", "a"), ("$unit", "u")]
    names = [(*place, key) for place in places for key in ("begun", "answered", "c", "u")]
    return [one is not None for one in await t.node.services.journal.replies(names)]


async def until_gone(t: Running) -> None:
    """Waits until what was begun to be forgotten is."""
    async with asyncio.timeout(60):
        while any(await keys_left(t)):  # noqa: ASYNC110 (what it waits for tells nobody)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("call", CALLS)
async def test_a_key_is_remembered_for_seven_days(store: str, call: Call, looks: list[int]) -> None:
    async with running(store) as t:
        first = await call(t)
        before = len(looks)
        await t.advance(hours=7 * DAY - 1)
        await until_looked(looks, before)
        again = await call(t)

        assert (first, again) == (5, 5)


@pytest.mark.parametrize("call", CALLS)
async def test_a_key_is_forgotten_after_its_time_by_itself(store: str, call: Call) -> None:
    """Within a few hours more: what comes again then takes effect again."""
    async with running(store) as t:
        await call(t)
        await t.advance(hours=8 * DAY)
        await until_gone(t)
        again = 0
        async with asyncio.timeout(60):
            while again < 10:
                again = await call(t)

        assert again == 10


async def test_an_application_says_how_long(store: str) -> None:
    async with running(store, key_retention=timedelta(hours=1)) as t:
        await by_request(t)
        await t.advance(minutes=50)
        kept = await by_request(t)
        await t.advance(minutes=20)
        await until_gone(t)

        assert (kept, await by_request(t)) == (5, 10)


async def test_with_no_time_nothing_is_forgotten(store: str) -> None:
    async with running(store, key_retention=None) as t:
        first = [await call(t) for call in CALLS]
        await t.advance(weeks=520)
        again = [await call(t) for call in CALLS]

        assert (first, again) == ([5, 10, 15, 20], [5, 10, 15, 20])


async def test_what_a_letter_did_is_remembered_for_as_long_as_it_is_there(
    store: str, looks: list[int]
) -> None:
    """Tried again after weeks, it does not do that twice; then it is forgotten."""
    async with running(store) as t:
        outside.is_broken = True
        await t.ctx.queue("payments").send(Payment("a", 5))
        await t.settle(allows_failures=True)
        await by_request(t)
        before = len(looks)
        await t.advance(weeks=4)
        await until_looked(looks, before)
        [letter] = await t.node.services.database.letters()
        assert await by_request(t) == 10

        outside.is_broken = False
        await t.node.services.database.request_letter(letter.id, "retry")
        async with asyncio.timeout(60):
            while await t.node.services.database.letters():
                await t.advance(seconds=1)
                await asyncio.sleep(0.01)
        assert outside.taken == [5, 5]
        assert (await t.ctx.state(Account, "a")).balance == 10

        await t.advance(days=1)
        await until_gone(t)


async def test_it_goes_in_steps_that_others_come_between(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are due at once, as on a store that has kept all for years."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def note(span: float, *rest: Any) -> None:
        if span == steps.PAUSE:
            pauses.append(span)
        await sleep(span, *rest)

    async with running(store) as t:
        await asyncio.gather(
            *(t.ctx.entity(Account, "a", idempotency_key=f"k-{n}").deposit(1) for n in range(450))
        )
        journal = t.node.services.journal
        monkeypatch.setattr("actum.stores.steps.asyncio.sleep", note)
        forgotten = await journal.forget_replies(t.clock.now() + 1)

        assert forgotten == 450
        assert await journal.forget_replies(t.clock.now() + 1) == 0
        if type(journal).__name__ in ("SqliteJournal", "PostgresJournal"):
            assert len(pauses) == 2


@pytest.mark.parametrize("given", [timedelta(0), timedelta(days=-1), 7, "7d"])
def test_a_time_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(DefinitionError, match=r"App: key_retention=.* is no length of time: write timedelta"):
        application(key_retention=given)
