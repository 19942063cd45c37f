"""The order service: every caller does what it may, and who did it is kept."""

from collections.abc import AsyncIterator

import httpx
import pytest

from actum import Event
from actum.testing import testing
from actum.testing.application import Running
from examples.orders.app import Item, Order, app

KEYS = {name: f"a-key-for-the-tests-of-{name}" for name in ("web", "phone", "warehouse", "bank")}


def by(name: str) -> dict[str, str]:
    return {"X-API-Key": KEYS[name]}


@pytest.fixture
async def t(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    for name, key in KEYS.items():
        monkeypatch.setenv(f"ORDERS_{name.upper()}_KEY", key)
    async with testing(app) as running:
        yield running


async def place(http: httpx.AsyncClient, id: str, who: str, quantity: int = 2) -> httpx.Response:
    body = {"item": "apple", "quantity": quantity, "price": 500}
    return await http.post(f"/orders/{id}/place", json=body, headers=by(who))


async def test_an_order_is_placed_reserved_and_paid_and_each_event_says_who_did_it(t: Running) -> None:
    await t.http.post("/items/apple/deliver", json={"quantity": 3}, headers=by("warehouse"))

    placed = await place(t.http, "web-1", "web")
    await t.settle()
    status = await t.http.get("/orders/web-1/current-status", headers=by("web"))
    wrong = await t.http.post("/orders/web-1/pay", json={"payment": "p", "amount": 400}, headers=by("bank"))
    paid = await t.http.post("/orders/web-1/pay", json={"payment": "p", "amount": 500}, headers=by("bank"))
    await t.settle()
    listed = await t.http.get("/orders?status=paid", headers=by("warehouse"))

    assert (placed.status_code, placed.headers["Location"]) == (201, "/orders/web-1")
    assert status.text == "confirmed"
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["price"]) == (422, "wrong_amount", 500)
    assert paid.status_code == 204
    assert listed.json() == [{"id": "web-1", "status": "paid", "placed_by": "web", "paid_by": "bank"}]
    assert await who(t, Order, "web-1") == [("Placed", "web"), ("Confirmed", "web"), ("Paid", "bank")]
    assert await who(t, Item, "apple") == [("Delivered", "warehouse"), ("Reserved", "web")]


async def who(t: Running, cls: type[Order] | type[Item], id: str) -> list[tuple[str, str]]:
    history: list[tuple[Event, str]] = [(one.event, one.metadata.by) for one in await t.ctx.history(cls, id)]
    return [(type(event).__name__, name) for event, name in history]


async def test_an_order_that_is_not_in_stock_is_cancelled(t: Running) -> None:
    await place(t.http, "web-1", "web", quantity=9)
    await t.settle()

    assert (await t.http.get("/orders/web-1/current-status", headers=by("web"))).text == "cancelled"


async def test_nobody_does_what_is_for_others(t: Running) -> None:
    """A shop has its own orders alone, and no caller reserves or decides."""
    await place(t.http, "web-1", "web")

    refused = [
        await place(t.http, "web-2", "phone"),
        await t.http.get("/orders/web-1/current-status", headers=by("phone")),
        await t.http.post("/items/apple/deliver", json={"quantity": 3}, headers=by("web")),
        await t.http.post("/orders/web-1/pay", json={"payment": "p", "amount": 500}, headers=by("web")),
        await t.http.get("/orders?status=paid", headers=by("web")),
        await t.http.get("/schema", headers=by("bank")),
    ]
    missing = [
        await t.http.post("/orders/web-1/decide", json={"is_in_stock": True}, headers=by("warehouse")),
        await t.http.post(
            "/items/apple/reserve", json={"order": "a", "quantity": 1}, headers=by("warehouse")
        ),
    ]

    assert [each.status_code for each in refused] == [403] * 6
    assert [each.status_code for each in missing] == [404] * 2
    assert (await t.http.get("/items/apple")).status_code == 401
