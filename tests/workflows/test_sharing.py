"""Workflows of one kind that several processes share on PostgreSQL by slices."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

import pytest
from msgspec import Struct

from actum import App, Context, Workflow
from actum.errors import LeaseLost
from actum.ports.workflows import WorkflowChange
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.cluster.heartbeat import MAX_AGE
from actum.runtime.node import Node
from actum.runtime.workflows import calls, engine
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from actum.stores.postgres.database.slices import SLICES
from tests.runtime.nodes import START, node_on, owned, until

IDS = [f"w-{number}" for number in range(60)]


class Go(Struct):
    pass


class Steps:
    """What was done for each workflow, by which node, and whether one ever ran twice at a time."""

    def __init__(self) -> None:
        self.done: dict[str, list[str]] = defaultdict(list)
        self.by: Counter[int] = Counter()
        self.overlapping: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._running: set[str] = set()

    async def do(self, ctx: Context, what: str) -> None:
        """Does a step."""
        id, _, name = what.partition(" ")
        if id in self._running:
            self.overlapping.append(what)
        self._running.add(id)
        await asyncio.sleep(0.002)
        await self.gate.wait()
        self._running.discard(id)
        self.done[id].append(name)
        self.by[id_of(ctx)] += 1


steps = Steps()


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(hours=1))
    monkeypatch.setattr(postgres_membership, "GONE", timedelta(hours=1))
    monkeypatch.setattr(engine, "POLL", 0.02)
    monkeypatch.setattr(calls, "POLL", 0.02)
    steps.__init__()  # type: ignore[misc]


def id_of(ctx: Context) -> int:
    """Tells the nodes apart."""
    return id(ctx._services)


async def note(ctx: Context, what: str) -> None:
    await steps.do(ctx, what)


class Errand(Workflow):
    """Does three steps, and waits for a signal before the last one."""

    async def run(self, ctx: Context) -> str:
        await self.step(note, f"{self.id} one")
        await self.step(note, f"{self.id} two")
        await self.receive(Go)
        await self.step(note, f"{self.id} three")
        return self.id


class Sum(Workflow):
    """Waits for the end of others."""

    async def run(self, ctx: Context, ids: list[str]) -> list[str]:
        for id in ids:
            await ctx.workflow(Errand, id).start()
        return list(await self.gather(*(ctx.workflow(Errand, id).result() for id in ids)))


app = App("errands", workflows=[Errand, Sum])


@asynccontextmanager
async def started(url: str, *, slices: int = SLICES) -> AsyncGenerator[Node]:
    """A node with connections of its own; with one slice it is as one of a release before slices."""
    async with open_stores(url) as stores:
        stores.database.slices = slices
        async with node_on(app, stores.journal, stores.database, clock=ManualClock(START)) as node:
            yield node


def errands(node: Node) -> list[str]:
    """The slices of errands that a node has, or the whole."""
    return sorted(name for name in owned(node) if name.startswith("workflows Errand"))


async def until_shared(*nodes: Node) -> None:
    """Returns when each of the nodes has its part of the slices."""

    def is_even() -> bool:
        counts = [len(errands(node)) for node in nodes]
        moving = any(node.coordinator is not None and node.coordinator.is_moving for node in nodes)
        return sum(counts) == SLICES and max(counts) - min(counts) <= 1 and not moving

    await until(is_even)


async def start(node: Node, ids: list[str]) -> None:
    ctx = Context(node.services)
    for id in ids:
        await ctx.workflow(Errand, id).start()


async def end(node: Node, ids: list[str]) -> list[str]:
    """Signals workflows, and gives what they return."""
    ctx = Context(node.services)
    for id in ids:
        await ctx.workflow(Errand, id).signal(Go())
    async with asyncio.timeout(60):
        return [await ctx.workflow(Errand, id).result() for id in ids]


def check(ids: list[str]) -> None:
    """Each step was done once, in order, and one of a workflow at a time."""
    assert steps.done == {id: ["one", "two", "three"] for id in ids}
    assert not steps.overlapping


async def test_several_processes_run_workflows_of_one_kind(postgres_url: str) -> None:
    async with (
        started(postgres_url) as first,
        started(postgres_url) as second,
        started(postgres_url) as third,
    ):
        await until_shared(first, second, third)
        await start(first, IDS)
        ended = await end(second, IDS)

    assert ended == IDS
    check(IDS)
    assert len(steps.by) == 3
    assert min(steps.by.values()) > len(IDS) // 2


async def test_slices_that_move_while_workflows_are_under_way_lose_and_repeat_nothing(
    postgres_url: str,
) -> None:
    async with started(postgres_url) as first:
        await start(first, IDS[:20])
        async with started(postgres_url) as second:
            moved = asyncio.create_task(until_shared(first, second))
            await start(first, IDS[20:40])
            await moved
            async with started(postgres_url) as third:
                moved = asyncio.create_task(until_shared(first, second, third))
                await start(second, IDS[40:])
                await moved
            # The third has left, and its slices go back while the signals come.
            ended = await end(second, IDS)

    assert ended == IDS
    check(IDS)


async def test_a_step_under_way_ends_before_its_slice_moves(postgres_url: str) -> None:
    async with started(postgres_url) as first:
        steps.gate.clear()
        await start(first, IDS)
        async with started(postgres_url) as second:
            await until(lambda: len(errands(second)) == 0 and len(errands(first)) < SLICES)
            steps.gate.set()
            await until_shared(first, second)
            ended = await end(first, IDS)

    assert ended == IDS
    check(IDS)
    assert len(steps.by) == 2


async def test_a_workflow_hears_of_the_end_of_those_that_other_processes_run(postgres_url: str) -> None:
    async with started(postgres_url) as first, started(postgres_url) as second:
        await until_shared(first, second)
        ctx = Context(first.services)
        for number in range(6):
            await ctx.workflow(Sum, f"s-{number}").start(IDS[number * 10 : number * 10 + 10])
        await until(lambda: sum(map(len, steps.done.values())) == 2 * len(IDS))
        await end(second, IDS)
        async with asyncio.timeout(60):
            sums = [await ctx.workflow(Sum, f"s-{number}").result() for number in range(6)]

    assert sums == [IDS[number * 10 : number * 10 + 10] for number in range(6)]
    check(IDS)


async def test_what_has_lost_a_slice_writes_nothing_of_that_and_all_of_the_others(postgres_url: str) -> None:
    """As a process that was paused: one slice is another's now, and workflows of all are at work."""
    async with started(postgres_url) as node:
        steps.gate.clear()
        await start(node, IDS)
        [work] = [one for one in node.workflows if one.kind.cls is Errand]
        lost = work.slices.names[3]
        async with open_stores(postgres_url) as stores:
            await stores.database._pool.fetch(  # type: ignore[attr-defined]
                "UPDATE actum_work SET epoch = epoch + 1 WHERE work = $1", lost
            )
        begun = work.engine
        steps.gate.set()
        ended = await end(node, IDS)

        assert ended == IDS
        assert work.engine is begun
        numbers = {
            id: one.number
            for id in IDS
            if (one := await node.services.database.workflow("Errand", id)) is not None
        }
    again = {id for id, number in numbers.items() if number % SLICES == 3}
    assert again
    assert {id for id, done in steps.done.items() if done.count("one") > 1} == again
    assert all(sorted(set(done)) == ["one", "three", "two"] for done in steps.done.values())


async def test_a_change_that_came_about_under_a_lease_that_was_lost_is_refused_under_a_new_one(
    postgres_url: str,
) -> None:
    async with started(postgres_url) as node:
        await start(node, IDS[:1])
        await until(lambda: len(steps.done["w-0"]) == 2)
        [work] = [one for one in node.workflows if one.kind.cls is Errand]
        stored = await node.services.database.workflow("Errand", "w-0")
        assert stored is not None
        assert work.engine is not None
        number = work.slices.of(stored.number)
        late = work.engine._recorder.record(
            WorkflowChange(stored.number, "failed", None, stored.wakes, stored.updated)
        )
        lease = work.slices.here[number][0]
        work.slices.give(number, (type(lease)(lease.work, lease.epoch + 1),))

        with pytest.raises(LeaseLost, match="done by another process"):
            await late
        found = await node.services.database.workflow("Errand", "w-0")
        assert found is not None
        assert found.status == "running"
        work.slices.give(number, (lease,))


async def test_no_step_begins_before_a_process_that_was_paused_has_shown_that_it_is_alive(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(postgres_url) as node:
        beat = node.heartbeat.beat
        missed: list[float] = []
        monkeypatch.setattr(node.heartbeat, "beat", missed.append)
        node.heartbeat._at = monotonic() - MAX_AGE - 1
        await start(node, IDS[:1])
        [work] = [one for one in node.workflows if one.kind.cls is Errand]
        await until(lambda: work.engine is not None and "w-0" in work.engine.live)
        await until(lambda: len(missed) > 3)
        assert steps.done == {}

        monkeypatch.setattr(node.heartbeat, "beat", beat)
        await until(lambda: steps.done["w-0"] == ["one", "two"])


async def test_a_release_that_runs_the_whole_keeps_it_until_it_stops(postgres_url: str) -> None:
    async with started(postgres_url, slices=1) as old:
        await start(old, IDS[:30])
        async with started(postgres_url) as new:
            await start(new, IDS[30:])
            await until(lambda: sum(map(len, steps.done.values())) == 2 * len(IDS))
            assert (errands(old), errands(new)) == (["workflows Errand"], [])
            assert set(steps.by) == {id(old.services)}

            await old.coordinator.retire(old.assignments)  # type: ignore[union-attr]
            await until(lambda: len(errands(new)) == SLICES)
            ended = await end(new, IDS)

    assert ended == IDS
    check(IDS)


async def test_the_whole_is_refused_for_good_once_it_was_split(postgres_url: str) -> None:
    async with started(postgres_url) as new:
        await until_shared(new)
    async with started(postgres_url, slices=1) as old:
        await start(old, IDS[:1])
        for _ in range(3):
            before = old.heartbeat._at
            await until(lambda before=before: old.heartbeat._at != before)  # type: ignore[misc]

        assert errands(old) == []
        assert steps.done == {}
