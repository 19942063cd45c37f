"""The customer registry: what may be done with a customer, and how customers are found."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from actum.model.entity import entity_type
from actum.model.event import Stored
from actum.model.turn import Instance
from actum.testing import Running, testing
from examples.registry.app import Address, Customer, app

ANN: dict[str, Any] = {
    "email": "ann@example.org",
    "name": "Ann",
    "address": {"street": "Long Road 1", "city": "York"},
}


@pytest.fixture
async def t() -> AsyncIterator[Running]:
    async with testing(app) as running:
        yield running


async def test_a_customer_is_created_once_and_changed(t: Running) -> None:
    created = await t.http.post("/customers/c-1", json=ANN)
    twice = await t.http.post("/customers/c-1", json=ANN)
    renamed = await t.http.patch("/customers/c-1/name", json={"name": "Anne"})
    moved = await t.http.patch(
        "/customers/c-1/address", json={"address": {"street": "Short Road 2", "city": "Leeds"}}
    )
    shown = await t.http.get("/customers/c-1")

    assert (created.status_code, created.headers["Location"]) == (201, "/customers/c-1")
    assert (twice.status_code, twice.json()["code"]) == (409, "already-exists")
    assert (renamed.status_code, moved.status_code) == (204, 204)
    assert shown.json() == {
        "email": "ann@example.org",
        "name": "Anne",
        "address": {"street": "Short Road 2", "city": "Leeds"},
    }


async def test_who_is_no_customer_is_not_found(t: Running) -> None:
    answers = [
        await t.http.get("/customers/c-9"),
        await t.http.patch("/customers/c-9/name", json={"name": "Anne"}),
        await t.http.patch("/customers/c-9/address", json={"address": ANN["address"]}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await t.http.get("/customers/by-name?name=Anne")).json() == []


async def test_customers_are_found_by_name_and_by_email(t: Running) -> None:
    """As soon as they are changed, for who changed them."""
    for id, email in (("c-1", "ann@example.org"), ("c-2", "ann@example.com")):
        await t.http.post(f"/customers/{id}", json={**ANN, "email": email})
    last = await t.http.patch("/customers/c-2/name", json={"name": "Anne"})
    seen = {"Actum-Position": last.headers["Actum-Position"]}

    by_name = await t.http.get("/customers/by-name?name=Ann", headers=seen)
    by_email = await t.http.get("/customers/by-email?email=ann@example.com", headers=seen)

    assert [row["id"] for row in by_name.json()] == ["c-1"]
    assert by_email.json() == [{**ANN, "id": "c-2", "email": "ann@example.com", "name": "Anne"}]


def test_customers_of_before_the_address_had_parts_are_read() -> None:
    payload = b'{"email":"a@b.org","name":"Ann","street":"Long Road 1","city":"York"}'
    instance = Instance(entity_type(Customer), "c-1")

    instance.replay([Stored(1, "Customer", "c-1", 1, "CustomerCreated", 1, payload, b"{}", 7)])

    assert instance.state.address == Address("Long Road 1", "York")
