"""The shop: an order goes its whole way, or leaves nothing behind, however its payment goes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actum import FORGOTTEN, Rejected, Taken, WorkflowCancelled
from actum.key_services.open import new_key
from actum.testing import testing
from actum.testing.application import Running
from examples.shop.app import app
from examples.shop.customers import Customer
from examples.shop.fulfilment import Fulfilment, Payment
from examples.shop.orders import NOT_PAID, Line, Order
from examples.shop.overview import Orders, Overview, Stock, StockLevel
from examples.shop.payments import Payments
from examples.shop.service import Charge, Service
from examples.shop.stock import Item

ROOT = Path(__file__).parents[2]
CARD, REFUSED = "1234", "0000"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the application, for stores that last."""
    monkeypatch.setenv("ACTUM_KEY", new_key())


def contents_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


class PaymentsInProcess(Payments):
    """The payment service of the demo, without the network."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def charge(self, key: str, card: str, amount: int) -> str:
        response = self.service.charge(key, Charge(card, amount))
        if response.status_code == 402:
            raise Rejected("the card was refused", code="refused")
        if response.status_code == 503:
            raise OSError("the service is away")
        receipt: str = response.content["receipt"]
        return receipt

    async def refund(self, key: str) -> None:
        self.service.refund(key)


@asynccontextmanager
async def shop(service: Service, store: str = "memory:") -> AsyncIterator[Running]:
    """The shop with that payment service, ten apples, and a customer."""
    async with testing(app, store=store, doubles={Payments: PaymentsInProcess(service)}) as t:
        await t.ctx.entity(Customer, "ada").register("Ada Byron", "ada@example.org")
        await t.ctx.entity(Item, "apple").stock(10, 40)
        yield t


async def place(t: Running, order: str = "o-1", quantity: int = 3) -> None:
    await t.ctx.entity(Order, order).place("ada", [Line("apple", quantity, 40)])
    await t.settle()


async def pay(t: Running, card: str, order: str = "o-1") -> None:
    await t.ctx.workflow(Fulfilment, order).signal(Payment(card))
    await t.advance(minutes=10)


async def test_an_order_is_reserved_paid_and_sent() -> None:
    service = Service(outages=0)
    async with shop(service) as t:
        await place(t)
        [waiting] = await t.ctx.view(Stock).all()
        await pay(t, CARD)

        assert waiting == StockLevel("apple", 7, 3)
        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 7, 0)]
        assert await t.ctx.view(Orders).all() == [Overview("o-1", "Ada Byron", 120, "sent", "")]
        assert service.charges == {"o-1": Charge(CARD, 120)}
        assert await t.ctx.timers() == []


async def test_a_customer_who_is_forgotten_leaves_orders_without_a_name(
    tmp_path: Path,
) -> None:
    async with shop(Service(outages=0), f"sqlite:///{tmp_path / 'shop.db'}") as t:
        await place(t)
        await pay(t, CARD)

        assert (await t.http.delete("/customers/ada")).status_code == 204
        again = await t.http.delete("/customers/ada")

        assert again.status_code == 204
        assert await t.ctx.view(Orders).all() == [Overview("o-1", None, 120, "sent", "")]
        assert (await t.ctx.state(Customer, "ada")).email == FORGOTTEN
        await t.ctx.entity(Customer, "eve").register("Eve", "ada@example.org")
        refused = await t.http.post("/orders/o-2", json={"customer": "ada", "items": {"apple": 1}})
        assert refused.json()["code"] == "unknown_customer"
    assert b"Byron" not in b"".join(contents_of(tmp_path))


async def test_a_service_that_is_away_is_asked_again_and_charges_once() -> None:
    """One of its failures comes after its effect."""
    service = Service(outages=3)
    async with shop(service) as t:
        await place(t)
        await pay(t, CARD)

        assert (await t.ctx.state(Order, "o-1")).status == "sent"
        assert service.requests == {"o-1": 4}
        assert service.charges == {"o-1": Charge(CARD, 120)}
        assert service.refunded == set()


async def test_a_refused_card_cancels_the_order_and_releases_the_stock() -> None:
    service = Service(outages=1)
    async with shop(service) as t:
        await place(t)
        await pay(t, REFUSED)

        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 10, 0)]
        [order] = await t.ctx.view(Orders).all()
        assert (order.status, order.why) == ("cancelled", "it could not be fulfilled")
        assert service.charges == {}
        with pytest.raises(Rejected, match="the card was refused"):
            await t.ctx.workflow(Fulfilment, "o-1").result()
        assert await t.ctx.timers() == []


async def test_what_was_charged_is_refunded_if_the_order_was_cancelled_meanwhile() -> None:
    service = Service(outages=1)
    async with shop(service) as t:
        await place(t)
        await t.ctx.workflow(Fulfilment, "o-1").signal(Payment(CARD))
        await t.settle()
        await t.ctx.entity(Order, "o-1").call_off("changed her mind")
        await t.advance(minutes=10)

        assert (await t.ctx.state(Order, "o-1")).status == "cancelled"
        assert service.refunded == {"o-1"}
        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 10, 0)]


async def test_an_order_that_nobody_pays_is_cancelled_after_three_days() -> None:
    async with shop(Service()) as t:
        await place(t)
        await t.advance(days=2)
        assert (await t.ctx.state(Order, "o-1")).status == "placed"
        await t.advance(days=1)

        [order] = await t.ctx.view(Orders).all()
        assert (order.status, order.why) == ("cancelled", NOT_PAID)
        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 10, 0)]
        with pytest.raises(WorkflowCancelled):
            await t.ctx.workflow(Fulfilment, "o-1").result()


async def test_an_order_of_more_than_there_is_leaves_other_items_free() -> None:
    async with shop(Service()) as t:
        await t.ctx.entity(Item, "pear").stock(1, 50)
        await t.ctx.entity(Order, "o-1").place("ada", [Line("apple", 3, 40), Line("pear", 2, 50)])
        await t.settle()

        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 10, 0), StockLevel("pear", 1, 0)]
        assert (await t.ctx.state(Order, "o-1")).status == "cancelled"


async def test_an_order_id_is_used_once_and_an_email_belongs_to_one_customer() -> None:
    async with shop(Service()) as t:
        await place(t)
        with pytest.raises(Rejected, match="an order o-1 already"):
            await t.ctx.entity(Order, "o-1").place("ada", [Line("apple", 1, 40)])
        with pytest.raises(Taken):
            await t.ctx.entity(Customer, "eve").register("Eve", "ADA@example.org")
        await t.ctx.entity(Customer, "ada").change_email("ada@example.com")
        await t.ctx.entity(Customer, "eve").register("Eve", "ada@example.org")

        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 7, 3)]


async def test_an_order_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    service = Service(outages=2)
    async with shop(service, f"sqlite:///{tmp_path / 'shop.db'}") as t:
        await place(t)
        await t.restart()
        await t.ctx.workflow(Fulfilment, "o-1").signal(Payment(CARD))
        await t.settle()
        await t.restart()
        await t.advance(minutes=10)

        assert (await t.ctx.state(Order, "o-1")).status == "sent"
        assert service.charges == {"o-1": Charge(CARD, 120)}
        assert await t.ctx.view(Stock).all() == [StockLevel("apple", 7, 0)]


async def test_what_is_wrong_is_said_over_http() -> None:
    async with shop(Service()) as t:
        unknown = await t.http.post("/orders/o-1", json={"customer": "bob", "items": {"apple": 1}})
        no_item = await t.http.post("/orders/o-1", json={"customer": "ada", "items": {"plum": 1}})
        nothing = await t.http.post("/orders/o-1", json={"customer": "ada", "items": {}})
        none = await t.http.post("/orders/o-1", json={"customer": "ada", "items": {"apple": 0}})
        early = await t.http.post("/orders/o-9/payment", json={"card": CARD})

        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_customer")
        assert (no_item.status_code, no_item.json()["code"]) == (422, "unknown_item")
        assert [nothing.status_code, none.status_code, early.status_code] == [400, 400, 404]
        assert await t.ctx.view(Orders).all() == []


@pytest.mark.slow
async def test_the_demo_runs_to_its_end_with_a_service_of_its_own() -> None:
    """As its README says, over the network; both servers are in the process that is started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "examples.shop", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    assert process.returncode == 0
    assert "'status': 'sent'" in said.decode()
    assert "'status': 'cancelled'" in said.decode()
    assert "{'id': 'apple', 'free': 7, 'reserved': 0}" in said.decode()
    assert "charged: ['o-1']" in said.decode()
