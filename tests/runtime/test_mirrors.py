"""Views that mirror an entity: each row is the state of one, without a reducer."""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from actum import (
    App,
    DefinitionError,
    Deleted,
    Entity,
    Event,
    Recorded,
    View,
    command,
    query,
    reducer,
)
from actum.app import definition_of
from actum.model.view import view_type
from actum.operations.json_schema import schema_of
from actum.operations.reading.rows import list_rows
from actum.operations.rebuild import rebuild_view
from actum.testing import Running, testing
from tests.servers.postgres import empty, url_of

broken: list[str] = []


class Opened(Event):
    owner: str


class Paid(Event):
    amount: Decimal


class Bonus(Paid):
    pass


class Tagged(Event):
    tags: list[str]


class Looked(Event):
    pass


class Account(Entity, emits=[Looked, Bonus], expires_after=timedelta(days=30)):
    owner: str = ""
    balance: Decimal = Decimal(0)
    tags: list[str] = field(default_factory=list)
    limit: Decimal = Decimal(10)
    at: datetime | None = None
    log: str = ""

    @command
    def open(self, owner: str) -> None:
        self.emit(Opened(owner))

    @command
    def pay(self, amount: Decimal) -> None:
        self.emit(Paid(amount))

    @command
    def reward(self, amount: Decimal) -> None:
        self.emit(Bonus(amount))

    @command
    def tag(self, tags: list[str]) -> None:
        self.emit(Tagged(tags))

    @command
    def look(self) -> None:
        self.emit(Looked())

    @reducer
    def opened(self, event: Opened) -> None:
        if event.owner in broken:
            raise ValueError("an owner like this")
        self.owner = event.owner

    @reducer
    def paid(self, event: Paid) -> None:
        """Depends on fields that a view may leave out, on the digits of a number, and on its place."""
        self.balance = min(self.balance + event.amount, self.limit)
        self.limit += 1
        self.at = self.now
        self.log += f"{event.amount} {self.id}@{self.version} "

    @reducer
    def tagged(self, event: Tagged) -> None:
        self.tags = [*self.tags, *event.tags][-3:]


class Savings(Entity, emits=[Opened, Paid]):
    """Emits events of the same classes."""

    @command
    def open(self, owner: str) -> None:
        self.emit(Opened(owner))
        self.emit(Paid(Decimal(7)))


class Theme(Entity, keeps="state"):
    colour: str = "grey"
    sizes: list[int] = field(default_factory=list)

    @command
    def choose(self, colour: str, sizes: list[int]) -> None:
        self.colour, self.sizes = colour, sizes


class Held(Struct):
    owner: str
    balance: Decimal
    payments: int


class Accounts(View, of=Account, fields=["balance", "owner"], indexes=["owner"]):
    @query("SELECT id FROM accounts WHERE balance >= :least ORDER BY balance DESC, id")
    def rich(self, least: Decimal) -> list[str]: ...

    @query("""
        SELECT owner, accounts.balance, payments FROM accounts JOIN counted USING (id)
        WHERE owner = :owner ORDER BY id
    """)
    def of(self, owner: str) -> list[Held]: ...


class Whole(View, of=Account):
    pass


class Counted(View, of=Account, fields=["balance", "tags"]):
    """Has fields of its own beside those of the entity."""

    id: str
    balance: Decimal
    payments: int = 0
    highest: Decimal = Decimal(0)

    @reducer
    def paid(self, event: Paid, recorded: Recorded[Paid]) -> None:
        self.payments += 1
        self.highest = max(self.highest, self.balance)


class Themes(View, of=Theme, key="theme"):
    colour: str


VIEWS: list[type[View]] = [Accounts, Whole, Counted, Themes]
app = App("mirrors", entities=[Account, Savings, Theme], views=VIEWS)


@pytest.fixture(autouse=True)
def all_well() -> None:
    broken.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'mirrors.db'}" if request.param == "sqlite" else "memory:"


async def fill(t: Running) -> None:
    """Accounts with payments whose sums, and whose digits, depend on all fields."""
    for place, id in enumerate(("a", "b", "c")):
        account = t.ctx.entity(Account, id)
        await account.open(f"owner {place % 2}")
        for amount in range(3 + place):
            pay = account.reward if amount == 1 else account.pay
            await pay(Decimal(f"{amount + place}.50"))
        await account.tag([id, "x", "y"])
        await account.tag(["z"])
    await t.ctx.entity(Savings, "a").open("somebody else")
    await t.ctx.entity(Theme, "t").choose("red", [1])
    await t.ctx.entity(Theme, "t").choose("blue", [1, 2])


async def check_rows(t: Running, *ids: str) -> None:
    """Checks that the rows are the states."""
    for id in ids:
        state = await t.ctx.state(Account, id)
        for view in (Accounts, Whole, Counted):
            row: Any = await t.ctx.view(view).get(id)
            assert row is not None, f"{view.__name__}/{id}"
            for name in view.__view_options__.mirrored.fields:  # type: ignore[union-attr]
                assert getattr(row, name) == getattr(state, name), f"{view.__name__}/{id}.{name}"
    theme: Any = await t.ctx.view(Themes).get("t")
    assert (theme.colour, theme.sizes) == ("blue", [1, 2])


async def test_a_row_is_the_state_of_its_entity(store: str) -> None:
    """Also where that depends on fields which the view leaves out; queries and joins see typed columns."""
    async with testing(app, store=store) as t:
        await fill(t)

        await check_rows(t, "a", "b", "c")
        accounts = t.ctx.view(Accounts)
        states = {id: await t.ctx.state(Account, id) for id in "abc"}
        assert await accounts.rich(Decimal("5")) == sorted(
            (id for id, state in states.items() if state.balance >= 5), key=lambda id: -states[id].balance
        )
        assert await accounts.of("owner 0") == [
            Held("owner 0", states["a"].balance, 3),
            Held("owner 0", states["c"].balance, 5),
        ]
        counted = await t.ctx.view(Counted).get("c")
        assert counted is not None
        assert (counted.payments, counted.highest) == (5, states["c"].balance)


async def test_rows_are_the_same_after_a_restart_and_a_rebuild(store: str) -> None:
    """States are read back from the store, and folded from the beginning again."""
    async with testing(app, store=store) as t:
        await fill(t)
        await t.settle()
        if store != "memory:":
            await t.restart()
        for id in "abc":
            await t.ctx.entity(Account, id).pay(Decimal("0.10"))
        await check_rows(t, "a", "b", "c")
        for name in ("accounts", "whole", "counted", "themes"):
            await t.node.services.views.rebuild(name)
        await t.settle()
        await check_rows(t, "a", "b", "c")
        counted = await t.ctx.view(Counted).get("a")
        assert counted is not None
        assert counted.payments == 4


async def test_a_rebuild_by_the_command_line_is_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mirrors.db'}"
    async with testing(app, store=url) as t:
        await fill(t)
    for view in (Accounts, Whole, Counted):
        await rebuild_view(app, url, view_type(view).among(definition_of(app).catalog.kinds.values()), _quiet)
    async with testing(app, store=url) as t:
        await t.settle()
        await check_rows(t, "a", "b", "c")


async def test_an_event_that_changes_nothing_makes_a_row(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Account, "a").look()

        row: Any = await t.ctx.view(Whole).get("a")
        assert (row.owner, row.balance, row.tags) == ("", 0, [])


async def test_the_events_and_the_erasure_of_other_entities_are_not_its(store: str) -> None:
    """Although they are of the same classes, and of entities with the same id."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Savings, "a").open("bob")
        assert await t.ctx.view(Accounts).get("a") is None
        await t.ctx.entity(Account, "a").open("ann")
        await t.ctx.delete(Savings, "a", erase=True)
        row: Any = await t.ctx.view(Whole).get("a")
        assert row is not None
        assert row.owner == "ann"


async def test_a_row_goes_with_its_entity_and_begins_anew(store: str) -> None:
    """Erased or expired; what was counted before is not counted on."""
    async with testing(app, store=store) as t:
        await fill(t)
        await t.ctx.delete(Account, "a", erase=True)
        assert [await t.ctx.view(view).get("a") for view in (Accounts, Whole, Counted)] == [None] * 3

        await t.ctx.entity(Account, "a").pay(Decimal("3.5"))
        await check_rows(t, "a", "b")
        counted = await t.ctx.view(Counted).get("a")
        assert counted is not None
        assert counted.payments == 1

        await t.advance(days=31)
        await t.settle()
        assert [await t.ctx.view(Whole).get(id) for id in "abc"] == [None] * 3


async def test_after_older_events_were_removed_the_row_is_the_state_still(store: str) -> None:
    """Whichever of the events a rebuild finds, it begins where the entity does."""
    async with testing(app, store=store) as t:
        await fill(t)
        await t.ctx.delete(Account, "a")
        await t.node.services.views.rebuild("whole")
        await t.settle()

        row: Any = await t.ctx.view(Whole).get("a")
        state = await t.ctx.state(Account, "a")
        assert (row.tags, row.log, row.balance) == (state.tags, state.log, state.balance)


async def test_a_row_whose_event_cannot_be_folded_is_set_aside_alone(store: str) -> None:
    """It keeps its last state; others go on, and once it can be folded it is up to date."""
    async with testing(app, store=store) as t:
        for id, owner in (("a", "ann"), ("b", "bob")):
            await t.ctx.entity(Account, id).open(owner)
            await t.ctx.entity(Account, id).pay(Decimal("2.50"))
        await t.settle()
        broken.append("eve")
        await _open_unseen(t, "a", "eve")
        await t.ctx.entity(Account, "b").pay(Decimal("2.50"))
        await t.settle(allows_failures=True)

        aside = {row.view: row for row in await t.node.services.database.set_aside()}
        assert set(aside) == {"accounts", "whole", "counted"}
        assert aside["whole"].key == '"a"'
        assert "Account.opened failed on Opened of Account/a" in aside["whole"].error
        assert "an owner like this" in aside["whole"].error
        row: Any = await t.ctx.view(Whole).get("a")
        assert (row.owner, row.balance) == ("ann", Decimal("2.5"))
        await check_row(t, "b")

        broken.clear()
        for name in aside:
            await t.node.services.database.request_retry(name)
            await t.node.services.views.works[name].retry_rows()
        await t.settle()
        assert not await t.node.services.database.set_aside()
        await check_row(t, "a")


async def check_row(t: Running, id: str) -> None:
    row: Any = await t.ctx.view(Whole).get(id)
    state = await t.ctx.state(Account, id)
    assert (row.owner, row.balance, row.log) == (state.owner, state.balance, state.log)


async def _open_unseen(t: Running, id: str, owner: str) -> None:
    """Has an account emit an event on which its own reducer fails from then on."""
    broken.remove(owner)
    await t.ctx.entity(Account, id).open(owner)
    broken.append(owner)


class Spoiled(View, of=Account, fields=["owner", "tags"]):
    paid: int = 0

    @reducer
    def pay(self, event: Paid) -> None:
        if event.amount == 1:
            self.tags.append("mine")
        elif event.amount == 2:
            self.delete()
        self.paid += 1


@pytest.mark.parametrize(
    ("amount", "said"), [(1, "it changed 'tags', which mirrors Account.tags"), (2, "it deleted a row")]
)
async def test_what_the_entity_says_no_reducer_of_the_view_changes(amount: int, said: str) -> None:
    async with testing(App("spoiled", entities=[Account], views=[Spoiled])) as t:
        await t.ctx.entity(Account, "a").tag(["one"])
        await t.ctx.entity(Account, "a").pay(Decimal(3))
        await t.ctx.entity(Account, "a").pay(Decimal(amount))
        await t.settle(allows_failures=True)

        [aside] = await t.node.services.database.set_aside()
        assert said in aside.error
        row: Any = await t.ctx.view(Spoiled).get("a")
        assert (row.tags, row.paid) == (["one"], 1)


async def test_the_state_beside_the_fields_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    """Neither in rows nor in queries, pages, schemas; the table of the view has it."""
    url = f"sqlite:///{tmp_path / 'mirrors.db'}"
    async with testing(app, store=url) as t:
        await fill(t)
        await t.settle()
        row: Any = await t.ctx.view(Accounts).get("a")
        page = await list_rows(t.node.services, view_type(Accounts))  # type: ignore[arg-type]
        answer = await t.node.services.database.ask("SELECT * FROM accounts", {}, most=9)
        generations = await t.node.services.database.views()

    catalog = definition_of(app).catalog
    described = schema_of("mirrors", catalog.events, catalog.kinds, catalog.views)
    assert vars(row) == {}
    assert page.columns == tuple(answer.columns) == ("id", "balance", "owner")
    assert set(described["$defs"]["Accounts"]["properties"]) == {"id", "owner", "balance"}
    [generation] = [one.generation for one in generations if one.name == "accounts"]
    connection = sqlite3.connect(tmp_path / "mirrors.db")
    try:
        [(kept,)] = connection.execute(f"SELECT \"$state\" FROM accounts__{generation} WHERE id = 'a'")
    finally:
        connection.close()
    assert kept.startswith("6 {")
    assert '"limit":"13"' in kept


def test_a_changed_entity_rebuilds_its_mirrors() -> None:
    def fingerprint(fields: list[str], step: int) -> str:
        class Counter(Entity):
            count: int = 0
            twice: int = 0

            @reducer
            def paid(self, event: Paid) -> None:
                self.count += step

        class Counters(View, of=Counter, fields=fields):
            pass

        return view_type(Counters).fingerprint

    same = fingerprint(["count"], 1)
    assert fingerprint(["count"], 1) == same
    assert fingerprint(["count"], 2) != same
    assert fingerprint(["count", "twice"], 1) != same


class Odd(Entity, emits=[Looked]):
    whatever: int | str = 0


class Clashing(Entity, emits=[Looked]):
    get: str = ""


def of_no_entity() -> None:
    class Wrong(View, of=Opened):  # type: ignore[arg-type]
        pass


def of_nothing() -> None:
    class Wrong(View, fields=["owner"]):
        id: str


def of_an_unknown_field() -> None:
    class Wrong(View, of=Account, fields=["owner", "colour"]):
        pass


def of_a_key_of_several_columns() -> None:
    class Wrong(View, of=Account, key=("id", "owner")):
        pass


def of_a_key_that_is_a_field() -> None:
    class Wrong(View, of=Account, key="owner"):
        pass


def of_a_field_of_its_own() -> None:
    class Wrong(View, of=Account, fields=["owner"]):
        balance: int = 0


def of_a_method() -> None:
    class Wrong(View, of=Account):
        @query("SELECT owner FROM wrong")
        def owner(self) -> list[str]: ...


def of_another_type() -> None:
    class Wrong(View, of=Account):
        balance: int

    view_type(Wrong)


def of_a_type_without_a_column() -> None:
    class Wrong(View, of=Odd, fields=["whatever"]):
        pass

    view_type(Wrong)


def of_a_reserved_name() -> None:
    class Wrong(View, of=Clashing):
        pass

    view_type(Wrong)


def of_a_reducer_of_deleted() -> None:
    class Wrong(View, of=Account):
        @reducer
        def gone(self, event: Deleted) -> None: ...

    view_type(Wrong)


def of_a_reducer_with_a_key() -> None:
    class Wrong(View, of=Account):
        @reducer(key="owner")
        def opening(self, event: Opened) -> None: ...

    view_type(Wrong)


class Elsewhere(Event):
    pass


def of_an_event_of_others() -> None:
    class Wrong(View, of=Account):
        @reducer
        def elsewhere(self, event: Elsewhere) -> None: ...

    view_type(Wrong)


def of_an_entity_of_no_application() -> None:
    definition_of(App("wrong", entities=[Savings], views=[Accounts, Counted]))


WRONG = {
    of_no_entity: "name an Entity class",
    of_nothing: "add of=",
    of_an_unknown_field: "fields= names 'colour', and the fields of Account are owner, balance",
    of_a_key_of_several_columns: "its key is the id of the entity",
    of_a_key_that_is_a_field: "Wrong.owner is the key, which holds the id of the Account",
    of_a_field_of_its_own: "Wrong.balance is a field of its own",
    of_a_method: "Wrong.owner is something else than Account.owner",
    of_another_type: "Wrong.balance is int, and mirrors Account.balance, which is Decimal",
    of_a_type_without_a_column: "which has no column",
    of_a_reserved_name: "every view has `get` already",
    of_a_reducer_of_deleted: "its row goes with the entity",
    of_a_reducer_with_a_key: "each event belongs to the row of its entity",
    of_an_event_of_others: "which Account does not emit",
    of_an_entity_of_no_application: "is not among the application's entities",
}


@pytest.mark.parametrize("declare", WRONG, ids=lambda declare: declare.__name__)
def test_what_cannot_be_mirrored_is_refused_with_what_to_do(declare: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        declare()
    assert WRONG[declare] in str(caught.value)


def _quiet(position: int, end: int) -> None:
    """Reports nothing."""
