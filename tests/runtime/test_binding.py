"""Whether a database is opened with the application and the journal that it belongs to."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actum import Actions, App, Context, Entity, Event, View, command, launch, reducer
from actum.app import definition_of
from actum.errors import ForeignStore
from actum.ports.database import Binding
from actum.ports.journal import Journal
from actum.runtime.node import Node
from actum.stores.binding import Pair, bind, rebind
from actum.stores.memory import MemoryJournal
from actum.stores.open import Stores, open_stores
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA as JOURNAL
from tests.runtime.nodes import database_in_memory


class Paid(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def pay(self, amount: int) -> int:
        self.emit(Paid(amount))
        return self.balance

    @reducer
    def paid(self, event: Paid) -> None:
        self.balance += event.amount


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def paid(self, event: Paid) -> None:
        self.balance += event.amount


def application(name: str, seen: list[int]) -> App:
    actions = Actions()

    @actions.on(Paid)
    async def notice(ctx: Context, event: Paid) -> None:
        seen.append(event.amount)

    return App(name, entities=[Account], views=[Balances], actions=[actions])


@pytest.fixture
def seen() -> list[int]:
    return []


@pytest.fixture
def app(seen: list[int]) -> App:
    return application("bank", seen)


@asynccontextmanager
async def beside(
    app: App, journal: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Node]:
    """The application on a journal in one file and a database in another place."""

    @asynccontextmanager
    async def open_apart(url: str) -> AsyncIterator[Stores]:
        kept = SqliteJournal(await SqliteFile.open(journal, (JOURNAL,)))
        try:
            async with open_stores(database) as stores:
                yield Stores(kept, stores.database)
        finally:
            await kept.close()

    monkeypatch.setattr(launch, "open_stores", open_apart)
    async with launch.run(definition_of(app), store="sqlite:///journal.db") as node:
        yield node


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/views.db"
    return str(request.getfixturevalue("postgres_url"))


async def pay(node: Node, *amounts: int) -> Context:
    ctx = Context(node.services)
    for amount in amounts:
        await ctx.entity(Account, "ann").pay(amount)
    await ctx.view(Balances).get("ann")
    await node.settle()
    return ctx


@pytest.mark.parametrize("later", [0, 1, 30])
async def test_a_journal_that_was_put_back_is_refused_until_its_database_is_adopted(
    app: App, seen: list[int], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    """Also when it has gone on from there; afterwards views and actions miss nothing."""
    journal, copy = f"{tmp_path}/journal.db", f"{tmp_path}/copy.db"
    async with beside(app, journal, database, monkeypatch) as node:
        await pay(node, 1, 2)
    shutil.copy(journal, copy)
    async with beside(app, journal, database, monkeypatch) as node:
        await pay(node, *[10] * 20)
    shutil.copy(copy, journal)
    async with beside(app, journal, f"sqlite:///{tmp_path}/other.db", monkeypatch) as node:
        await pay(node, *[5] * later)
    seen.clear()

    with pytest.raises(ForeignStore, match=r"restored to an earlier state.*actum adopt") as refused:
        async with beside(app, journal, database, monkeypatch):
            pass
    async with open_stores(database) as stores:
        kept = SqliteJournal(await SqliteFile.open(journal, (JOURNAL,)))
        await rebind("bank", Pair(kept, stores.database, "journal", "views"))
        await kept.close()

    assert "\n" not in str(refused.value)
    async with beside(app, journal, database, monkeypatch) as node:
        ctx = await pay(node, 100)
        assert await ctx.view(Balances).get("ann") == Balances("ann", 103 + 5 * later)
        assert seen[-1] == 100


async def test_a_database_of_another_journal_is_refused(
    app: App, seen: list[int], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adopted, its views are those of the new one, and its actions act on what comes."""
    async with beside(app, f"{tmp_path}/one.db", database, monkeypatch) as node:
        await pay(node, 1, 2, 3)
    async with beside(app, f"{tmp_path}/two.db", f"sqlite:///{tmp_path}/other.db", monkeypatch) as node:
        await pay(node, 10, 20, 30, 40)
    seen.clear()

    with pytest.raises(ForeignStore, match="belongs to another journal"):
        async with beside(app, f"{tmp_path}/two.db", database, monkeypatch):
            pass
    async with open_stores(database) as stores:
        kept = SqliteJournal(await SqliteFile.open(f"{tmp_path}/two.db", (JOURNAL,)))
        await rebind("bank", Pair(kept, stores.database, "journal", "views"))
        await kept.close()

    async with beside(app, f"{tmp_path}/two.db", database, monkeypatch) as node:
        ctx = await pay(node, 50)
        assert await ctx.view(Balances).get("ann") == Balances("ann", 150)
    assert seen == [50]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/app.db"
    return str(request.getfixturevalue("postgres_url"))


async def test_a_store_belongs_to_one_application(app: App, store: str, seen: list[int]) -> None:
    """Another one is refused, one after the other or side by side, and the first goes on."""
    async with app.running(store) as ctx:
        await ctx.entity(Account, "ann").pay(1)

    with pytest.raises(ForeignStore, match="belongs to the application 'bank', and this is 'shop'"):
        async with application("shop", seen).running(store):
            pass

    async with app.running(store) as ctx:
        assert await ctx.entity(Account, "ann").pay(2) == 3


async def test_of_two_applications_that_come_at_once_one_has_the_store(store: str) -> None:
    """Whoever is first is first for both."""
    async with open_stores(store) as stores:
        one = await stores.database.bind(Binding("bank", "j-1"))
        two = await stores.database.bind(Binding("shop", "j-2"))

        assert one == two == await stores.database.binding() == Binding("bank", "j-1")


async def test_a_journal_keeps_its_identity(store: str) -> None:
    """It is the same at every opening, and no other journal's."""
    identities = []
    for _ in range(2):
        async with open_stores(store) as stores:
            identities.append(await stores.journal.identity())

    assert len(set(identities)) == 1
    assert len(identities[0]) == 32
    assert identities[0] != await MemoryJournal().identity()


async def test_a_store_from_before_there_were_bindings_is_bound_as_it_is() -> None:
    """Its newest events may have been erased without a trace: its database is ahead, and nothing is wrong."""
    journal: Journal = MemoryJournal()
    async with database_in_memory() as database:
        await database.checkpoint("notice", at_first=25)
        pair = Pair(journal, database, "journal", "views")

        await bind("bank", pair)
        await bind("bank", pair)

        assert (await database.binding() or Binding("", "")).allowance == 25
