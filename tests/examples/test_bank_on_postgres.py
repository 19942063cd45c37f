"""The bank, unchanged, on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actum import Context, Rejected
from actum.errors import StoreError
from actum.runtime.node import Node
from actum.stores.open import open_stores
from examples.bank.bank import Account, Balances, Payment, Wealth, app
from tests.runtime.nodes import node_on


@asynccontextmanager
async def bank(url: str) -> AsyncIterator[tuple[Context, Node]]:
    async with (
        open_stores(url) as stores,
        node_on(app, stores.journal, stores.database) as node,
    ):
        yield Context(node.services), node


async def test_the_bank_runs_on_postgres(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands, refusals, views, queues and triggers do on PostgreSQL what they do on a file."""
    async with bank(postgres_url) as (ctx, node):
        await ctx.entity(Account, "a").open("Ada")
        await ctx.entity(Account, "b").open("Bob")
        balance = await ctx.entity(Account, "a").deposit(70)
        with pytest.raises(Rejected, match="insufficient funds"):
            await ctx.entity(Account, "b").withdraw(5)
        await ctx.queue("payments").send(Payment("b", 30))
        await node.settle()
        left = await ctx.entity(Account, "a").withdraw(8)
        await node.settle()

        found = await ctx.view(Balances).wealthy(1)

    assert (balance, left) == (70, 62)
    assert found == [Wealth("Ada", 62, 1), Wealth("Bob", 30, 0)]
    assert "a paid out 8" in capsys.readouterr().out


async def test_the_bank_goes_on_after_a_restart(postgres_url: str) -> None:
    """What was written is there for the next process, and keys are remembered."""
    async with bank(postgres_url) as (ctx, _):
        await ctx.entity(Account, "a").open("Ada")
        first = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(40)

    async with bank(postgres_url) as (ctx, _):
        again = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(40)
        found = await ctx.view(Balances).wealthy(1)

    assert (first, again) == (40, 40)
    assert found == [Wealth("Ada", 40, 0)]


async def test_two_processes_serve_one_account(postgres_url: str) -> None:
    """Each finds what the other wrote: the version check sends it back to read, and it decides again."""
    async with (
        open_stores(postgres_url) as one,
        open_stores(postgres_url) as other,
        node_on(app, one.journal, one.database) as here,
        open_stores("memory:") as beside,
        node_on(app, other.journal, beside.database) as there,
    ):
        accounts = [Context(node.services).entity(Account, "a") for node in (here, there)]
        await accounts[0].open("Ada")

        balances = [await accounts[number % 2].deposit(10) for number in range(6)]

    assert balances == [10, 20, 30, 40, 50, 60]


async def test_without_the_driver_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a PostgreSQL store without asyncpg is told what to install."""
    monkeypatch.setattr("actum.stores.open.find_spec", lambda name: None)

    with pytest.raises(StoreError, match="pip install asyncpg"):
        async with open_stores("postgresql://localhost/bank"):
            pass
