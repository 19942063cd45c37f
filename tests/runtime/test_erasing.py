"""Erasing an entity: everything of it goes, however far behind anybody is and whatever breaks off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Deleted,
    Entity,
    Event,
    Invalid,
    NotFound,
    Recorded,
    Rejected,
    Retries,
    Unavailable,
    View,
    command,
    query,
    reducer,
)
from actum.ports.database import Database
from actum.runtime.context.context import session_of
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.stores.open import open_stores
from actum.testing.application import Running, testing
from actum.testing.faults import Fault, FaultyJournal
from tests.runtime.nodes import database_in_memory, node_on
from tests.runtime.waiting import begun

SECRET = "ann@example.com"


class Registered(Event):
    email: str
    city: str = "Rome"


class Noted(Event):
    text: str


class Opened(Event):
    owner: str


class Customer(Entity, snapshot_every=2):
    email: str = ""
    notes: list[str] = []  # noqa: RUF012

    @command
    def register(self, email: str, city: str = "Rome") -> str:
        self.emit(Registered(email, city))
        return email

    @command
    def note(self, text: str) -> int:
        self.emit(Noted(text))
        return len(self.notes)

    @command
    def refuse(self, text: str) -> None:
        raise Rejected(text)

    @query
    def all(self) -> list[str]:
        return [self.email, *self.notes]

    @reducer
    def registered(self, event: Registered) -> None:
        self.email = event.email

    @reducer
    def noted(self, event: Noted) -> None:
        self.notes = [*self.notes, event.text]


class Basket(Entity):
    owner: str = ""

    @command
    def open(self, owner: str) -> None:
        self.emit(Opened(owner))

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner


class Customers(View):
    id: str
    email: str = ""

    @reducer
    def registered(self, event: Registered) -> None:
        self.email = event.email


class Baskets(View):
    id: str
    owner: str = ""

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner


class Cities(View, key="city"):
    city: str
    customers: int = 0

    @reducer(key="city")
    def registered(self, event: Registered) -> None:
        self.customers += 1


class Farewells(View):
    """A view that says itself what becomes of its rows."""

    id: str
    email: str = ""
    is_gone: bool = False
    at: int = 0
    why: str = ""

    @reducer
    def registered(self, event: Registered) -> None:
        self.email = event.email

    @reducer
    def deleted(self, event: Deleted, recorded: Recorded[Deleted]) -> None:
        self.email, self.is_gone, self.at = "", True, recorded.position
        self.why = event.why


class Letter(Struct):
    to: str
    email: str


class Outside:
    """What actions did, and what they are told to wait for or to fail on."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gone: list[str] = []
        self.why: list[str] = []
        self.errors: list[Exception] = []
        self.is_broken = False
        self.gate: asyncio.Event | None = None

    async def work(self, what: str) -> None:
        self.done.append(what)
        if self.gate is not None:
            await self.gate.wait()
        if self.is_broken:
            raise OSError(f"the mail server refuses {what}")


outside = Outside()
actions = Actions()


@actions.on(Registered, Noted, retries=Retries(attempts=1))
async def follow(ctx: Context, event: Registered | Noted) -> None:
    await outside.work(f"{ctx.event.id}@{ctx.event.version}")
    if isinstance(event, Noted) and event.text == "again":
        try:
            await ctx.entity(Customer, ctx.event.id).note("after all")
        except NotFound as error:
            outside.errors.append(error)


@actions.on(Deleted)
async def say_goodbye(ctx: Context, event: Deleted) -> None:
    outside.gone.append(f"{event.kind}/{event.id}@{ctx.event.version}")


@actions.on(Deleted, of=Basket)
async def count_lost(ctx: Context, event: Deleted) -> None:
    outside.why.append(f"{event.kind}/{event.id}: {event.why}")


@actions.queue("letters", retries=Retries(attempts=1))
async def write_letter(ctx: Context, message: Letter) -> None:
    await outside.work(f"letter to {message.to}")


app = App(
    "crm", entities=[Customer, Basket], views=[Customers, Baskets, Cities, Farewells], actions=[actions]
)
quiet = App("crm", entities=[Customer, Basket])
"""The same application while nobody keeps its views and runs its actions."""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    outside.__init__()  # type: ignore[misc]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path}/crm.db"
        case _:
            return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def t(store: str) -> AsyncIterator[Running]:
    async with testing(app, store=store) as running:
        yield running


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 (what it waits for tells nobody)
            await asyncio.sleep(0.01)


async def letters_of(t: Running) -> list[str]:
    return [f"{one.action} {one.key}" for one in await t.node.services.database.letters()]


async def test_views_drop_the_row_of_what_was_erased(t: Running) -> None:
    """Whoever erased sees it at once; rows of others stay, those of another kind with the same id too."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.entity(Customer, "b").register("bob@example.com")
    await t.ctx.entity(Basket, "a").open("ann")
    await t.settle()

    await t.ctx.delete(Customer, "a", erase=True)

    assert await t.ctx.view(Customers).get("a") is None
    assert await t.ctx.view(Customers).get("b") == Customers("b", "bob@example.com")
    assert await t.ctx.view(Baskets).get("a") == Baskets("a", "ann")


async def test_a_view_that_was_away_drops_the_row_when_it_is_back(store: str) -> None:
    """However long nobody kept it, the feed says what has become of the entity."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Customer, "a").register(SECRET)
        await t.settle()
        t.app = quiet
        await t.restart()
        await t.ctx.delete(Customer, "a", erase=True)
        await t.ctx.entity(Customer, "b").register("bob@example.com")
        t.app = app
        await t.restart()
        await t.settle()

        assert await t.ctx.view(Customers).get("a") is None
        assert await t.ctx.view(Customers).get("b") is not None
        assert outside.gone == ["Customer/a@0"]


async def test_what_begins_anew_has_a_row_anew(t: Running) -> None:
    """The old life is dropped before the new one shows."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.delete(Customer, "a", erase=True)

    await t.ctx.entity(Customer, "a").register("new@example.com")

    assert await t.ctx.view(Customers).get("a") == Customers("a", "new@example.com")
    assert [one.version for one in await t.ctx.history(Customer, "a")] == [1]


async def test_a_view_may_say_what_becomes_of_its_rows(t: Running) -> None:
    """A reducer of `Deleted` is asked, and nothing is dropped without it."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.entity(Basket, "a").open("ann")
    await t.settle()

    await t.ctx.delete(Basket, "a", erase=True)
    before = await t.ctx.view(Farewells).get("a")
    await t.ctx.delete(Customer, "a", erase=True)

    row = await t.ctx.view(Farewells).get("a")
    assert before == Farewells("a", SECRET)
    assert row == Farewells("a", "", True, t.node.services.feed.head, "erased")


async def test_views_and_actions_hear_why_an_entity_was_erased(t: Running) -> None:
    """An action may ask for the deletion of one entity class alone."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.entity(Basket, "b").open("ann")
    await t.ctx.entity(Basket, "c").open("bob")

    await t.ctx.delete(Customer, "a", erase=True, why="the account is closed")
    await t.ctx.delete(Basket, "b", erase=True, why="paid")
    await t.ctx.delete(Basket, "c", erase=True)

    row = await t.ctx.view(Farewells).get("a")
    await t.settle()
    assert row is not None
    assert row.why == "the account is closed"
    assert sorted(outside.why) == ["Basket/b: paid", "Basket/c: erased"]


async def test_a_reason_goes_with_an_erasure_and_is_short_text(t: Running) -> None:
    await t.ctx.entity(Customer, "a").register(SECRET)

    with pytest.raises(Invalid, match="add erase=True"):
        await t.ctx.delete(Customer, "a", why="closed")
    for why in ("", "x" * 1_001):
        with pytest.raises(Invalid, match="why an entity is erased"):
            await t.ctx.delete(Customer, "a", erase=True, why=why)

    assert [one.version for one in await t.ctx.history(Customer, "a")] == [1]


def test_an_action_is_set_off_only_by_what_its_entity_emits() -> None:
    other = Actions()

    @other.on(Registered, of=Basket)
    async def never(ctx: Context, event: Registered) -> None: ...

    with pytest.raises(DefinitionError, match="Registered of Basket, which does not emit it"):
        App("crm", entities=[Customer, Basket], actions=[other])
    with pytest.raises(DefinitionError, match=r"Basket, which is not among the application's entities"):
        App("crm", entities=[Customer], actions=[other])
    with pytest.raises(DefinitionError, match="name an Entity class"):
        other.on(Deleted, of=Customers)  # type: ignore[arg-type]


async def test_rows_under_other_keys_stay_until_they_are_built_anew(t: Running) -> None:
    """They merge what many entities said; a rebuild leaves out what was erased."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.entity(Customer, "b").register("bob@example.com")
    await t.settle()
    await t.ctx.delete(Customer, "a", erase=True)
    kept = await t.ctx.view(Cities).get("Rome")

    await t.node.services.views.rebuild("cities")
    await t.node.services.views.rebuild("customers")
    await t.settle()

    assert kept == Cities("Rome", 2)
    assert await t.ctx.view(Cities).get("Rome") == Cities("Rome", 1)
    assert await t.ctx.view(Customers).get("a") is None
    assert await t.ctx.view(Customers).get("b") is not None


async def test_an_action_hears_of_an_erasure_once(t: Running) -> None:
    """It is told which entity it was, and a restart does not repeat it."""
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.delete(Customer, "a", erase=True)
    await t.settle()
    await t.ctx.delete(Customer, "a", erase=True)
    await t.restart()
    await t.settle()

    assert outside.gone == ["Customer/a@0"]


async def test_letters_messages_and_timers_go_with_their_entity(t: Running) -> None:
    """Those of its events, those of messages with its id as their key, and commands that wait for it."""
    outside.is_broken = True
    for id in ("a", "b"):
        await t.ctx.entity(Customer, id).register(SECRET)
        await t.send("letters", Letter(id, SECRET), key=id)
        await t.ctx.schedule(Customer.refuse, id, after=timedelta(seconds=1))(SECRET)
        await t.ctx.schedule(Customer.note, id, after=timedelta(hours=9))(SECRET)
    await t.advance(seconds=5)
    before = await letters_of(t)

    await t.ctx.delete(Customer, "a", erase=True)

    left = ["follow Customer/b", "timers Customer/b", "write_letter@queue:letters b"]
    assert sorted(before) == sorted([*left, *(f"{one[:-1]}a" for one in left)])
    assert sorted(await letters_of(t)) == left
    assert [one.entity_id for one in await t.ctx.timers()] == ["b"]
    outside.is_broken = False
    await t.ctx.entity(Customer, "a").note("new")
    await t.send("letters", Letter("a", "new"), key="a")
    await t.settle(allows_failures=True)
    assert outside.done[-2:] in (["a@1", "letter to a"], ["letter to a", "a@1"])


async def test_messages_with_the_id_of_two_entities_go_with_the_last(
    t: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can tell whose they are, so they are kept, and the log says so; a longer key tells it."""
    outside.is_broken = True
    await t.ctx.entity(Customer, "a").note("x")
    await t.ctx.entity(Basket, "a").open("ann")
    for key in ("a", "Customer/a"):
        await t.send("letters", Letter("a", SECRET), key=key)
    await t.settle(allows_failures=True)

    await t.ctx.delete(Customer, "a", erase=True)
    between = await letters_of(t)
    await t.ctx.delete(Basket, "a", erase=True)

    assert between == ["write_letter@queue:letters a"]
    assert await letters_of(t) == []
    assert "messages with the key 'a' are kept" in caplog.text


async def test_what_waits_in_the_hands_of_an_action_is_not_done(t: Running) -> None:
    """Events and messages that were taken before the erasure, and wait behind another of their key."""
    outside.gate = asyncio.Event()
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.ctx.entity(Customer, "a").note("second")
    for _ in range(2):
        await t.send("letters", Letter("a", SECRET), key="a")
    await until(lambda: len(outside.done) == 2)

    await t.ctx.delete(Customer, "a", erase=True)
    outside.gate.set()
    await t.settle()

    assert sorted(outside.done) == ["a@1", "letter to a"]
    assert await letters_of(t) == []


async def test_what_fails_while_its_entity_is_erased_leaves_no_letter(t: Running) -> None:
    """It was under way, and what it worked on is gone."""
    outside.gate = asyncio.Event()
    outside.is_broken = True
    await t.ctx.entity(Customer, "a").register(SECRET)
    await t.send("letters", Letter("a", SECRET), key="a")
    await until(lambda: len(outside.done) == 2)

    await t.ctx.delete(Customer, "a", erase=True)
    outside.gate.set()
    await t.settle()

    assert await letters_of(t) == []
    assert await t.node.services.database.blocked("follow") == {}


async def test_what_follows_from_an_erased_event_does_not_begin_its_entity_anew(t: Running) -> None:
    """The action was under way; its command to the entity of its event is refused, and says why."""
    outside.gate = asyncio.Event()
    await t.ctx.entity(Customer, "a").note("again")
    await until(lambda: bool(outside.done))

    await t.ctx.delete(Customer, "a", erase=True)
    outside.gate.set()
    await t.settle()

    assert await t.ctx.history(Customer, "a") == []
    assert [str(error)[:22] for error in outside.errors] == ["Customer/a was erased "]


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
async def test_an_erasure_that_breaks_off_is_finished_at_the_next_start(fault: Fault) -> None:
    """Whether the journal had erased it or not; nothing else has to be done."""
    journal = FaultyJournal(MemoryJournal())
    async with database_in_memory() as database:
        await leave_half_erased(journal, database, fault)

        async with node_on(app, journal, database) as node:
            await finished(node)

            ctx = Context(node.services, seen=node.services.feed.head)
            assert await ctx.history(Customer, "a") == []
            assert await ctx.view(Customers).get("a") is None
            assert await ctx.timers() == []


async def test_an_erasure_that_breaks_off_spares_what_begins_anew_before_it_is_finished() -> None:
    """The journal had erased it, and nobody knew; who came meanwhile is another."""
    journal = FaultyJournal(MemoryJournal())
    async with database_in_memory() as database:
        await leave_half_erased(journal, database, Fault.AFTER)
        async with node_on(quiet, journal, database) as node:
            await Context(node.services).entity(Customer, "a").register("new@example.com")
            await finished(node)

            assert await Context(node.services).entity(Customer, "a").all() == ["new@example.com"]


async def test_erasing_again_finishes_what_broke_off() -> None:
    """The caller was told that it is not known what became of it, and calls again."""
    journal = FaultyJournal(MemoryJournal())
    async with database_in_memory() as database, node_on(app, journal, database) as node:
        ctx = Context(node.services)
        await ctx.entity(Customer, "a").register(SECRET)
        await ctx.schedule(Customer.note, "a", after=timedelta(hours=9))(SECRET)
        journal.plan("erase", Fault.AFTER)
        with pytest.raises(Unavailable):
            await ctx.delete(Customer, "a", erase=True)

        assert await ctx.delete(Customer, "a", erase=True) == 0
        assert await ctx.view(Customers).get("a") is None
        assert await ctx.timers() == []
        assert await database.erasures() == []


async def leave_half_erased(journal: FaultyJournal, database: Database, fault: Fault) -> None:
    async with node_on(app, journal, database) as node:
        ctx = Context(node.services)
        await ctx.entity(Customer, "a").register(SECRET)
        await ctx.schedule(Customer.note, "a", after=timedelta(hours=9))(SECRET)
        await ctx.view(Customers).get("a")
        journal.plan("erase", fault)
        with pytest.raises(Unavailable):
            await ctx.delete(Customer, "a", erase=True, why="closed")
    assert [one.why for one in await database.erasures()] == ["closed"]


async def finished(node: Node) -> None:
    """Returns when what broke off is done."""
    await until(lambda: "erasures" not in repr(node.supervisor))
    assert await node.services.database.erasures() == []
    await node.settle()


async def test_a_command_that_is_decided_while_its_entity_is_erased_is_answered() -> None:
    """It is done before or after; the row of the view tells the same."""
    journal = FaultyJournal(MemoryJournal())
    async with database_in_memory() as database, node_on(app, journal, database) as node:
        ctx = Context(node.services)
        await ctx.entity(Customer, "a").register(SECRET)
        journal.hold("erase")
        erasing = await begun(ctx.delete(Customer, "a", erase=True))
        during = await begun(ctx.entity(Customer, "a").register("new@example.com"))
        journal.release("erase")

        assert (await erasing, await during) in ((2, "new@example.com"), (1, "new@example.com"))
        left = await ctx.entity(Customer, "a").all()
        row = await ctx.view(Customers).get("a")
        assert (row.email if row else "") == left[0]


async def test_nothing_of_it_is_left_in_the_bytes_of_a_file(tmp_path: Path) -> None:
    """Neither in the file nor in its log: events, state, replies, rows, letters, messages, timers."""
    outside.is_broken = True
    secret = "s3cr3t-" * 20
    async with testing(app, store=f"sqlite:///{tmp_path}/crm.db") as t:
        for number in range(60):
            id = f"c{number}"
            await t.ctx.entity(Customer, id, idempotency_key=f"k{number}").register(
                f"{'x' * number * 7}@example.com"
            )
            if number == 30:
                for part in range(40):
                    await t.ctx.entity(Customer, "a", idempotency_key=f"n{part}").note(f"{part}{secret}")
                await t.ctx.entity(Customer, "a", idempotency_key="r").register(secret)
                await t.send("letters", *[Letter("a", secret)] * 9, key="a")
                await t.ctx.schedule(Customer.note, "a", after=timedelta(hours=9))(secret)
        await t.node.services.directory.save_snapshots()
        await t.settle(allows_failures=True)
        await t.node.services.views.rebuild("customers")
        await t.settle(allows_failures=True)
        files = [tmp_path / "crm.db", tmp_path / "crm.db-wal"]
        before = sum(path.read_bytes().count(b"s3cr3t") for path in files)

        await t.ctx.delete(Customer, "a", erase=True)
        await t.settle(allows_failures=True)

        assert before > 100
        assert [path.read_bytes().count(b"s3cr3t") for path in files] == [0, 0]
        assert len((await t.ctx.ids(Customer)).items) == 60


async def test_a_log_that_is_being_read_is_emptied_afterwards(tmp_path: Path) -> None:
    """An erasure does not wait for ever for whoever reads an older state; later writes see to it."""
    async with open_stores(f"sqlite:///{tmp_path}/crm.db") as stores:
        journal = stores.journal
        file = stores.database._file  # type: ignore[attr-defined]
        async with node_on(quiet, journal, stores.database) as node:
            ctx = Context(node.services)
            await ctx.entity(Customer, "a").register(SECRET)
            begun_reading, may_end = asyncio.Event(), asyncio.Event()
            loop = asyncio.get_running_loop()

            def read(connection: object) -> None:
                connection.execute("SELECT count(*) FROM actum_events").fetchone()  # type: ignore[attr-defined]
                loop.call_soon_threadsafe(begun_reading.set)
                asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result()

            reading = asyncio.create_task(file.read(read))
            await begun_reading.wait()
            await ctx.delete(Customer, "a", erase=True)
            may_end.set()
            await reading
            await ctx.entity(Customer, "b").register("bob@example.com")
            await ctx.entity(Customer, "b").note("x")

            for path in (tmp_path / "crm.db", tmp_path / "crm.db-wal"):
                assert SECRET.encode() not in path.read_bytes()


async def test_what_one_process_erases_another_one_drops(postgres_url: str) -> None:
    """The view and the actions are kept by the first; the second erases."""
    async with testing(app, store=postgres_url) as first, testing(quiet, store=postgres_url) as second:
        await first.ctx.entity(Customer, "a").register(SECRET)
        await first.settle()

        await second.ctx.delete(Customer, "a", erase=True)

        seen = Context(first.node.services, seen=session_of(second.ctx).seen)
        assert await seen.view(Customers).get("a") is None
        assert await first.ctx.entity(Customer, "a").all() == [""]
        await until(lambda: bool(outside.gone))


def test_an_entity_cannot_take_its_own_deletion() -> None:
    """There is no state left that it could change."""

    class Left(Entity):
        @reducer
        def deleted(self, event: Deleted) -> None:
            pass

    with pytest.raises(DefinitionError, match="handle Deleted in a view"):
        App("left", entities=[Left])
