"""The cart: each user has one at a time, sees no other, and gets a new one at the checkout."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest

from actum.testing import Running, given, testing
from examples.cart.app import Cart, CheckedOut, Item, ItemAdded, ItemRemoved, app

SECRET = "the-secret-of-the-tests-of-the-cart"


@pytest.fixture
async def t(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setenv("CART_TOKEN_SECRET", SECRET)
    async with testing(app) as running:
        yield running


def by(user: str) -> dict[str, str]:
    claims = {"iss": "shop", "aud": "cart", "sub": user, "exp": 4_000_000_000}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


async def add(http: httpx.AsyncClient, user: str, product: str, quantity: int = 1) -> httpx.Response:
    item = {"product": product, "name": product.title(), "quantity": quantity}
    return await http.put("/carts/my/items", json=item, headers=by(user))


async def my_cart(t: Running, user: str) -> Any:
    await t.settle()
    answer = await t.http.get("/carts/my", headers=by(user))
    return answer.json() if answer.status_code == 200 else answer.status_code


async def test_a_cart_is_filled_and_items_are_counted_and_removed(t: Running) -> None:
    assert await my_cart(t, "ann") == 404
    for product, quantity in (("tea", 2), ("cup", 1), ("tea", 3)):
        assert (await add(t.http, "ann", product, quantity)).status_code == 204
    cart = await my_cart(t, "ann")
    removed = await t.http.delete("/carts/my/items/cup", headers=by("ann"))
    missing = await t.http.delete("/carts/my/items/cup", headers=by("ann"))

    assert (cart["id"], cart["owner"], cart["checked_out"]) == ("ann-1", "ann", False)
    assert [(item["product"], item["quantity"]) for item in cart["items"]] == [("cup", 1), ("tea", 5)]
    assert removed.status_code == 204
    assert (missing.status_code, missing.json()["code"]) == (422, "not_in_cart")
    assert [item["product"] for item in (await my_cart(t, "ann"))["items"]] == ["tea"]
    assert (await add(t.http, "ann", "tea", 0)).status_code == 400


async def test_after_the_checkout_there_is_a_new_cart(t: Running) -> None:
    await add(t.http, "ann", "tea")
    done = await t.http.post("/carts/my/checkout", headers=by("ann"))
    assert done.status_code == 204
    assert await my_cart(t, "ann") == 404

    empty = await t.http.post("/carts/my/checkout", headers=by("ann"))
    await add(t.http, "ann", "cup")
    before = await t.http.get("/carts/ann-1", headers=by("ann"))

    assert empty.status_code == 404
    assert (await my_cart(t, "ann"))["id"] == "ann-2"
    assert (before.json()["checked_out"], before.json()["items"][0]["product"]) == (True, "tea")


async def test_nobody_sees_the_cart_of_another_user(t: Running) -> None:
    await add(t.http, "ann", "tea")
    await t.settle()

    foreign = await t.http.get("/carts/ann-1", headers=by("bob"))
    unknown = await t.http.get("/carts/ann-1")

    assert (foreign.status_code, unknown.status_code) == (404, 401)
    assert await my_cart(t, "bob") == 404


def test_the_rules_of_a_cart_alone() -> None:
    tea = Item("tea", "Tea", 2)
    given(Cart).when(Cart.add, "ann", tea).then(ItemAdded("ann", tea))
    given(Cart, ItemAdded("ann", tea)).when(Cart.remove, "tea").then(ItemRemoved("tea"))
    given(Cart, ItemAdded("ann", tea)).when(Cart.check_out).then(CheckedOut("ann"))
    done = given(Cart, ItemAdded("ann", tea), CheckedOut("ann"))
    done.when(Cart.check_out).then()
    done.when(Cart.add, "ann", tea).rejected(code="checked_out")
