"""PostgreSQL whose connections are cut or all in use: callers get true answers, and nothing is lost."""

import asyncio

import asyncpg
import pytest

from actum import Context, Unavailable
from actum.runtime.clock import SystemClock
from actum.stores.open import open_stores
from actum.stores.postgres.connection import pool as postgres
from examples.bank.bank import Account, Balances, app
from tests.faults.test_postgres_restarts import ACCOUNTS, again, deposit_on_and_on, everything
from tests.runtime.nodes import node_on

CUTS = 15
CALLERS = 12
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_when_every_connection_is_cut_again_and_again(
    postgres_url: str,
) -> None:
    """Each deposit that was answered is there once, and the views go on."""
    admin = await asyncpg.connect(postgres_url)
    async with app.running(store=postgres_url) as ctx:
        for account in ACCOUNTS:
            await ctx.entity(Account, account).open(account)
        until = asyncio.Event()
        calling = [asyncio.create_task(deposit_on_and_on(ctx, caller, until)) for caller in range(CALLERS)]
        cut = 0
        for _ in range(CUTS):
            await asyncio.sleep(0.1)
            cut += await admin.fetchval(CUT)
        until.set()
        done = [one for found in await asyncio.gather(*calling) for one in found]
        events = await everything(ctx._services.journal)
        seen = Context(ctx._services, seen=events[-1].position)
        shown = await again(lambda: seen.view(Balances).wealthy(0))
    await admin.close()

    assert cut > CUTS
    for account in ACCOUNTS:
        mine = [(amount, balance) for of, amount, balance in done if of == account]
        assert len({balance for _, balance in mine}) == len(mine)
        versions = [event.version for event in events if event.id == account]
        assert versions == list(range(1, len(mine) + 2))
    assert {wealth.owner: wealth.total for wealth in shown} == {
        account: sum(amount for of, amount, _ in done if of == account) for account in ACCOUNTS
    }


async def test_who_finds_every_connection_in_use_is_told_so_and_commands_wait_their_turn(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query says how to allow more; a command lands when there is room; the membership is not held up."""
    async with (
        open_stores(f"{postgres_url}&pool=2") as stores,
        node_on(app, stores.journal, stores.database, clock=SystemClock()) as node,
    ):
        ctx = Context(node.services)
        await ctx.entity(Account, "a").open("Ada")
        await node.settle()
        pool = stores.journal._pool  # type: ignore[attr-defined]
        async with pool.connection(), pool.connection():
            patience = postgres.MAX_WAIT
            monkeypatch.setattr(postgres, "MAX_WAIT", 0.05)
            depositing = asyncio.create_task(ctx.entity(Account, "a").deposit(70))
            with pytest.raises(Unavailable, match=r"all 2 connections .* are in use: .* pool= in the URL"):
                await Context(node.services).view(Balances).wealthy(0)
            assert node.coordinator is not None
            state = await node.coordinator._membership.beat()
            assert not depositing.done()
            monkeypatch.setattr(postgres, "MAX_WAIT", patience)

        assert state.owners
        assert set(state.owners.values()) == {state.me}
        assert await depositing == 70
        await node.settle()
        assert (await ctx.view(Balances).wealthy(0))[0].total == 70
