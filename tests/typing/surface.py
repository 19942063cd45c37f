"""What type checkers say of calls through a context: arguments and answers as the author declared them."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, assert_type

from actum import Context, Recorded
from actum.model.event import Event
from examples.bank.bank import Account, Balances, Payment, Wealth


async def commands_and_queries(ctx: Context) -> None:
    account = ctx.entity(Account, "a", idempotency_key="p-77", expected_version=3)
    assert_type(account, Account)
    await assert_type(account.deposit(5), Coroutine[Any, Any, int])
    assert_type(await account.deposit(amount=5), int)
    assert_type(await account.current_balance(), int)
    await account.open("ann")

    account.deposit(5)  # type: ignore[unused-coroutine]
    await account.deposit("5")  # type: ignore[arg-type]
    await account.deposit()  # type: ignore[call-arg]
    await account.deposit(5, 6)  # type: ignore[call-arg]
    await account.open(name="ann")  # type: ignore[call-arg]
    await account.close()  # type: ignore[attr-defined]
    ctx.entity(Balances, "a")  # type: ignore[type-var]
    ctx.entity(Account, 7)  # type: ignore[arg-type]
    ctx.entity(Account, "a", expected_version="3")  # type: ignore[arg-type]


async def views(ctx: Context) -> None:
    await assert_type(ctx.view(Balances).wealthy(5), Coroutine[Any, Any, list[Wealth]])
    assert_type(await ctx.view(Balances).wealthy(least=5), list[Wealth])
    assert_type(await ctx.view(Balances).get("a"), Balances | None)

    assert_type(await ctx.view(Balances, page_size=5).get("a"), Balances | None)

    await ctx.view(Balances).wealthy("5")  # type: ignore[arg-type]
    ctx.view(Balances, after=7)  # type: ignore[arg-type]
    ctx.view(Balances, limit=5)  # type: ignore[call-arg]
    await ctx.view(Balances).wealthy()  # type: ignore[call-arg]
    ctx.view(Account)  # type: ignore[type-var]


async def units_and_timers(ctx: Context) -> None:
    async def move(unit: Context) -> int:
        await unit.entity(Account, "a").withdraw(4)
        return await unit.entity(Account, "b").deposit(4)

    assert_type(await ctx.atomic(move), int)
    assert_type(await ctx.schedule(Account.deposit, "a", after=timedelta(days=1))(5), str)
    await ctx.queue("payments").send(Payment("a", 5), key="a")

    await ctx.schedule(Account.deposit, "a", after=timedelta(days=1))("5")  # type: ignore[arg-type]
    ctx.schedule(Account.current_balance, "a", after=timedelta(days=1))  # type: ignore[arg-type]


async def the_past(ctx: Context) -> None:
    assert_type(await ctx.history(Account, "a"), list[Recorded[Event]])
    assert_type((await ctx.state(Account, "a", version=1)).balance, int)
