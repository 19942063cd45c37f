"""An application that is served and used beside that, in one process: on one store, opened once."""

import asyncio
from pathlib import Path

import pytest

from actum import App, Context
from actum.errors import StoreInUse
from tests.http.bank import Account, bank
from tests.http.serving import Server, client_of

FIVE = {"amount": 5}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/bank.db"
    monkeypatch.setenv("ACTUM_STORE", url)
    return url


async def deposit(ctx: Context, amount: int) -> int:
    return await ctx.entity(Account, "a").deposit(amount)


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_block_beside_the_served_application_shares_its_store(store: str, is_named: bool) -> None:
    app = bank()
    asgi = app.asgi(store if is_named else None)
    server = Server(asgi)
    await server.start()
    async with client_of(asgi) as http:
        await http.post("/accounts/a/deposits", json=FIVE)
        async with app.running() as ctx, app.running(store) as same:
            balances = await deposit(ctx, 1), await deposit(same, 2)
        answer = await http.post("/accounts/a/deposits", json=FIVE)
    stopped = await server.stop()

    assert (balances, answer.json()) == ((6, 8), 13)
    assert stopped == {"type": "lifespan.shutdown.complete"}


async def test_what_is_served_in_memory_is_shared_and_not_doubled() -> None:
    app = bank()
    asgi = app.asgi("memory:")
    async with client_of(asgi) as http:
        await http.post("/accounts/a/deposits", json=FIVE)
        async with app.running() as ctx:
            assert await deposit(ctx, 1) == 6
    await asgi.close()


async def test_an_application_mounted_inside_a_block_shares_the_store_of_that(store: str) -> None:
    app = bank()
    async with client_of(app) as http:
        async with app.running() as ctx:
            assert await deposit(ctx, 1) == 1
            assert (await http.post("/accounts/a/deposits", json=FIVE)).json() == 6
            assert await deposit(ctx, 1) == 7
        again = await http.post("/accounts/a/deposits", json=FIVE)
    await app._asgi.close()

    assert again.json() == 12


async def test_another_store_that_is_named_is_another_store(store: str) -> None:
    app = bank()
    asgi = app.asgi(store)
    async with client_of(asgi) as http:
        await http.post("/accounts/a/deposits", json=FIVE)
        async with app.running("memory:") as ctx:
            assert await deposit(ctx, 1) == 1
    await asgi.close()


def test_an_application_that_another_loop_serves_is_not_opened_beside_it() -> None:
    app = bank()
    asgi = app.asgi("memory:")
    serving = asyncio.new_event_loop()
    server = Server(asgi)
    serving.run_until_complete(server.start())

    with pytest.raises(StoreInUse, match="memory: is open already, served by another event loop"):
        asyncio.run(_open(app))

    serving.run_until_complete(server.stop())
    serving.close()
    asyncio.run(_open(app, "memory:"))


async def _open(app: App, store: str | None = None) -> None:
    async with app.running(store):
        pass
