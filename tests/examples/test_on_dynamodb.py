"""The examples, unchanged, with their events in DynamoDB and the rest in a file or in PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actum import Context, Rejected
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.stores.url import join
from actum.testing import testing
from examples.bank.bank import Account, Balances, Payment, Wealth
from examples.bank.bank import app as bank_app
from examples.documents.reader import Reading
from tests.examples.test_documents import ADA, ScriptedReader, app_with, picture, upload
from tests.runtime.nodes import node_on


@pytest.fixture(scope="module", params=["dynamodb_by_moto", "dynamodb_local"])
def dynamodb(request: pytest.FixtureRequest) -> str:
    """The endpoint of moto, and that of Amazon's own server for development."""
    endpoint: str = request.getfixturevalue(request.param)
    return endpoint


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, dynamodb_url: str, tmp_path: Path) -> str:
    """The URL of a journal in DynamoDB with an empty database beside it."""
    if request.param == "sqlite":
        return join(dynamodb_url, f"sqlite:///{tmp_path / 'views.db'}")
    return join(dynamodb_url, request.getfixturevalue("postgres_store"))


@asynccontextmanager
async def bank(url: str) -> AsyncIterator[tuple[Context, Node]]:
    async with (
        open_stores(url) as stores,
        node_on(bank_app, stores.journal, stores.database) as node,
    ):
        yield Context(node.services), node


async def test_the_bank_runs_and_goes_on_after_a_restart(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, refusals, views, queues, triggers and keys do what they do on a file."""
    async with bank(store) as (ctx, node):
        await ctx.entity(Account, "a").open("Ada")
        await ctx.entity(Account, "b").open("Bob")
        balance = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(70)
        with pytest.raises(Rejected, match="insufficient funds"):
            await ctx.entity(Account, "b").withdraw(5)
        await ctx.queue("payments").send(Payment("b", 30))
        await node.settle()
        left = await ctx.entity(Account, "a").withdraw(8)
        await node.settle()
        found = await ctx.view(Balances).wealthy(1)

    async with bank(store) as (ctx, _):
        again = await ctx.entity(Account, "a", idempotency_key="k-1").deposit(70)
        found_again = await ctx.view(Balances).wealthy(1)

    assert (balance, left, again) == (70, 62, 70)
    assert found == found_again == [Wealth("Ada", 62, 1), Wealth("Bob", 30, 0)]
    assert capsys.readouterr().out.count("a paid out 8") == 1


async def test_documents_are_found_by_their_words_and_change_hands(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload is read by an action, found by the joined search, and there after a restart."""
    monkeypatch.setenv("DOCUMENTS_IMAGES", str(tmp_path / "images"))
    async with testing(app_with(ScriptedReader(Reading("cedar", 0.9))), store=store) as t:
        await t.http.post("/users/ada", json=ADA)
        await upload(t, picture("x"))
        await t.http.patch("/users/ada", json={"name": "Ada Lovelace"})
        await t.settle()
        found = (await t.http.get("/documents", params={"text": "cedar"})).json()
        await t.restart()
        found_again = (await t.http.get("/documents", params={"text": "cedar"})).json()

    assert [(entry["uploaded_by"], entry["stage"]) for entry in found] == [("Ada Lovelace", "read")]
    assert found_again == found


async def test_two_processes_serve_one_account(dynamodb_url: str) -> None:
    """Each finds what the other wrote: the version check sends it back to read, and it decides again."""
    async with (
        bank(join(dynamodb_url, "memory:")) as (here, _),
        bank(join(dynamodb_url, "memory:")) as (there, _),
    ):
        accounts = [ctx.entity(Account, "a") for ctx in (here, there)]
        await accounts[0].open("Ada")

        balances = [await accounts[number % 2].deposit(10) for number in range(6)]
        found = await there.view(Balances).wealthy(1)

    assert balances == [10, 20, 30, 40, 50, 60]
    assert found == [Wealth("Ada", 60, 0)]
