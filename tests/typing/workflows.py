"""What type checkers say of workflows: what they take, what their steps give, and what they return."""

from datetime import timedelta
from typing import assert_type

from msgspec import Struct

from actum import Actions, App, Context, Retries, Workflow
from actum.testing import WorkflowOutcome, given
from examples.bank.bank import Account, Payment


class Approved(Struct):
    by: str


async def charge(ctx: Context, card: str, amount: int) -> int:
    return amount


class Purchase(
    Workflow, name="purchase", timeout=timedelta(days=30), retries=Retries(attempts=3), keep_for=None
):
    stage: str = "new"

    async def run(self, ctx: Context, payment: Payment, note: str = "") -> str:
        await ctx.entity(Account, payment.account).withdraw(payment.amount)
        self.compensate(lambda: ctx.entity(Account, payment.account).deposit(payment.amount))
        assert_type(await self.step(charge, "card", payment.amount, timeout=timedelta(seconds=5)), int)
        assert_type(await self.gather(self.step(charge, "a", 1), self.step(charge, "b", 2)), tuple[int, int])
        assert_type(await self.receive(Approved), Approved)
        assert_type(await self.receive(Approved, within=timedelta(days=2)), Approved | None)
        self.compensate(5)  # type: ignore[arg-type]
        await self.step(len, "card")  # type: ignore[arg-type]
        await self.sleep(5)  # type: ignore[arg-type]
        return self.stage


async def callers(ctx: Context) -> None:
    purchase = ctx.workflow(Purchase, "p-1")
    assert_type(await purchase.start(Payment("a", 5)), bool)
    assert_type(await purchase.start(Payment("a", 5), note="gift"), bool)
    assert_type(await purchase.result(within=timedelta(seconds=5)), str)
    await purchase.signal(Approved("ann"), once="one")

    await purchase.start(5)  # type: ignore[arg-type]
    await purchase.start()  # type: ignore[call-arg]
    ctx.workflow(Account, "a")  # type: ignore[arg-type]


async def examples() -> None:
    example = given(Purchase, id="p-1").answers(Account.withdraw, 5).answers(charge, 3)
    outcome = await example.when(Payment("a", 5), note="gift").signal(Approved("ann")).advance(days=2)
    assert_type(outcome.then("new").state(stage="new"), WorkflowOutcome[str])

    example.when(5)  # type: ignore[arg-type]
    example.when()  # type: ignore[call-arg]
    outcome.then(5)  # type: ignore[arg-type]
    example.answers("charge", 3)  # type: ignore[arg-type]


shop = Actions()
shop.queue("payments").start(Purchase, id=str)
shop.queue("payments").start(Account)  # type: ignore[arg-type]
app = App("shop", workflows=[Purchase])
