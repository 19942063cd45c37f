"""Workflows that events, messages, requests and the clock start; workflows within workflows; and gather."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import Struct

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Rejected,
    StepFailed,
    Workflow,
    command,
    reducer,
)
from actum.testing import testing
from tests.workflows.transfers import ONCE, Account


class Placed(Event):
    sku: str
    quantity: int


class Order(Entity):
    times: int = 0

    @command
    def place(self, sku: str, quantity: int) -> None:
        self.emit(Placed(sku, quantity))

    @reducer
    def placed(self, event: Placed) -> None:
        self.times += 1


class Goods(Struct):
    sku: str
    quantity: int


class Fulfilment(Workflow):
    async def run(self, ctx: Context, order: Placed) -> str:
        return f"{self.id}: {order.quantity} {order.sku}"


class Delivery(Workflow):
    async def run(self, ctx: Context, goods: Goods) -> str:
        return f"{goods.quantity} {goods.sku}"


class Cleaning(Workflow):
    async def run(self, ctx: Context) -> str:
        await ctx.entity(Account, "cleaned").add(1)
        return self.id


def shop_app() -> App:
    shop = Actions(path="/shop")
    shop.on(Placed).start(Fulfilment)
    shop.queue("goods").start(Delivery, id=lambda goods: goods.sku)
    shop.post("/deliveries/{id:str}").start(Delivery)
    shop.every(hours=1).start(Cleaning)
    return App(
        "shop",
        entities=[Order, Account],
        actions=[shop],
        workflows=[Fulfilment, Delivery, Cleaning],
    )


async def test_an_event_starts_a_workflow_under_the_id_of_its_entity() -> None:
    async with testing(shop_app()) as t:
        await t.ctx.entity(Order, "o-1").place("apple", 3)
        await t.settle()

        assert await t.ctx.workflow(Fulfilment, "o-1").result() == "o-1: 3 apple"


async def test_another_event_for_the_same_id_is_a_dead_letter_and_not_lost() -> None:
    async with testing(shop_app()) as t:
        await t.ctx.entity(Order, "o-1").place("apple", 3)
        await t.ctx.entity(Order, "o-1").place("pear", 4)
        await t.advance(hours=1)

        [failure] = await t.failures()
        assert (failure.name, failure.key, failure.state) == ("start_Fulfilment", "Order/o-1", "dead letter")
        assert "started before with other arguments" in failure.why


async def test_a_message_starts_a_workflow_under_the_id_that_a_function_gives() -> None:
    async with testing(shop_app()) as t:
        await t.send("goods", Goods("apple", 3))
        await t.settle()

        assert await t.ctx.workflow(Delivery, "apple").result() == "3 apple"


async def test_a_request_starts_a_workflow() -> None:
    async with testing(shop_app()) as t:
        answer = await t.http.post("/shop/deliveries/d-1", json={"sku": "apple", "quantity": 3})

        assert (answer.status_code, answer.json()) == (201, {"id": "d-1"})
        await t.settle()
        assert await t.ctx.workflow(Delivery, "d-1").result() == "3 apple"


async def test_the_clock_starts_a_workflow_at_each_tick() -> None:
    async with testing(shop_app()) as t:
        await t.advance(hours=3)

        assert (await t.ctx.state(Account, "cleaned")).balance == 3


async def test_a_workflow_started_by_an_erased_entity_goes_with_it() -> None:
    async with testing(shop_app()) as t:
        await t.ctx.entity(Order, "o-1").place("apple", 3)
        await t.settle()
        await t.ctx.delete(Order, "o-1", erase=True)
        await t.settle()

        assert await t.node.services.database.workflows() == []


class Two(Workflow):
    async def run(self, ctx: Context, a: int, b: int) -> None: ...


@pytest.mark.parametrize(
    ("declare", "match"),
    [
        (lambda shop: shop.on(Placed).start(Delivery), "does not take it: annotate"),
        (lambda shop: shop.queue("q").start(Cleaning), "give its run a parameter for the message"),
        (lambda shop: shop.every(hours=1).start(Delivery), "started by the clock, which gives nothing"),
        (lambda shop: shop.get("/x").start(Cleaning), "use post"),
        (lambda shop: shop.queue("q").start(Two), "make them the fields of one Struct"),
        (lambda shop: shop.queue("q").start(Order), "name a Workflow class"),
    ],
)
def test_a_trigger_that_cannot_start_a_workflow_is_refused(
    declare: Callable[[Actions], None], match: str
) -> None:
    def build() -> App:
        shop = Actions()
        declare(shop)
        return App("shop", entities=[Order], actions=[shop], workflows=[Delivery, Cleaning, Two])

    with pytest.raises(DefinitionError, match=match):
        build()


def test_a_trigger_of_a_workflow_that_is_not_listed_is_refused() -> None:
    shop = Actions()
    shop.on(Placed).start(Fulfilment)

    with pytest.raises(DefinitionError, match=r"add it to App\(workflows=\[Fulfilment\]\)"):
        App("shop", entities=[Order], actions=[shop])


class Child(Workflow):
    async def run(self, ctx: Context, days: int) -> int:
        await self.sleep(timedelta(days=days))
        if days == 13:
            raise Rejected("unlucky", code="unlucky")
        return days * 10


class Parent(Workflow):
    async def run(self, ctx: Context, days: int) -> str:
        child = ctx.workflow(Child, f"{self.id}/child")
        is_new = await child.start(days)
        try:
            return f"{is_new} {await child.result()}"
        except Rejected as refused:
            return f"{is_new} {refused.code}"


FAMILY = App("family", workflows=[Parent, Child])


@pytest.mark.parametrize(("days", "result"), [(2, "True 20"), (13, "True unlucky")])
async def test_a_workflow_waits_for_one_that_it_has_started(days: int, result: str) -> None:
    async with testing(FAMILY) as t:
        await t.ctx.workflow(Parent, "p").start(days)
        await t.advance(days=1)
        await t.restart()
        assert (await t.ctx.workflow(Parent, "p").status()).wakes_at is None

        await t.advance(days=days)

        assert await t.ctx.workflow(Parent, "p").result() == result


async def test_gathered_steps_run_beside_one_another_and_what_is_done_stays_done() -> None:
    order: list[str] = []

    async def work(name: str) -> str:
        order.append(f"{name} begins")
        if name == "bad":
            raise OSError("bad")
        return name

    class Many(Workflow):
        async def run(self, ctx: Context) -> str:
            async def slow() -> str:
                await self.sleep(timedelta(days=1))
                return await self.step(work, "slow")

            one, two = await self.gather(self.step(work, "one"), slow())
            try:
                await self.gather(self.step(work, "bad", retries=ONCE), self.step(work, "last"))
            except StepFailed as failed:
                return f"{one} {two} {failed.step}"
            return ""

    async with testing(App("many", workflows=[Many])) as t:
        await t.ctx.workflow(Many, "m").start()
        await t.settle()
        assert order == ["one begins"]
        await t.restart()
        await t.advance(days=1)

        assert await t.ctx.workflow(Many, "m").result() == "one slow work"
        assert order == ["one begins", "slow begins", "bad begins", "last begins"]
