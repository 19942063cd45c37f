"""Deadlines of several nodes on one PostgreSQL: one follows the feed and fires, whoever has set them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from actum import Context
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from tests.runtime.deadlines import Alarm, app, due, rung
from tests.runtime.nodes import START, node_on

SECOND = 1_000_000


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(seconds=0.5))


@asynccontextmanager
async def started(url: str, clock: ManualClock) -> AsyncGenerator[Node]:
    """A node with connections of its own, as another process would have."""
    async with open_stores(url) as stores, node_on(app, stores.journal, stores.database, clock=clock) as node:
        yield node


async def until_rung(node: Node, texts: list[str], id: str = "a") -> None:
    async with asyncio.timeout(60):
        while await rung(Context(node.services), id) != texts:  # noqa: ASYNC110 (another node's doing)
            await asyncio.sleep(0.02)


async def test_every_node_sets_and_cancels_and_sees_it_at_once(postgres_url: str) -> None:
    """Only the first has the lease of the timers."""
    clock = ManualClock(START)
    async with started(postgres_url, clock) as first, started(postgres_url, clock) as second:
        for number, node in enumerate((first, second, first, second)):
            ctx = Context(node.services)
            await ctx.entity(Alarm, "a").set(f"n{number}", 10 + number, f"{number}")
            assert len(await due(ctx)) == number + 1
        await Context(second.services).entity(Alarm, "a").unset("n0")
        listed = await due(Context(second.services))

        clock.move_to(START + 60 * SECOND)

        assert listed == ["a n1", "a n2", "a n3"]
        await until_rung(second, ["1", "2", "3"])


async def test_a_cancel_by_another_node_is_seen_before_the_deadline_fires(postgres_url: str) -> None:
    """It lands after the node that fires has read the entity, and before the command."""
    clock = ManualClock(START)
    async with started(postgres_url, clock) as first, started(postgres_url, clock) as second:
        await Context(first.services).entity(Alarm, "a").set("tea", 10, "ready")
        await Context(first.services).entity(Alarm, "a").set("egg", 11, "soft")
        await Context(second.services).entity(Alarm, "a").unset("tea")

        clock.move_to(START + 60 * SECOND)

        await until_rung(second, ["soft"])
        await first.settle()
        assert await due(Context(first.services)) == []


async def test_the_node_that_takes_over_goes_on_where_the_other_was(postgres_url: str) -> None:
    clock = ManualClock(START)
    async with started(postgres_url, clock) as second:
        async with started(postgres_url, clock) as first:
            await Context(first.services).entity(Alarm, "a").set("tea", 10, "ready")
            await Context(second.services).entity(Alarm, "a").set("egg", 20, "soft")
            await due(Context(first.services))
            clock.move_to(START + 10 * SECOND)
            await until_rung(second, ["ready"])
            await Context(first.services).entity(Alarm, "a").set("rice", 20, "done")

        await Context(second.services).entity(Alarm, "a").unset("egg")
        clock.move_to(START + 60 * SECOND)

        await until_rung(second, ["ready", "done"])
