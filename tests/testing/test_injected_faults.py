"""InjectedFaults: what bears duplicates, another order and crashes ends as if there had been none."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Unavailable, View, Workflow, command, reducer
from actum.testing import CrashPoint, InjectedFaults, Running, testing


class Paid(Event):
    amount: int


class Refunded(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def pay(self, amount: int) -> int:
        self.emit(Paid(amount))
        return self.balance

    @command
    def refund(self, amount: int) -> None:
        self.emit(Refunded(amount))

    @reducer
    def paid(self, event: Paid) -> None:
        self.balance += event.amount

    @reducer
    def refunded(self, event: Refunded) -> None:
        self.balance -= event.amount


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def paid(self, event: Paid) -> None:
        self.balance += event.amount

    @reducer
    def refunded(self, event: Refunded) -> None:
        self.balance -= event.amount


class Payment(Struct):
    account: str
    amount: int


class Outside:
    """What was done outside, where nobody sees that it was done before."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.charged: Counter[str] = Counter()
        self.requests = 0


outside = Outside()


@pytest.fixture(autouse=True)
def fresh() -> None:
    outside.__init__()  # type: ignore[misc]


async def charge(order: str) -> str:
    outside.charged[order] += 1
    return f"receipt of {order}"


class Fulfilment(Workflow):
    """One order: it is charged, and a day later paid out."""

    async def run(self, ctx: Context, amount: int) -> str:
        receipt = await self.step(charge, self.id)
        await ctx.entity(Account, self.id).pay(amount)
        await self.sleep(timedelta(days=1))
        await ctx.entity(Account, "bank").pay(amount)
        return receipt


actions = Actions()


@actions.on(Paid)
async def mirror(ctx: Context, event: Paid) -> None:
    outside.seen.append((ctx.event.id, ctx.event.version))
    if not ctx.event.id.startswith("mirror"):
        await ctx.entity(Account, f"mirror {ctx.event.id}").pay(event.amount)
        await ctx.schedule(Account.refund, f"mirror {ctx.event.id}", after=timedelta(hours=1))(1)


@actions.queue("payments")
async def take(ctx: Context, payment: Payment) -> None:
    await ctx.entity(Account, payment.account).pay(payment.amount)


@actions.post("/accounts/{id:str}")
async def pay(ctx: Context, id: str, amount: int) -> int:
    outside.requests += 1
    return await ctx.entity(Account, id).pay(amount)


@actions.post("/leaks/{id:str}")
async def leak(ctx: Context, id: str) -> int:
    outside.requests += 1
    return outside.requests


app = App("bank", entities=[Account], views=[Balances], actions=[actions], workflows=[Fulfilment])
KEYS = ("a", "b", "c")


async def work(t: Running) -> None:
    """Pays by commands, messages and workflows, and lets two days go by."""
    for number in range(1, 5):
        for key in KEYS:
            await t.ctx.entity(Account, key).pay(number)
    await t.send("payments", *(Payment(key, 10) for key in KEYS))
    await t.ctx.workflow(Fulfilment, "order").start(100)
    await t.settle()
    await t.advance(days=2)


async def balances(t: Running) -> dict[str, int]:
    ids = [*KEYS, *(f"mirror {key}" for key in (*KEYS, "order", "bank")), "order", "bank"]
    found = {id: await t.ctx.view(Balances).get(id) for id in ids}
    return {id: -1 if row is None else row.balance for id, row in found.items()}


async def calm() -> dict[str, int]:
    async with testing(app) as t:
        await work(t)
        return await balances(t)


@pytest.mark.parametrize("seed", range(6))
async def test_what_follows_from_events_messages_and_workflows_takes_effect_once(seed: int) -> None:
    """Whatever comes twice, in another order, or after a crash."""
    expected = await calm()
    faults = InjectedFaults(seed=seed, duplicates=0.3, reorders=0.5, crashes=0.1)

    async with testing(app, faults=faults) as t:
        await work(t)
        found = await balances(t)

    assert found == expected
    assert any(one.startswith("crash after effect") for one in faults.met)
    assert any("came twice" in one for one in faults.met)
    assert any("was held up" in one for one in faults.met)


async def test_what_is_not_idempotent_is_seen_to_be_done_twice() -> None:
    """Outside, each delivery counts; within an entity, the order of its events stays."""
    faults = InjectedFaults(seed=3, duplicates=1.0, reorders=0.7)

    async with testing(app, faults=faults) as t:
        for number in range(1, 7):
            for key in KEYS:
                await t.ctx.entity(Account, key).pay(number)
        await t.settle()

    of_key = {key: [version for id, version in outside.seen if id == key] for key in KEYS}
    assert of_key == {key: [one for one in range(1, 7) for _ in range(2)] for key in KEYS}
    assert [id for id, _ in outside.seen if id in KEYS] != [key for _ in range(12) for key in KEYS]


async def test_the_same_seed_repeats_the_same_decisions() -> None:
    def decided(seed: int) -> list[object]:
        faults = InjectedFaults(seed=seed, duplicates=0.5, reorders=0.5, crashes=0.5)
        faults.is_armed = True
        asked: list[object] = [faults.is_repeated("x"), faults.turns_held("x")]
        return [*asked, *(faults.crashes_at("after effect", f"y{one}") for one in range(20)), *faults.met]

    assert decided(5) == decided(5)
    assert decided(5) != decided(6)


@pytest.mark.parametrize(
    ("point", "balance"), [("before commit", 0), ("after commit", 5)], ids=["before", "after"]
)
async def test_a_crash_around_a_commit_leaves_all_of_a_command_or_nothing(
    point: CrashPoint, balance: int
) -> None:
    """Its caller is told that nobody knows; what is stored is there for the next life."""
    async with testing(app, faults=InjectedFaults()) as t:
        await t.ctx.entity(Account, "z").pay(1)
        told: list[Unavailable] = []
        async with t.crashing(point):
            try:
                await t.ctx.entity(Account, "z").pay(5)
            except Unavailable as error:
                told.append(error)
                raise

        assert len(told) == 1
        assert (await t.ctx.state(Account, "z")).balance == 1 + balance
        assert await t.ctx.entity(Account, "z").pay(2) == 3 + balance


async def test_a_request_that_is_sent_again_after_a_crash_takes_effect_once() -> None:
    async with testing(app, faults=InjectedFaults()) as t:
        headers = {"Idempotency-Key": "one"}
        async with t.crashing("after commit"):
            lost = await t.http.post("/accounts/z?amount=5", headers=headers)
            assert lost.status_code == 503
        again = await t.http.post("/accounts/z?amount=5", headers=headers)

        assert (again.status_code, again.json()) == (201, 5)
        assert (await t.ctx.state(Account, "z")).balance == 5


async def test_a_crash_after_an_effect_has_the_item_delivered_again() -> None:
    async with testing(app, faults=InjectedFaults()) as t:
        async with t.crashing("after effect"):
            await t.ctx.entity(Account, "a").pay(4)
        await t.settle()

        assert outside.seen.count(("a", 1)) == 2
        assert (await t.ctx.state(Account, "mirror a")).balance == 4


async def test_a_crash_after_a_step_has_the_step_done_again() -> None:
    async with testing(app, faults=InjectedFaults()) as t:
        await t.ctx.workflow(Fulfilment, "order").start(100)
        async with t.crashing("after effect"):
            await t.settle()
        await t.advance(days=1)

        assert await t.ctx.workflow(Fulfilment, "order").result() == "receipt of order"
        assert outside.charged["order"] == 2
        assert (await t.ctx.state(Account, "bank")).balance == 100


async def test_a_crash_now_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """In memory, and in a file, with work that nobody has done yet."""
    for store in ("memory:", f"sqlite:///{tmp_path / 'bank.db'}"):
        faults = InjectedFaults()
        async with testing(app, store=store, faults=faults) as t:
            await t.ctx.entity(Account, "a").pay(4)
            await t.send("payments", Payment("a", 3))
            await t.crash()
            await t.crash()
            await t.settle()

            assert await t.ctx.view(Balances).get("a") == Balances("a", 7)
            assert faults.met == ["crash", "crash"]


async def test_a_request_with_a_key_is_repeated_and_its_answers_are_compared() -> None:
    async with testing(app, faults=InjectedFaults(duplicates=1.0)) as t:
        first = await t.http.post("/accounts/z?amount=5", headers={"Idempotency-Key": "one"})
        other = await t.http.post("/accounts/z?amount=5")
        leaked = await t.http.post("/leaks/z", headers={"Idempotency-Key": "two"})

        assert (first.json(), other.json()) == (5, 10)
        assert leaked.status_code == 201
        assert outside.requests == 3


async def test_mistakes_are_explained() -> None:
    with pytest.raises(ValueError, match="duplicates=2 is no probability"):
        InjectedFaults(duplicates=2)
    with pytest.raises(TypeError, match="in memory and on SQLite, and not on postgresql"):
        async with testing(app, store="postgresql://nowhere/x", faults=InjectedFaults()):
            pass
    async with testing(app) as t:
        with pytest.raises(TypeError, match=r"testing\(app, faults=InjectedFaults\(\)\)"):
            await t.crash()
    async with testing(app, faults=InjectedFaults()) as t:
        with pytest.raises(ValueError, match="no point of a crash"):
            async with t.crashing("soon"):  # type: ignore[arg-type]
                pass
        with pytest.raises(AssertionError, match="did not get to a crash before commit"):
            async with t.crashing("before commit"):
                pass
