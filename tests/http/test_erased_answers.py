"""What is kept for an idempotency key goes with the entities that it tells of, on every journal."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from litestar import Response

from actum import Actions, App, Context
from actum.errors import AnswerErased
from actum.ports.database import Erasure
from actum.runtime.keys.kept_answers import ANSWERS, parts_of
from actum.stores.url import join
from actum.testing import testing
from actum.testing.application import Running
from examples.bank.bank import Account, Activity, Balances

KEY = "Idempotency-Key"
SECRET = "ann-the-owner"


class Outside:
    """How often actions ran, and what they wait for."""

    def __init__(self) -> None:
        self.runs = 0
        self.begun = asyncio.Event()
        self.gate: asyncio.Event | None = None


outside = Outside()
actions = Actions()


@actions.post("/open/{id:str}")
async def open_it(ctx: Context, id: str, owner: str) -> str:
    outside.runs += 1
    await ctx.entity(Account, id).open(owner)
    return (await ctx.state(Account, id)).owner


@actions.post("/pay/{source:str}/{target:str}")
async def pay(ctx: Context, source: str, target: str) -> list[str]:
    outside.runs += 1
    await ctx.entity(Account, source).deposit(1)
    await ctx.entity(Account, target).deposit(1)
    return [(await ctx.state(Account, id)).owner for id in (source, target)]


@actions.post("/move/{source:str}/{target:str}")
async def move(ctx: Context, source: str, target: str) -> list[int]:
    outside.runs += 1

    async def both(inner: Context) -> list[int]:
        return [await inner.entity(Account, id).deposit(1) for id in (source, target)]

    return await ctx.atomic(both)


@actions.post("/ask/{id:str}")
async def ask(ctx: Context, id: str) -> list[str]:
    outside.runs += 1
    await ctx.entity(Account, id).deposit(1)
    return [one.owner for one in await ctx.view(Balances).wealthy(0)]


@actions.post("/long/{id:str}")
async def long(ctx: Context, id: str) -> str:
    outside.runs += 1
    balance = await ctx.entity(Account, id).deposit(1)
    return f"{(await ctx.state(Account, id)).owner} has {balance}" + "." * 300_000


@actions.post("/slow/{id:str}")
async def slow(ctx: Context, id: str) -> str:
    outside.runs += 1
    await ctx.entity(Account, id).deposit(1)
    owner = (await ctx.state(Account, id)).owner
    outside.begun.set()
    if outside.gate is not None:
        await outside.gate.wait()
    return owner


@actions.delete("/accounts/{id:str}", status_code=200)
async def erase(ctx: Context, id: str) -> int:
    outside.runs += 1
    return await ctx.delete(Account, id, erase=True)


@actions.post("/nobody")
async def nobody(ctx: Context) -> Response[str]:
    outside.runs += 1
    return Response("done", headers={"X-Own": "1"})


app = App("erased-answers", entities=[Account], views=[Balances, Activity], actions=[actions])


@pytest.fixture(scope="module")
def dynamodb(request: pytest.FixtureRequest) -> str:
    """Amazon's own server for development."""
    endpoint: str = request.getfixturevalue("dynamodb_local")
    return endpoint


EVERYWHERE = [
    "memory",
    "sqlite",
    "postgres",
    "dynamodb",
    pytest.param("objects", marks=pytest.mark.slow),
]


def url_on(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    beside = f"sqlite:///{tmp_path}/beside.db"
    match request.param:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path}/kept.db"
        case "postgres":
            return str(request.getfixturevalue("postgres_url"))
        case "dynamodb":
            return join(request.getfixturevalue("dynamodb_url"), beside)
        case _:
            return join(request.getfixturevalue("objects_url"), beside)


@pytest.fixture(params=EVERYWHERE)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_on(request, tmp_path)


@pytest.fixture
async def t(store: str) -> AsyncGenerator[Running, None]:
    outside.__init__()  # type: ignore[misc]
    async with testing(app, store=store) as running:
        yield running


async def send(t: Running, path: str, key: str, *, method: str = "POST") -> Any:
    return await t.http.request(method, path, headers={KEY: key})


async def opened(t: Running, *ids: str) -> None:
    for id in ids:
        await t.ctx.entity(Account, id).open(f"{id}-{SECRET}")


async def kept_replies(t: Running, *keys: tuple[str, str, str]) -> list[bytes | None]:
    found = await t.node.services.journal.replies(keys)
    return [None if one is None else one.reply for one in found]


def assert_is_gone(response: Any, key: str) -> None:
    problem = response.json()
    assert (response.status_code, problem["code"], problem["key"]) == (410, "answer-erased", key)
    assert SECRET not in response.text


async def test_a_kept_answer_goes_with_its_entity_and_the_request_is_not_done_again(t: Running) -> None:
    """The key still stands for its request: another one is refused, as before."""
    first = await send(t, f"/open/a?owner={SECRET}", "k")
    again = await send(t, f"/open/a?owner={SECRET}", "k")
    await t.ctx.delete(Account, "a", erase=True)

    after = await send(t, f"/open/a?owner={SECRET}", "k")
    other = await send(t, "/open/b?owner=bob", "k")

    assert (first.text, again.text, outside.runs) == (SECRET, SECRET, 1)
    assert_is_gone(after, "k")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert await t.ctx.history(Account, "a") == []


@pytest.mark.parametrize("erased", ["a", "b"])
async def test_an_answer_that_tells_of_two_goes_with_either(t: Running, erased: str) -> None:
    await opened(t, "a", "b")
    first = await send(t, "/pay/a/b", "k")
    again = await send(t, "/pay/a/b", "k")

    await t.ctx.delete(Account, erased, erase=True)

    assert first.json() == again.json() == [f"a-{SECRET}", f"b-{SECRET}"]
    assert_is_gone(await send(t, "/pay/a/b", "k"), "k")
    assert outside.runs == 1


async def test_an_answer_that_asked_a_view_goes_with_whoever_is_erased(t: Running) -> None:
    """A view's rows may be of anybody."""
    await opened(t, "a", "b")
    first = await send(t, "/ask/a", "k")

    await t.ctx.delete(Account, "b", erase=True)

    assert f"b-{SECRET}" in first.text
    assert_is_gone(await send(t, "/ask/a", "k"), "k")
    assert outside.runs == 1


async def test_answers_that_tell_of_others_stay(t: Running) -> None:
    await opened(t, "a", "b", "ab")
    for id in ("b", "ab"):
        await send(t, f"/slow/{id}", f"k-{id}")
    await send(t, "/nobody", "k-0")

    await t.ctx.delete(Account, "a", erase=True)

    assert (await send(t, "/slow/b", "k-b")).text == f"b-{SECRET}"
    assert (await send(t, "/slow/ab", "k-ab")).text == f"ab-{SECRET}"
    assert (await send(t, "/nobody", "k-0")).text == "done"
    assert outside.runs == 3


async def test_an_answer_too_long_to_be_kept_is_not_made_again_from_what_was_erased(t: Running) -> None:
    """Until then it is made again, each effect once."""
    await opened(t, "a")
    first = await send(t, "/long/a", "k")
    again = await send(t, "/long/a", "k")

    await t.ctx.delete(Account, "a", erase=True)

    assert first.text[:30] == again.text[:30] == f"a-{SECRET} has 1" + "." * (30 - len(f"a-{SECRET} has 1"))
    assert_is_gone(await send(t, "/long/a", "k"), "k")
    assert await t.ctx.history(Account, "a") == []


async def test_an_answer_that_is_given_while_its_entity_is_erased_is_not_kept(t: Running) -> None:
    """Its request read the entity before, and answers afterwards."""
    await opened(t, "a")
    outside.gate = asyncio.Event()
    sent = asyncio.create_task(send(t, "/slow/a", "k"))
    await outside.begun.wait()

    await t.ctx.delete(Account, "a", erase=True)
    outside.gate.set()
    first = await sent

    assert first.text == f"a-{SECRET}"
    assert_is_gone(await send(t, "/slow/a", "k"), "k")
    assert outside.runs == 1


async def test_a_request_that_erases_is_answered_the_same_again(t: Running) -> None:
    """What it says was made after the erasure, and tells nothing of the entity."""
    await opened(t, "a")
    await t.ctx.entity(Account, "a").deposit(1)
    first = await send(t, "/accounts/a", "k", method="DELETE")
    again = await send(t, "/accounts/a", "k", method="DELETE")

    assert (first.json(), again.json(), outside.runs) == (2, 2, 1)


async def test_nothing_of_an_erased_entity_is_left_in_the_parts_of_answers(t: Running) -> None:
    """They are in the journal beside the entity, under names that only Actum gives."""
    await opened(t, "a", "b")
    await send(t, "/slow/a", "k-1")
    await send(t, "/pay/a/b", "k-2")
    journal = t.node.services.journal
    replies = await kept_replies(t, ("$request", "k-1", "answered"), ("$request", "k-2", "answered"))
    places = [(ANSWERS.name, name, of) for name, of in _places(replies)]
    before = await journal.replies(places)

    await t.ctx.delete(Account, "a", erase=True)

    assert all(reply is not None and SECRET.encode() not in reply for reply in replies)
    assert [one is None for one in before] == [False] * 3
    left = await journal.replies(places)
    assert [name for (_, name, _), one in zip(places, left, strict=True) if one] == ["Account/b"]
    assert all(one is None or SECRET.encode() not in one.reply for one in left)


def _places(replies: list[bytes | None]) -> list[tuple[str, str]]:
    found = []
    for reply in replies:
        parts = parts_of(reply or b"")
        assert parts is not None
        found += [(name, parts.of) for name in parts.names]
    return found


async def test_an_erasure_that_broke_off_takes_the_answers_at_the_next_start(t: Running) -> None:
    """The journal had removed the entity, and no more was done when the process ended."""
    if t._store == "memory:":
        pytest.skip("nothing of a store in memory outlives its process")
    await opened(t, "a")
    await send(t, "/slow/a", "k")
    services = t.node.services
    await services.database.begin_erasure(Erasure("Account", "a", await services.journal.last()))

    await t.restart()
    await t.settle()
    await until_erased(t)

    assert_is_gone(await send(t, "/slow/a", "k"), "k")


async def until_erased(t: Running) -> None:
    async with asyncio.timeout(60):
        while await t.node.services.database.erasures():  # noqa: ASYNC110 (what it waits for tells nobody)
            await asyncio.sleep(0.01)


class TestUnits:
    """The reply of a unit with a key, sent from Python. No unit with a key is in Durable Objects."""

    @pytest.fixture(params=EVERYWHERE[:-1])
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:
        return url_on(request, tmp_path)

    @pytest.mark.parametrize("erased", ["a", "b"])
    async def test_a_units_reply_goes_with_each_entity_of_it(self, t: Running, erased: str) -> None:
        await opened(t, "a", "b")
        first = await t.ctx.atomic(owners, "a", "b", idempotency_key="k")
        again = await t.ctx.atomic(owners, "a", "b", idempotency_key="k")

        await t.ctx.delete(Account, erased, erase=True)

        assert first == again == [f"a-{SECRET}", f"b-{SECRET}"]
        with pytest.raises(AnswerErased, match="key 'k' was carried out before"):
            await t.ctx.atomic(owners, "a", "b", idempotency_key="k")
        [reply] = await kept_replies(t, ("$unit", "k", "k"))
        assert reply is not None
        assert SECRET.encode() not in reply
        assert (await t.ctx.state(Account, "a" if erased == "b" else "b")).balance == 1

    async def test_a_unit_that_says_nothing_is_told_again_that_it_was_done(self, t: Running) -> None:
        """Nothing of an entity is in it."""
        await opened(t, "a")
        await t.ctx.atomic(silent, "a", idempotency_key="k")

        await t.ctx.delete(Account, "a", erase=True)
        await t.ctx.atomic(silent, "a", idempotency_key="k")

        assert await t.ctx.history(Account, "a") == []

    async def test_a_units_reply_that_asked_a_view_goes_with_whoever_is_erased(self, t: Running) -> None:
        await opened(t, "a", "b")
        first = await t.ctx.atomic(asking, "a", idempotency_key="k")

        await t.ctx.delete(Account, "b", erase=True)

        assert f"b-{SECRET}" in first
        with pytest.raises(AnswerErased):
            await t.ctx.atomic(asking, "a", idempotency_key="k")

    @pytest.mark.parametrize("erased", ["a", "b"])
    async def test_a_request_whose_unit_is_given_again_still_goes_with_its_entities(
        self, t: Running, erased: str
    ) -> None:
        """The first try of the request was cut off behind its unit: the second finds the unit's reply."""
        await opened(t, "a", "b")
        first = await send(t, "/move/a/b", "k")
        [answered] = await kept_replies(t, ("$request", "k", "answered"))

        await t.ctx.delete(Account, erased, erase=True)

        assert (first.json(), parts_of(answered or b"")) == ([1, 1], parts_of(answered or b""))
        assert_is_gone(await send(t, "/move/a/b", "k"), "k")
        assert outside.runs == 1


async def owners(ctx: Context, source: str, target: str) -> list[str]:
    """Writes two accounts, and tells whose they are."""
    for id in (source, target):
        await ctx.entity(Account, id).deposit(1)
    return [(await ctx.state(Account, id)).owner for id in (source, target)]


async def silent(ctx: Context, id: str) -> None:
    """Writes an account."""
    await ctx.entity(Account, id).deposit(1)


async def asking(ctx: Context, id: str) -> list[str]:
    """Writes an account, and asks a view."""
    await ctx.entity(Account, id).deposit(1)
    return [one.owner for one in await ctx.view(Balances).wealthy(0)]
