"""Commands and queries that must find an entity, or must find none."""

from pathlib import Path
from typing import Any

import pytest

from actum import (
    Actions,
    AlreadyExists,
    App,
    Conflict,
    Context,
    DefinitionError,
    Entity,
    Event,
    NotFound,
    Rejected,
    View,
    Workflow,
    command,
    query,
    reducer,
)
from actum.app import definition_of
from actum.operations.inspection.calls import form_of
from actum.operations.json_schema import schema_of
from actum.testing import given, testing
from tests.hosts.cloudflare import Cloudflare
from tests.servers.postgres import empty, url_of

ran: list[str] = []


class Opened(Event):
    owner: str


class Paid(Event):
    amount: int


class Purse(Entity):
    owner: str = ""
    coins: int = 0

    @command(must_be_new=True)
    def open(self, owner: str) -> str:
        if not owner:
            raise Rejected("a purse needs an owner", code="no_owner")
        ran.append("open")
        self.emit(Opened(owner))
        return owner

    @command(must_exist=True)
    def pay(self, amount: int) -> int:
        ran.append("pay")
        self.emit(Paid(amount))
        return self.coins

    @query(must_exist=True)
    def content(self, at_least: int = 0) -> int:
        ran.append("content")
        return max(self.coins, at_least)

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def paid(self, event: Paid) -> None:
        self.coins += event.amount


class Badge(Entity, keeps="state"):
    colours: list[str] = []  # noqa: RUF012 (each entity gets its own)

    @command(must_be_new=True)
    def award(self, colour: str) -> None:
        self.colours = [colour]

    @command(must_exist=True)
    def add(self, colour: str) -> int:
        self.colours.append(colour)
        return len(self.colours)


class Payday(Workflow):
    async def run(self, ctx: Context, purse: str) -> str:
        try:
            await ctx.entity(Purse, purse).pay(5)
        except NotFound:
            await ctx.entity(Purse, purse).open("payday")
        try:
            await ctx.entity(Purse, purse).open("again")
        except AlreadyExists as error:
            return str(error)
        return "nothing"


app = App("purses", entities=[Purse, Badge], workflows=[Payday])


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'purses.db'}" if request.param == "sqlite" else "memory:"


async def test_a_command_for_what_exists_does_not_run_before_it_does(store: str) -> None:
    """The caller gets NotFound, nothing is written, and once the entity exists it runs."""
    async with testing(app, store=store) as t:
        purse = t.ctx.entity(Purse, "a")
        with pytest.raises(NotFound, match="there is no Purse 'a'"):
            await purse.pay(3)
        with pytest.raises(NotFound, match="there is no Purse 'a'"):
            await purse.content()
        assert ran == []
        assert await t.ctx.history(Purse, "a") == []

        await purse.open("ann")
        assert (await purse.pay(3), await purse.content(2)) == (3, 3)


async def test_a_command_for_what_is_new_runs_once(store: str) -> None:
    async with testing(app, store=store) as t:
        purse = t.ctx.entity(Purse, "a")
        assert await purse.open("ann") == "ann"

        with pytest.raises(AlreadyExists, match="Purse 'a' exists already"):
            await purse.open("bob")

        assert ran == ["open"]
        assert (await t.ctx.state(Purse, "a")).owner == "ann"


async def test_a_call_that_comes_again_with_its_key_gets_its_answer(store: str) -> None:
    """A retry is no second attempt to create."""
    async with testing(app, store=store) as t:
        assert await t.ctx.entity(Purse, "a", idempotency_key="k-1").open("ann") == "ann"
        assert await t.ctx.entity(Purse, "a", idempotency_key="k-1").open("ann") == "ann"

        assert ran == ["open"]


async def test_an_erased_entity_is_new_again(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Purse, "a").open("ann")
        await t.ctx.delete(Purse, "a", erase=True)

        with pytest.raises(NotFound):
            await t.ctx.entity(Purse, "a").pay(3)
        await t.ctx.entity(Purse, "a").open("bob")


async def test_within_a_unit_what_it_has_created_exists(store: str) -> None:
    """And a refusal leaves nothing of the unit."""

    async def open_and_pay(ctx: Context) -> int:
        await ctx.entity(Purse, "a").open("ann")
        return await ctx.entity(Purse, "a").pay(4)

    async def pay_both(ctx: Context) -> None:
        await ctx.entity(Purse, "a").pay(9)
        await ctx.entity(Purse, "b").pay(9)

    async with testing(app, store=store) as t:
        assert await t.ctx.atomic(open_and_pay) == 4
        with pytest.raises(NotFound, match="Purse 'b'"):
            await t.ctx.atomic(pay_both)
        assert await t.ctx.entity(Purse, "a").content() == 4


async def test_a_workflow_is_told_the_same(store: str) -> None:
    async with testing(app, store=store) as t:
        workflow = t.ctx.workflow(Payday, "w")
        await workflow.start("a")
        assert await workflow.result() == "Purse 'a' exists already"


async def test_entities_that_keep_their_state_alone_are_the_same() -> None:
    async with testing(app) as t:
        badge = t.ctx.entity(Badge, "a")
        with pytest.raises(NotFound):
            await badge.add("red")
        await badge.award("red")
        assert await badge.add("blue") == 2
        with pytest.raises(AlreadyExists):
            await badge.award("green")
        assert (await t.ctx.state(Badge, "a")).colours == ["red", "blue"]


async def test_in_a_durable_object_it_is_the_same() -> None:
    """The refusal travels with its class."""
    cloudflare = Cloudflare(Purse)

    def call(what: str, name: str, arguments: str, attempt: str) -> list[Any]:
        if what == "Query":
            return ["Purse", "a", ["Query", name, arguments]]
        return ["Purse", "a", ["Command", name, arguments, "{}", attempt, None, name, None, False]]

    told = await cloudflare.calls(
        call("Command", "pay", "[3]", "1"),
        call("Query", "content", "[]", "2"),
        call("Command", "open", '["ann"]', "3"),
        call("Command", "open", '["ann"]', "4"),
        call("Command", "pay", "[3]", "5"),
    )

    assert told[0] == told[1] == "NotFound"
    assert (told[2][0], told[3], told[4][0]) == ('"ann"', "AlreadyExists", "3")


def test_an_example_says_what_it_raises() -> None:
    given(Purse).when(Purse.pay, 3).raises(NotFound, "there is no Purse 'a'")
    given(Purse, Opened("ann")).when(Purse.pay, 3).then(Paid(3), reply=3)
    given(Purse, Opened("ann")).when(Purse.open, "bob").raises(AlreadyExists)
    given(Purse).when(Purse.open, "").rejected(code="no_owner")
    given(Purse).when(Purse.content).raises(NotFound)
    given(Badge(colours=["red"])).when(Badge.add, "blue").state(colours=["red", "blue"])
    given(Badge).when(Badge.add, "blue").raises(NotFound)


def test_whoever_handles_conflicts_handles_it_too() -> None:
    assert issubclass(AlreadyExists, Conflict)


def test_the_schema_and_the_forms_of_the_console_say_so() -> None:
    catalog = definition_of(app).catalog
    described = schema_of("purses", catalog.events, catalog.kinds, catalog.views)["entities"]["Purse"]

    assert described["commands"]["open"]["mustBeNew"] is True
    assert described["commands"]["pay"]["mustExist"] is True
    assert described["queries"]["content"]["mustExist"] is True
    assert form_of(catalog.kinds["Purse"].commands["pay"]).existence == "old"


async def test_over_http_it_is_404_and_409_and_the_documentation_says_so() -> None:
    web = Actions()
    web.expose(Purse, path="/purses/{id}")
    async with testing(App("purses", entities=[Purse], actions=[web])) as t:
        missing = await t.http.post("/purses/a/pay", json={"amount": 3})
        unasked = await t.http.get("/purses/a/content")
        opened = await t.http.post("/purses/a/open", json={"owner": "ann"})
        twice = await t.http.post("/purses/a/open", json={"owner": "ann"})
        unnamed = await t.http.post("/purses/b/open", json={"owner": ""})
        paths = (await t.http.get("/schema/openapi.json")).json()["paths"]

    assert [missing.status_code, unasked.status_code, opened.status_code] == [404, 404, 201]
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:actum:problem:already-exists")
    assert twice.json()["code"] == "already-exists"
    assert unnamed.json()["code"] == "no_owner"
    pay, open = paths["/purses/{id}/pay"]["post"], paths["/purses/{id}/open"]["post"]
    assert pay["responses"]["404"]["description"] == "The entity does not exist."
    assert "201" not in pay["responses"]
    assert "already-exists" in open["responses"]["409"]["description"]
    assert "`no_owner`" in open["responses"]["422"]["description"]
    assert "does not exist" in paths["/purses/{id}/content"]["get"]["responses"]["404"]["description"]


def wrong_mark() -> None:
    command(must_exist=True, must_be_new=True)


def no_boolean() -> None:
    command(must_exist="yes")  # type: ignore[call-overload]


def of_a_view() -> None:
    class Purses(View):
        id: str

        @query("SELECT 1", must_exist=True)  # type: ignore[call-overload]
        def one(self) -> int: ...


@pytest.mark.parametrize(
    ("declare", "said"),
    [(wrong_mark, "choose one"), (no_boolean, "must be True or False"), (of_a_view, "leave must_exist= out")],
)
def test_a_wrong_mark_is_refused_when_it_is_declared(declare: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        declare()
