"""Applications whose events lie apart, in DynamoDB and in Durable Objects."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actum import Actions, App, Context, Retries
from actum.errors import ForeignStore
from actum.stores.binding import rebind
from actum.stores.open import open_stores, paired
from actum.stores.url import join
from actum.testing import testing
from actum.testing.application import Running
from examples.bank.bank import Account, Activity, Balances, Deposited

actions = Actions()


@actions.post("/accounts/{id:str}")
async def pay_in(ctx: Context, id: str, amount: int = 5) -> int:
    return await ctx.entity(Account, id).deposit(amount)


@actions.get("/accounts/{id:str}")
async def show(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).current_balance()


@actions.on(Deposited, retries=Retries(attempts=1))
async def notice(ctx: Context, event: Deposited) -> None:
    if event.amount == 13:
        raise OSError("nobody takes 13")


def application(name: str = "apart") -> App:
    return App(name, entities=[Account], views=[Balances, Activity], actions=[actions])


@pytest.fixture(scope="module")
def dynamodb(request: pytest.FixtureRequest) -> str:
    """Amazon's own server for development."""
    endpoint: str = request.getfixturevalue("dynamodb_local")
    return endpoint


@pytest.fixture(params=["dynamodb", pytest.param("objects", marks=pytest.mark.slow)])
def journal(request: pytest.FixtureRequest) -> str:
    name = "dynamodb_url" if request.param == "dynamodb" else "objects_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def store(journal: str, tmp_path: Path) -> str:
    return join(journal, f"sqlite:///{tmp_path}/beside.db")


@pytest.fixture
async def t(store: str) -> AsyncGenerator[Running, None]:
    async with testing(application(), store=store) as running:
        yield running


async def pay(t: Running, id: str, **headers: str) -> tuple[int, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await t.http.post(f"/accounts/{id}", headers=sent)
    return answer.status_code, answer.json() if answer.status_code < 300 else answer.json().get("actual")


async def test_a_precondition_asks_whether_there_is_an_entity_at_all(t: Running) -> None:
    """`If-Match: *` refuses what is not there, and `If-None-Match: *` what is."""
    missing = await pay(t, "a", If_Match="*")
    first = await pay(t, "a", If_None_Match="*")
    there = await pay(t, "a", If_Match="*")
    twice = await pay(t, "a", If_None_Match="*")

    assert (missing, first, there) == ((412, 0), (201, 5), (201, 10))
    assert twice == (412, 2)


async def test_a_precondition_names_several_versions(t: Running) -> None:
    """Or those that it is not to be at; the entity is left as it was where it is at another."""
    await pay(t, "a")

    among = await pay(t, "a", If_Match='"1", "7"')
    other = await pay(t, "a", If_Match='"1", "7"')
    not_at = await pay(t, "a", If_None_Match='"2"')
    not_there = await pay(t, "a", If_None_Match='"1"')

    assert (among, other, not_at, not_there) == ((201, 10), (412, 2), (412, 2), (201, 15))


async def test_of_many_that_ask_for_one_version_one_is_first(t: Running) -> None:
    """A version that was right when it was asked is held to until the command is carried out."""
    await pay(t, "a")

    answers = await asyncio.gather(*(pay(t, "a", If_Match='"1", "0"') for _ in range(8)))

    assert sorted(status for status, _ in answers) == [201] + [412] * 7


async def test_a_request_with_a_key_and_a_precondition_is_answered_again(t: Running) -> None:
    """The entity has moved on since, by this very request."""
    await pay(t, "a")
    first = await pay(t, "a", If_Match='"1", "7"', Idempotency_Key="k")
    again = await pay(t, "a", If_Match='"1", "7"', Idempotency_Key="k")

    assert (first, again) == ((201, 10), (201, 10))


async def test_ready_lists_what_stands_still_and_says_that_requests_are_served(t: Running) -> None:
    """A dead letter is one key's: it is listed by its name, with 200."""
    well = await t.http.get("/-/ready")
    await t.http.post("/accounts/a?amount=13")
    await t.settle(allows_failures=True)
    letter = await t.http.get("/-/ready")

    assert (well.status_code, letter.status_code) == (200, 200)
    assert "dead letter" not in well.text
    assert "dead letter" in letter.text
    assert "nobody takes 13" in letter.text


@asynccontextmanager
async def running(name: str, store: str) -> AsyncGenerator[Context, None]:
    async with application(name).running(store) as ctx:
        yield ctx


async def test_a_store_belongs_to_one_application(store: str) -> None:
    async with running("apart", store) as ctx:
        await ctx.entity(Account, "a").deposit(1)

    with pytest.raises(ForeignStore, match="belongs to the application 'apart', and this is 'other'"):
        async with running("other", store):
            pass

    async with running("apart", store) as ctx:
        assert await ctx.entity(Account, "a").deposit(1) == 2


async def test_a_database_that_is_ahead_of_its_journal_is_refused_until_it_is_adopted(store: str) -> None:
    """As when the events were put back to an earlier state."""
    async with running("apart", store) as ctx:
        await ctx.entity(Account, "a").open("Ada")
        await ctx.entity(Account, "a").deposit(1)
    async with open_stores(store) as stores:
        await stores.database.record_position(await stores.journal.last() + 1_000_000, "7@1")

    with pytest.raises(ForeignStore, match=r"restored to an earlier state.*actum adopt") as refused:
        async with running("apart", store):
            pass
    async with open_stores(store) as stores:
        await rebind("apart", paired(stores, store))

    assert "\n" not in str(refused.value)
    assert "secret=" not in str(refused.value).replace("secret=***", "")
    async with running("apart", store) as ctx:
        await ctx.entity(Account, "a").deposit(2)
        assert [one.total for one in await ctx.view(Balances).wealthy(0)] == [3]


async def test_a_database_of_another_journal_is_refused_until_it_is_adopted(
    store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Two spaces of one deployment are two journals; so are two tables."""
    if store.startswith("dynamodb:"):
        pytest.skip("tests/cli/test_adopt_journals.py does it through the command line")
    other = store.replace("?", "-other?", 1)
    async with running("apart", store) as ctx:
        await ctx.entity(Account, "a").deposit(1)

    with pytest.raises(ForeignStore, match="belongs to another journal than durable-objects://"):
        async with running("apart", other):
            pass
    async with open_stores(other) as stores:
        await rebind("apart", paired(stores, other))

    async with running("apart", other) as ctx:
        assert await ctx.entity(Account, "a").deposit(7) == 7
