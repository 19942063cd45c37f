"""Lives of entities against a model: commands, deadlines, expiry and deletion, in whatever order."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from actum import (
    Actions,
    App,
    Changed,
    Context,
    Deleted,
    Entity,
    Event,
    Rejected,
    View,
    command,
    query,
    reducer,
)
from actum.runtime.actions.triggers import timers
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from tests.runtime.nodes import START, node_on

SPAN = timedelta(seconds=25.5)
"""Nothing else is due at half a second, so that what comes first is certain."""
NAMES = ("tea", "egg")
IDS = ("a", "b", "c")
SECOND = 1_000_000


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(seconds=0.5))
    monkeypatch.setattr(timers, "SHARED_POLL", 0.03)


class Noted(Event):
    text: str


class Parcel(Entity, expires_after=SPAN, snapshot_every=3):
    texts: tuple[str, ...] = ()

    @command
    def note(self, text: str) -> None:
        self.emit(Noted(text))

    @command
    def plan(self, name: str, seconds: int, text: str) -> None:
        self.emit(Noted(f"plan {text}"))
        self.schedule(Parcel.note, after=timedelta(seconds=seconds), name=name)(text)

    @command
    def drop(self, name: str) -> None:
        self.emit(Noted(f"drop {name}"))
        self.cancel(name)

    @command
    def count(self) -> int:
        self.emit(Noted(f"counted {len(self.texts)} {self.texts[-1]}"))
        return len(self.texts)

    @command
    def refuse(self) -> None:
        raise Rejected(f"it says {self.texts[-1]}")

    @query
    def noted(self) -> tuple[str, ...]:
        return self.texts

    @reducer
    def was_noted(self, event: Noted) -> None:
        self.texts = (*self.texts, event.text)


class Place(Entity, keeps="state", expires_after=SPAN):
    last: str = ""
    count: int = 0

    @command
    def note(self, text: str) -> None:
        self.last, self.count = text, self.count + 1

    @query
    def noted(self) -> tuple[str, ...]:
        return (self.last, f"{self.count}") if self.exists else ()


class Parcels(View):
    id: str
    count: int = 0
    last: str = ""

    @reducer
    def noted(self, event: Noted) -> None:
        self.count += 1
        self.last = event.text


class Places(View):
    id: str
    count: int = 0
    last: str = ""

    @reducer
    def changed(self, event: Changed[Place]) -> None:
        self.count, self.last = event.state.count, event.state.last


gone: dict[int, str] = {}
actions = Actions()


@actions.on(Deleted)
async def say(ctx: Context, event: Deleted) -> None:
    gone[ctx.event.position] = f"{event.kind}/{event.id} {event.why}"


app = App("post", entities=[Parcel, Place], views=[Parcels, Places], actions=[actions])
Kind = type[Parcel] | type[Place]


class Life:
    """What is known of one entity: what was noted, when last, and what waits."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.last: int | None = None
        self.waiting: dict[str, tuple[int, str]] = {}

    def note(self, now: int, text: str) -> None:
        self.texts.append(text)
        self.last = now

    def end(self) -> None:
        self.__init__()  # type: ignore[misc]

    @property
    def next(self) -> int | None:
        """When the next deadline is due, or it expires."""
        moments = [due for due, _ in self.waiting.values()]
        if self.last is not None:
            moments.append(self.last + SPAN // timedelta(microseconds=1))
        return min(moments, default=None)


class Site:
    """Nodes on one store, which share a clock, beside the model of what must have happened."""

    def __init__(self, url: str, count: int, seed: int) -> None:
        self.url = url
        self.chance = random.Random(seed)
        self.clock = ManualClock(START)
        self.nodes: list[Node] = []
        self.lives: dict[tuple[Kind, str], Life] = {
            (kind, id): Life() for kind in (Parcel, Place) for id in IDS
        }
        self.ends: list[str] = []
        self._count = count
        self._stacks: list[AsyncExitStack] = []

    @property
    def now(self) -> int:
        return self.clock.now()

    def ctx(self) -> Context:
        return Context(self.chance.choice(self.nodes).services)

    async def start(self) -> None:
        while len(self.nodes) < self._count:
            stack = AsyncExitStack()
            stores = await stack.enter_async_context(open_stores(self.url))
            node = node_on(app, stores.journal, stores.database, clock=self.clock)
            self.nodes.append(await stack.enter_async_context(node))
            self._stacks.append(stack)

    async def stop(self) -> None:
        self.nodes.pop(0)
        await self._stacks.pop(0).aclose()

    def end(self, key: tuple[Kind, str], why: str) -> None:
        if self.lives[key].last is not None:
            self.ends.append(f"{key[0].__name__}/{key[1]} {why}")
            self.lives[key].end()

    async def step(self, number: int) -> None:
        kind = self.chance.choice((Parcel, Parcel, Place))
        id = self.chance.choice(IDS)
        life, text = self.lives[kind, id], f"{number}"
        entity = self.ctx().entity(Parcel, id)
        match self.chance.choice(["note", "plan", "plan", "drop", "delete", "advance", "advance", "restart"]):
            case "plan" if kind is Parcel:
                name, seconds = self.chance.choice(NAMES), self.chance.randint(1, 40)
                await entity.plan(name, seconds, text)
                life.note(self.now, f"plan {text}")
                life.waiting[name] = (self.now + seconds * SECOND, text)
            case "drop" if kind is Parcel:
                name = self.chance.choice(NAMES)
                await entity.drop(name)
                life.note(self.now, f"drop {name}")
                life.waiting.pop(name, None)
            case "delete" if self.chance.random() < 0.5:
                await self.ctx().delete(kind, id, erase=True, why=f"because {text}")
                self.end((kind, id), f"because {text}")
                # Another node hears from the feed that what it has in memory was erased.
                await self.until_done()
            case "advance":
                await self.advance(self.chance.randint(1, 20))
            case "restart" if self.chance.random() < 0.4:
                await self.stop()
                await self.start()
            case _:
                await self.ctx().entity(kind, id).note(text)
                life.note(self.now, text)

    async def advance(self, seconds: int) -> None:
        """Moves the clock to each moment at which something is due, and waits until it is done."""
        end = self.now + seconds * SECOND
        while True:
            due = [(life.next, key) for key, life in self.lives.items() if life.next is not None]
            moment = min((moment for moment, _ in due if moment is not None), default=end + 1)
            if moment > end:
                break
            self.clock.move_to(moment)
            await self.until_done()
            for key, life in self.lives.items():
                self.pass_moment(key, life)
        self.clock.move_to(end)
        await self.until_done()

    def pass_moment(self, key: tuple[Kind, str], life: Life) -> None:
        for name, (moment, text) in list(life.waiting.items()):
            if moment == self.now:
                life.note(moment, text)
                del life.waiting[name]
        if life.last is not None and life.last + SPAN // timedelta(microseconds=1) <= self.now:
            self.end(key, "expired")

    async def until_done(self) -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*(node.settle() for node in self.nodes))
            while await self.nodes[0].services.database.timers(up_to=self.now):  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.01)
            await asyncio.gather(*(node.settle() for node in self.nodes))
        assert await self.nodes[0].services.database.letters() == []

    async def check(self) -> None:
        await self.until_done()
        ctx = self.ctx()
        for (kind, id), life in self.lives.items():
            noted = await ctx.entity(kind, id).noted()
            texts = life.texts
            is_place = kind is Place
            assert list(noted) == ([texts[-1], f"{len(texts)}"] if is_place and texts else texts), (kind, id)
            row = await ctx.view(Places if is_place else Parcels).get(id)
            assert (row and (row.count, row.last)) == ((len(texts), texts[-1]) if texts else None), (kind, id)
            assert len(await ctx.history(kind, id)) == (min(len(texts), 1) if is_place else len(texts))
        waiting = [timer.name.rpartition("/")[2] for timer in await ctx.timers()]
        alive = sum(life.last is not None for life in self.lives.values())
        assert waiting.count("$expiry") == alive
        assert len(waiting) == alive + sum(len(life.waiting) for life in self.lives.values())
        # Those of one moment may come in any order.
        assert sorted(gone.values()) == sorted(self.ends)


@asynccontextmanager
async def site(url: str, count: int, seed: int) -> AsyncGenerator[Site]:
    gone.clear()
    opened = Site(url, count, seed)
    await opened.start()
    try:
        yield opened
    finally:
        while opened.nodes:
            await opened.stop()


async def live(site: Site, steps: int) -> None:
    for number in range(steps):
        await site.step(number)
        if number % 10 == 9:
            await site.check()
    await site.check()
    followed = [await site.ctx().view(view).get(id) for view in (Parcels, Places) for id in IDS]
    for view in ("parcels", "places"):
        await site.nodes[0].services.database.request_rebuild(view)
    await site.stop()
    await site.start()
    await site.until_done()
    assert [await site.ctx().view(view).get(id) for view in (Parcels, Places) for id in IDS] == followed


@pytest.mark.parametrize("seed", range(6))
async def test_entities_live_as_the_model_says(tmp_path: Path, seed: int) -> None:
    """On SQLite, with restarts; and views that are rebuilt agree with those that followed."""
    async with site(f"sqlite:///{tmp_path}/post.db", 1, seed) as one, asyncio.timeout(100):
        await live(one, 60)


@pytest.mark.parametrize("seed", range(3))
async def test_entities_of_two_nodes_live_as_the_model_says(postgres_url: str, seed: int) -> None:
    """On PostgreSQL, where each command goes to one of two nodes, and one of them restarts now and then."""
    async with site(postgres_url, 2, seed) as two, asyncio.timeout(100):
        await live(two, 40)


@pytest.mark.parametrize("asks", ["query", "command", "unit", "refusal", "version"])
async def test_a_node_decides_on_nothing_that_another_has_erased(postgres_url: str, asks: str) -> None:
    """The entity has begun anew there, and is at the same version; nothing here reads the feed."""
    alone, clock = App("post", entities=[Parcel]), ManualClock(START)
    async with (
        open_stores(postgres_url) as one,
        open_stores(postgres_url) as other,
        node_on(alone, one.journal, one.database, clock=clock) as first,
        node_on(alone, other.journal, other.database, clock=clock) as second,
        asyncio.timeout(100),
    ):
        here, there = Context(second.services), Context(first.services)
        await here.entity(Parcel, "a").note("old")
        await there.delete(Parcel, "a", erase=True)
        await there.entity(Parcel, "a").note("new")
        parcel = here.entity(Parcel, "a")

        if asks == "query":
            assert await parcel.noted() == ("new",)
        elif asks == "command":
            assert await parcel.count() == 2
            assert await parcel.noted() == ("new", "counted 1 new")
        elif asks == "unit":

            async def unit(ctx: Context) -> int:
                await ctx.entity(Parcel, "b").note("beside")
                return await ctx.entity(Parcel, "a").count()

            assert await here.atomic(unit) == 2
            assert await parcel.noted() == ("new", "counted 1 new")
        elif asks == "refusal":
            with pytest.raises(Rejected, match="new"):
                await parcel.refuse()
        else:
            assert await here.entity(Parcel, "a", expected_version=1).count() == 2
            assert await parcel.noted() == ("new", "counted 1 new")
        assert await there.entity(Parcel, "a").noted() == await parcel.noted()


async def test_a_node_forgets_what_another_has_erased(postgres_url: str) -> None:
    """The entity began anew there, and is at the same version again."""
    async with site(postgres_url, 2, 0) as two, asyncio.timeout(100):
        first, second = (node.services for node in two.nodes)
        await Context(second).entity(Parcel, "a").note("old")
        await Context(first).delete(Parcel, "a", erase=True)
        await Context(first).entity(Parcel, "a").note("new")
        await two.until_done()

        assert await Context(second).entity(Parcel, "a").noted() == ("new",)


async def race(site: Site, ids: list[str]) -> None:
    """Sends a command to each entity at the moment at which it expires; checks that one of them was first."""
    gone.clear()
    await asyncio.gather(*(site.ctx().entity(Parcel, id).note("old") for id in ids))
    await site.until_done()
    site.clock.move_to(site.now + SPAN // timedelta(microseconds=1))

    async def send(id: str) -> None:
        for _ in range(site.chance.randint(0, 30)):
            await asyncio.sleep(0.001)
        await site.ctx().entity(Parcel, id).note("new")

    await asyncio.gather(*map(send, ids))
    await site.until_done()

    assert len(await site.ctx().timers()) == len(ids)
    for id in ids:
        texts = await site.ctx().entity(Parcel, id).noted()
        row = await site.ctx().view(Parcels).get(id)
        assert row == Parcels(id, len(texts), "new")
        if f"Parcel/{id} expired" in gone.values():
            assert texts == ("new",)
        else:
            assert texts == ("old", "new")
    site.clock.move_to(site.now + SPAN // timedelta(microseconds=1))
    await site.until_done()
    assert await site.ctx().timers() == []
    assert [await site.ctx().entity(Parcel, id).noted() for id in ids] == [()] * len(ids)


@pytest.mark.parametrize("seed", range(2))
async def test_a_command_at_the_moment_of_expiry_is_before_or_after_it(tmp_path: Path, seed: int) -> None:
    async with site(f"sqlite:///{tmp_path}/post.db", 1, seed) as one, asyncio.timeout(100):
        for turn in range(3):
            await race(one, [f"{turn} {number}" for number in range(20)])


async def test_a_command_of_another_node_at_that_moment_too(postgres_url: str) -> None:
    async with site(postgres_url, 2, 0) as two, asyncio.timeout(100):
        for turn in range(2):
            await race(two, [f"{turn} {number}" for number in range(20)])
