"""Actions that several processes share on PostgreSQL by slices of their keys, each in order."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from zlib import crc32

import pytest

from actum import App, Context
from actum.errors import LeaseLost
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.membership import slice_name
from actum.runtime.actions.triggers.event_source import EventSource
from actum.runtime.actions.triggers.sliced_source import Slice
from actum.runtime.clock import ManualClock
from actum.runtime.cluster import coordinator
from actum.runtime.feed import Feed
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.stores.open import open_stores
from actum.stores.postgres import membership as postgres_membership
from actum.stores.postgres.database.slices import SLICES
from tests.runtime.nodes import START, database_in_memory, node_on, owned, until
from tests.runtime.works import Hands, Message, Thing, application

KEYS = [f"k{number}" for number in range(48)]
REACT = [slice_name("action react", number, SLICES) for number in range(SLICES)]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.05)
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(seconds=0.5))


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has no node taken for dead because the machine is slow."""
    monkeypatch.setattr(postgres_membership, "SILENT", timedelta(hours=1))
    monkeypatch.setattr(postgres_membership, "GONE", timedelta(hours=1))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@asynccontextmanager
async def started(
    url: str, app: App, *, slices: int = SLICES, clock: ManualClock | None = None
) -> AsyncGenerator[Node, None]:
    """A node with connections of its own; with one slice it is as one of a release before slices."""
    async with open_stores(url) as stores:
        stores.database.slices = slices
        async with node_on(app, stores.journal, stores.database, clock=clock or ManualClock(START)) as node:
            yield node


async def until_shared(*nodes: Node) -> None:
    """Returns when each of the nodes has its part of the slices of `react`."""

    def is_even() -> bool:
        counts = [len(owned(node).intersection(REACT)) for node in nodes]
        moving = any(node.coordinator is not None and node.coordinator.is_moving for node in nodes)
        return sum(counts) == SLICES and max(counts) - min(counts) <= 1 and not moving

    await until(is_even)


def key_of(node: Node) -> str:
    """A key of a slice that a node has."""
    [action] = [action for action in node.actions if action.name == "action react"]
    worker = action.worker
    assert worker is not None
    return next(key for key in KEYS if worker._source.has(f"Thing/{key}"))


def slice_of(key: str) -> str:
    """The name of the slice of a key."""
    return REACT[crc32(f"Thing/{key}".encode()) % SLICES]


async def happen(node: Node, keys: list[str], *numbers: int) -> None:
    ctx = Context(node.services)
    for number in numbers:
        await asyncio.gather(*(ctx.entity(Thing, key).happen(number) for key in keys))


async def happen_until(node: Node, shared: "asyncio.Future[None]", *, since: int = 0) -> int:
    """Has events happen until slices are shared and some time longer, and gives how many did for each key."""
    number = since
    while not shared.done() or number % 10:
        await happen(node, KEYS, number)
        number += 1
    await shared
    return number


class Recorder:
    """What was done for each key, by which node, and whether two items of a key ever ran at the same time."""

    def __init__(self) -> None:
        self.done: dict[str, list[int]] = defaultdict(list)
        self.by: Counter[int] = Counter()
        self.overlapping: list[tuple[str, int]] = []
        self._running: set[str] = set()

    async def work(self, ctx: Context, id: str, number: int) -> None:
        if id in self._running:
            self.overlapping.append((id, number))
        self._running.add(id)
        await asyncio.sleep(0.002)
        self._running.discard(id)
        self.done[id].append(number)
        self.by[id_of(ctx)] += 1


def id_of(ctx: Context) -> int:
    """Tells the nodes apart."""
    return id(ctx._services)


def test_a_key_has_the_same_slice_in_every_process_and_release() -> None:
    """Checkpoints are stored by slice: another function would lose what it put elsewhere."""
    source = EventSource.__new__(EventSource)
    source.slices = SLICES

    assert [source.slice_of(key) for key in ("Thing/a", "Thing/b", "Order/o-1", "#17", "ключ")] == [
        7, 13, 5, 6, 10,
    ]  # fmt: skip
    spread = Counter(source.slice_of(f"Thing/{number}") for number in range(16_000))
    assert min(spread.values()) > 800


def source_of(feed: Feed, journal: Journal, database: Database) -> EventSource:
    """Gives the events of the action `react` from the first on; it has no slice yet."""
    return EventSource(
        "react",
        {"Happened"},
        checkpoint=0,
        head=0,
        is_since_beginning=True,
        feed=feed,
        journal=journal,
        database=database,
        slices=SLICES,
    )


async def test_one_reads_once_for_all_its_slices_and_one_that_comes_later_catches_up() -> None:
    """What others had is not given again, and each slice's items come in order."""
    journal = MemoryJournal()
    reads: list[int] = []

    class CountingFeed(Feed):
        async def read(self, after: int, limit: int):  # type: ignore[no-untyped-def]
            reads.append(after)
            return await super().read(after, limit)

    async with (
        database_in_memory() as database,
        node_on(application(Hands().work), journal, database) as node,
    ):
        await happen(node, KEYS, 1, 2, 3)
        feed = CountingFeed(journal, await journal.head(), {"Happened": object})
        source = source_of(feed, journal, database)
        early, late, half_done = range(SLICES - 2), SLICES - 2, SLICES - 1
        source.give(Slice(number, (), counts={"Happened": 0}) for number in early)
        first = await source.next(500)
        read_once = len(reads)
        half = first[len(first) // 2].position
        source.give(
            [
                Slice(late, (), counts={"Happened": 0}),
                Slice(half_done, (), given=half, counts={"Happened": 0}),
            ]
        )
        second = [*await source.next(10), *await source.next(10)]
        while source.is_behind:
            second += await source.next(10)

    assert read_once == 1
    assert {item.slice for item in first} == set(early)
    assert {item.slice for item in second} == {late, half_done}
    assert all(item.position > half for item in second if item.slice == half_done)
    assert next(item.position for item in second if item.slice == late) < half
    for items in (first, second):
        assert [item.position for item in items] == sorted(item.position for item in items)


async def test_a_slice_passes_over_nothing_that_only_another_process_could_read_yet() -> None:
    """One that comes with a checkpoint beyond what is known here says nothing of the others."""
    journal = MemoryJournal()
    async with (
        database_in_memory() as database,
        node_on(application(Hands().work), journal, database) as node,
    ):
        await happen(node, KEYS, 1, 2, 3)
        head = await journal.head()
        feed = Feed(journal, head // 3, {"Happened": object})
        source = source_of(feed, journal, database)
        behind, ahead = SLICES - 2, SLICES - 1
        # The worker goes on where the only slice it had was, which another process has just let go.
        source.give([Slice(ahead, (), given=head, counts={"Happened": 0})])
        source._position = head
        source.give([Slice(behind, (), given=head // 2, counts={"Happened": 0})])
        waits = asyncio.create_task(source.next(500))
        for _ in range(10):
            await asyncio.sleep(0)
        waited = not waits.done()
        feed.advance(head)
        items = [*await waits]
        while source.is_behind:
            items += await source.next(500)
        everything = await journal.feed(head // 2, 1_000)

    assert waited
    expected = [one.position for one in everything if source.slice_of(f"Thing/{one.id}") == behind]
    assert expected
    assert [item.position for item in items] == expected


async def test_several_nodes_work_on_one_action(postgres_url: str) -> None:
    """Each has its part of the keys, and each key is worked on in order, an item at a time."""
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app) as first, started(postgres_url, app) as second:
        await until_shared(first, second)
        await happen(first, KEYS, *range(20))
        await first.settle()

    assert recorder.done == {key: list(range(20)) for key in KEYS}
    assert not recorder.overlapping
    assert min(recorder.by.values()) > 20 * len(KEYS) // 4


async def test_nothing_is_repeated_when_slices_move_to_a_node_that_comes(
    postgres_url: str, steady: None
) -> None:
    """What has been taken in is done before a slice is given up, and the rest where it goes."""
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app) as first:
        over = asyncio.get_running_loop().create_future()
        happening = asyncio.create_task(happen_until(first, over))
        await until(lambda: len(recorder.done[KEYS[0]]) > 5)
        async with started(postgres_url, app) as second, started(postgres_url, app) as third:
            await until_shared(first, second, third)
            await until(lambda: len(recorder.by) == 3)
            over.set_result(None)
            number = await happening
            await first.settle()

    assert {key: done for key, done in recorder.done.items() if done != list(range(number))} == {}
    assert not recorder.overlapping


async def test_order_within_a_key_holds_while_nodes_come_and_go(postgres_url: str, steady: None) -> None:
    """What a node that stops did beyond its checkpoint is repeated; nothing is left out or overtaken."""
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app) as first:
        number = 0
        for _ in range(4):
            async with started(postgres_url, app) as second:
                number = await happen_until(
                    first, asyncio.create_task(until_shared(first, second)), since=number
                )
        await first.settle()

    for key in KEYS:
        done = recorder.done[key]
        assert sorted(set(done)) == list(range(number))
        assert all(one <= max(done[:place], default=-1) + 1 for place, one in enumerate(done))
    assert not recorder.overlapping


async def test_messages_are_shared_and_stay_in_order_within_their_key(postgres_url: str) -> None:
    """Whoever has the slice of a message's key takes it, also after a move."""
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app) as first:
        ctx = Context(first.services)
        async with started(postgres_url, app) as second:
            await until_shared(first, second)
            for number in range(10):
                for key in KEYS:
                    await ctx.queue("messages").send(Message(key, number), key=key)
            await until(lambda: len(recorder.by) == 2)
        for number in range(10, 15):
            for key in KEYS:
                await ctx.queue("messages").send(Message(key, number), key=key)
        await first.settle()
        left = await first.services.database.message_counts()

    assert recorder.done == {key: list(range(15)) for key in KEYS}
    assert not recorder.overlapping
    assert left == {}


async def test_a_node_that_was_taken_for_dead_writes_neither_progress_nor_letters(postgres_url: str) -> None:
    """It works on: what it writes under lost leases is refused, and it gives up."""
    hands = Hands()
    broken: list[int] = []

    async def work(ctx: Context, id: str, number: int) -> None:
        if id_of(ctx) in broken:
            raise OSError("this node is out of order")
        await hands.work(ctx, id, number)

    app = application(work)
    async with started(postgres_url, app) as first, started(postgres_url, app) as second:
        await until_shared(first, second)
        key = key_of(first)
        await happen(second, [key], 1)
        await second.settle()
        await first.supervisor.stop("coordinator")
        await until(lambda: owned(second).issuperset(REACT))
        broken.append(id(first.services))
        await happen(second, [key], 2, 3)
        await until(lambda: slice_of(key) not in owned(first))
        await second.settle()
        letters = await second.services.database.letters()

    assert hands.of(key) == [1, 2, 3]
    assert letters == []


async def test_a_node_begins_nothing_while_it_may_have_been_taken_for_dead(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a pause: until it has heard that its leases hold, another one may work on the same key."""
    monkeypatch.setattr("actum.runtime.cluster.heartbeat.MAX_AGE", 0.4)
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app) as first, started(postgres_url, app) as second:
        await until_shared(first, second)
        key = key_of(first)
        await first.supervisor.stop("coordinator")
        await until(lambda: not first.heartbeat.is_recent)
        await happen(second, [key], 1, 2)
        await until(lambda: owned(second).issuperset(REACT))
        await second.settle()
        assert first.coordinator is not None
        first.supervisor.start("coordinator", first.coordinator.run)
        await until_shared(first, second)
        await happen(second, KEYS, 3)
        await second.settle()

    assert recorder.done[key] == [1, 2, 3]
    assert not recorder.overlapping


async def test_a_slice_that_moves_takes_its_letters_along(postgres_url: str, hands: Hands) -> None:
    """Whoever has the slice retries them, as any process may ask; later items of the key still wait."""
    clock = ManualClock(START)
    app = application(hands.work)
    async with started(postgres_url, app, clock=clock) as first:
        async with started(postgres_url, app, clock=clock) as second:
            await until_shared(first, second)
            key, other = key_of(second), key_of(first)
            hands.failing = {13: -1}
            await happen(first, [key], 13, 14)
            await until(lambda: hands.tries[13] > 0)
            while len(await first.services.database.letters()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await until(lambda: owned(first).issuperset(REACT))
        await happen(first, [key, other], 15)
        await until(lambda: hands.of(other) == [15])
        waiting = hands.of(key)
        hands.failing = {}
        letter = next(one for one in await first.services.database.letters() if one.position and one.attempts)
        async with started(postgres_url, app, clock=clock) as third:
            await until_shared(first, third)
            await third.services.database.request_letter(letter.id, "retry")
            await until(lambda: hands.of(key) == [13, 14, 15])
            await first.settle()
            left = await first.services.database.letters()

    assert waiting == []
    assert left == []


async def test_an_item_that_hangs_holds_up_no_other_slice_when_its_own_moves(
    postgres_url: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is aborted after a while and repeated by whoever has the slice; other keys go on meanwhile."""
    monkeypatch.setattr("actum.runtime.actions.sliced_worker.GRACE", 0.5)
    hands.held = {13: asyncio.Event()}
    async with started(postgres_url, application(hands.work)) as first:
        await happen(first, KEYS, 13)
        await until(lambda: hands.tries[13] == len(KEYS))
        async with started(postgres_url, application(hands.work)) as second:
            moving = asyncio.create_task(until_shared(first, second))
            kept = [key for key in KEYS if key_of(first)]
            await moving
            hands.held[13].set()
            await first.settle()

    assert {key: hands.of(key) for key in kept} == {key: [13] for key in KEYS}


async def test_an_application_continues_from_the_checkpoint_of_the_whole(
    postgres_url: str, hands: Hands
) -> None:
    """What a release before slices has done is not done again, and what it left is: events and letters."""
    app = application(hands.work)
    hands.failing = {13: -1}
    clock = ManualClock(START)
    async with started(postgres_url, app, slices=1, clock=clock) as before:
        await happen(before, KEYS[:5], 1, 2)
        await happen(before, ["bad"], 13, 14)
        await before.settle()
        done = len(hands.done)
        assert owned(before) >= {"action react", "action take@queue:messages"}
        await before.supervisor.stop("action react")
        await happen(before, KEYS, 3)
    hands.failing = {}
    async with started(postgres_url, app, clock=clock) as after:
        await until_shared(after)
        await after.settle()
        clock.move_to(clock.now() + 5_000_000)
        await until(lambda: hands.of("bad") == [13, 14])

    assert done == 10
    assert {key: hands.of(key) for key in KEYS[5:]} == {key: [3] for key in KEYS[5:]}
    assert {key: hands.of(key) for key in KEYS[:5]} == {key: [1, 2, 3] for key in KEYS[:5]}


async def test_a_release_before_slices_and_one_with_them_never_work_at_the_same_time(
    postgres_url: str,
) -> None:
    """The old one keeps the whole until it stops; from then on only slices are leased."""
    recorder = Recorder()
    app = application(recorder.work)
    async with started(postgres_url, app, slices=1) as old, started(postgres_url, app) as new:
        await happen(old, KEYS, 1)
        await new.settle()
        beside = owned(old), owned(new)
        await old.coordinator.retire(old.assignments)  # type: ignore[union-attr]
        await until_shared(new)
        await happen(new, KEYS, 2)
        await new.settle()
        async with started(postgres_url, app, slices=1) as late:
            await happen(new, KEYS, 3)
            await new.settle()
            refused = owned(late)
            async with started(postgres_url, app) as third:
                await until_shared(new, third)
                await happen(new, KEYS, 4)
                await third.settle()

    assert "action react" in beside[0]
    assert not beside[1].intersection(REACT)
    assert "action react" not in refused
    assert recorder.done == {key: [1, 2, 3, 4] for key in KEYS}
    assert not recorder.overlapping


async def test_a_new_event_of_an_action_is_read_from_the_beginning_by_every_slice(
    postgres_url: str, hands: Hands
) -> None:
    """A slice keeps by itself from where each event counts."""
    async with started(postgres_url, application(hands.work)) as node:
        await happen(node, KEYS, 1)
        await node.settle()
    done = dict.fromkeys(KEYS, 1)
    again = Hands()
    async with started(postgres_url, application(again.work, since="beginning")) as node:
        database: Database = node.services.database
        states = await database.slice_states("react")
        await node.settle()
        after = await database.slice_states("react")

    assert len(hands.done) == len(done)
    assert again.done == []
    assert states.keys() == set(range(SLICES))
    assert all(state.triggers == {"Happened": 0} for state in after.values())


async def test_a_write_under_several_leases_says_which_are_lost(postgres_url: str) -> None:
    """So that a process goes on with the slices that it has left."""
    async with open_stores(postgres_url) as stores:
        works = ["a#0/2", "a#1/2"]
        one, two = stores.database.join(works), stores.database.join(works)
        await one.beat()
        await two.beat()
        leases = await one.acquire(works)
        await one.release(leases[1:])
        await two.acquire(works)
        with pytest.raises(LeaseLost) as caught:
            await stores.database.under(*leases).set_tick("report", 99)
        await stores.database.under(leases[0]).set_tick("report", 7)
        due = await stores.database.tick("report", at_first=0)
        await one.leave()
        await two.leave()

    assert caught.value.works == {"a#1/2"}
    assert due == 7
