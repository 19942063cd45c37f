"""Workflows on one PostgreSQL: any process starts and signals, each runs some, and another takes over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from actum import Context
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.node import Node
from actum.runtime.workflows import calls, engine
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from tests.runtime.nodes import START, node_on
from tests.workflows.transfers import Account, Approval, Approved, Ledger, Transfer, app


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(seconds=0.5))
    monkeypatch.setattr(engine, "POLL", 0.02)
    monkeypatch.setattr(calls, "POLL", 0.02)


@asynccontextmanager
async def started(url: str, clock: ManualClock) -> AsyncGenerator[Node]:
    """A node with connections of its own, as another process would have."""
    async with (
        open_stores(url) as stores,
        node_on(app, stores.journal, stores.database, clock=clock) as node,
    ):
        yield node


def runs(node: Node, kind: str) -> bool:
    return any(work.engine is not None for work in node.workflows if work.kind.name == kind)


async def test_any_process_starts_signals_and_awaits_what_one_runs(postgres_url: str, ledger: Ledger) -> None:
    clock = ManualClock(START)
    async with started(postgres_url, clock) as first, started(postgres_url, clock) as second:
        for node, id in ((first, "a-1"), (second, "a-2")):
            await Context(node.services).workflow(Approval, id).start(5)
        for node, id in ((first, "a-2"), (second, "a-1")):
            await Context(node.services).workflow(Approval, id).signal(Approved(f"of {id}"))

        async with asyncio.timeout(60):
            found = [
                await Context(node.services).workflow(Approval, id).result()
                for node in (first, second)
                for id in ("a-1", "a-2")
            ]

    assert found == ["of a-1", "of a-2"] * 2
    assert ledger.calls == []


async def test_another_process_goes_on_where_one_has_stopped(postgres_url: str, ledger: Ledger) -> None:
    clock = ManualClock(START)
    async with started(postgres_url, clock) as first:
        ctx = Context(first.services)
        await ctx.entity(Account, "ann").add(100)
        await ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)
        await first.settle()
        assert runs(first, "Transfer")
    clock.move_to(clock.now() + 15 * 86_400_000_000)
    async with started(postgres_url, clock) as second:
        async with asyncio.timeout(60):
            result = await Context(second.services).workflow(Transfer, "t-1").result()
        state = await Context(second.services).state(Account, "bob")

    assert (result, state.balance) == ("1 for bob", 30)
    assert ledger.calls == ["t-1: 30"]


async def test_a_process_that_has_lost_its_lease_records_nothing_more(
    postgres_url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that was under way is recorded by the process that has the lease now, once."""
    clock = ManualClock(START)
    entered, released = asyncio.Event(), asyncio.Event()

    async def held(key: str, what: str) -> int:
        ledger.calls.append(what)
        if len(ledger.calls) == 1:
            entered.set()
            await released.wait()
        return len(ledger.calls)

    monkeypatch.setattr(ledger, "post", held)
    async with started(postgres_url, clock) as first:
        ctx = Context(first.services)
        await ctx.entity(Account, "ann").add(100)
        await ctx.workflow(Transfer, "t-1").start("ann", "bob", 30)
        await entered.wait()
        [work] = [one for one in first.workflows if one.kind.cls is Transfer]
        stored = await first.services.database.workflow("Transfer", "t-1")
        assert stored is not None
        lease = first.coordinator._leases[work.slices.names[work.slices.of(stored.number)]]  # type: ignore[union-attr]
        async with open_stores(postgres_url) as stores:
            await stores.database._pool.fetch(  # type: ignore[attr-defined]
                "UPDATE actum_work SET epoch = epoch + 1 WHERE work = $1", lease.work
            )
        released.set()
        async with asyncio.timeout(60):
            while (await ctx.state(Account, "bob")).balance == 0:  # noqa: ASYNC110 (other tasks' doing)
                await asyncio.sleep(0.02)

        assert (await ctx.state(Account, "bob")).balance == 30
        assert len(ledger.calls) == 2
        records = await first.services.database.workflow_records("Transfer", "t-1", limit=100)
        assert [one.body[:12] for one in records if one.name == "post"] == [b'{"result":2,']
