"""A release that is rolled back and comes again: what the older one cannot read waits, nothing is lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Retries, Workflow, command, reducer
from actum.errors import UnknownEvent
from actum.runtime.clock import ManualClock
from actum.runtime.node import Node
from actum.stores.open import open_stores
from tests.runtime.nodes import START, node_on
from tests.servers.stores import store_of


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return store_of(request, tmp_path)


class Effects:
    """What happened outside, in order; `stuck` are the ids over which actions hang."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun: list[str] = []
        self.stuck: set[str] = set()

    async def happen(self, what: str, id: str) -> None:
        self.begun.append(f"{what} {id}")
        while id in self.stuck:  # noqa: ASYNC110 (until its attempt is cancelled)
            await asyncio.sleep(0.01)
        self.done.append(f"{what} {id}")

    def times(self, what: str) -> int:
        return self.done.count(what)


class Payment(Struct):
    amount: int


class PaymentIn(Struct):
    """The payment of the newer release."""

    amount: float
    currency: str = "EUR"


def older(effects: Effects, since: Any = "now") -> App:
    """The release of before."""

    class Placed(Event):
        sku: str

    class Order(Entity):
        sku: str = ""

        @command
        def place(self, sku: str) -> None:
            self.emit(Placed(sku))

        @reducer
        def placed(self, event: Placed) -> None:
            self.sku = event.sku

    shop = Actions()

    @shop.on(Placed, since=since)
    async def confirm(ctx: Context, event: Placed) -> None:
        await effects.happen("placed", ctx.event.id)

    @shop.queue("payments")
    async def pay(ctx: Context, payment: Payment) -> None:
        await effects.happen("paid", str(payment.amount))

    class Delivery(Workflow):
        async def run(self, ctx: Context, sku: str) -> None:
            await ctx.entity(Order, self.id).place(sku)

    return App("shop", entities=[Order], actions=[shop], workflows=[Delivery])


def newer(effects: Effects, since: Any = "now") -> App:
    """The release after it: Placed has version 2, Shipped is new, and there is a command to be scheduled."""

    class Placed(Event, version=2):
        sku: str
        channel: str

    @Placed.upcast(1)
    def placed_from_1(payload: dict[str, Any]) -> dict[str, Any]:
        return payload | {"channel": "web"}

    class Shipped(Event):
        pass

    class Order(Entity):
        sku: str = ""

        @command
        def place(self, sku: str) -> None:
            self.emit(Placed(sku, "shop"))

        @command
        def ship(self) -> None:
            self.emit(Shipped())

        @reducer
        def placed(self, event: Placed) -> None:
            self.sku = event.sku

        @reducer
        def shipped(self, event: Shipped) -> None:
            self.sku = ""

    shop = Actions()

    @shop.on(Placed, Shipped, since=since)
    async def confirm(ctx: Context, event: Placed | Shipped) -> None:
        await effects.happen("placed" if isinstance(event, Placed) else "shipped", ctx.event.id)

    @shop.queue("payments")
    async def pay(ctx: Context, payment: PaymentIn) -> None:
        await effects.happen("paid", str(payment.amount))

    class Delivery(Workflow):
        async def run(self, ctx: Context, sku: str) -> None:
            await ctx.entity(Order, self.id).place(sku)

    return App("shop", entities=[Order], actions=[shop], workflows=[Delivery])


@asynccontextmanager
async def running(
    app: App, store: str, clock: ManualClock | None = None
) -> AsyncGenerator[tuple[Node, Context]]:
    async with (
        asyncio.timeout(120),
        open_stores(store) as stores,
        node_on(app, stores.journal, stores.database, clock=clock) as node,
    ):
        yield node, Context(node.services)


def order(app: App) -> Any:
    return app._definition.catalog.kinds["Order"].cls


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_dead(node: Node, count: int) -> list[Any]:
    async with asyncio.timeout(60):
        while True:
            found = await node.services.database.letters(status="dead")
            if len(found) == count:
                return list(found)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("since", ["now", "beginning"])
async def test_events_that_only_the_newer_release_knows_are_handled_once_when_it_comes_again(
    store: str, since: str
) -> None:
    effects = Effects()
    old, new = older(effects, since), newer(effects, since)
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "a").place("x")
        await ctx.entity(order(new), "a").ship()
        await until(lambda: effects.times("shipped a") == 1)
        await until(lambda: effects.times("placed a") == 1)
    effects.stuck.add("b")
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "b").ship()
        await until(lambda: "shipped b" in effects.begun)
    effects.stuck.clear()

    for _ in range(2):  # It is restarted, too.
        async with running(old, store) as (_, ctx):
            await ctx.entity(order(old), "c").place("x")
            count = effects.times("placed c")
            await until(lambda count=count: effects.times("placed c") == count + 1)  # type: ignore[misc]
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "d").ship()
        await until(lambda: effects.times("shipped d") == 1 and effects.times("shipped b") == 1)
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "e").ship()
        await until(lambda: effects.times("shipped e") == 1)

    counts = {what: effects.times(what) for what in set(effects.done)}
    assert counts == {
        "placed a": 1,
        "shipped a": 1,
        "shipped b": 1,
        "placed c": 2,
        "shipped d": 1,
        "shipped e": 1,
    }


async def test_an_event_of_a_newer_version_waits_by_name_and_is_handled_when_that_release_comes_again(
    store: str,
) -> None:
    effects = Effects()
    old, new = older(effects), newer(effects)
    effects.stuck.add("a")
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "a").place("x")
        await until(lambda: "placed a" in effects.begun)
    effects.stuck.clear()

    async with running(old, store) as (node, ctx):
        await ctx.entity(order(old), "b").place("x")
        await until(lambda: effects.times("placed b") == 1)
        [letter] = await until_dead(node, 1)
        shown = [str(one) for one in await node.services.readiness.look()]
        with pytest.raises(UnknownEvent):
            await ctx.entity(order(old), "a").place("y")

    assert (letter.key, letter.error.partition(":")[0]) == ("Order/a", "UnknownEvent")
    assert any("Order/a: dead letter" in one and "newer program" in one for one in shown)
    async with running(new, store) as (node, ctx):
        await until(lambda: effects.times("placed a") == 1)
        await until_dead(node, 0)
    assert effects.done.count("placed a") == 1


async def test_a_timer_whose_command_only_the_newer_release_has_waits_for_it(store: str) -> None:
    effects = Effects()
    old, new = older(effects), newer(effects)
    async with running(new, store, ManualClock(START)) as (_, ctx):
        await ctx.schedule(order(new).ship, "a", after=timedelta(hours=1))()
        await ctx.schedule(order(new).ship, "b", after=timedelta(days=1))()

    later = START + timedelta(hours=2) // timedelta(microseconds=1)
    async with running(old, store, ManualClock(later)) as (node, _):
        [letter] = await until_dead(node, 1)
    async with running(new, store, ManualClock(later)) as (node, _):
        await until(lambda: effects.times("shipped a") == 1)
        await until_dead(node, 0)

    assert letter.key == "Order/a"
    assert "there is no command Order.ship any more" in letter.error
    assert effects.done == ["shipped a"]


async def test_a_message_that_only_the_newer_release_can_read_waits_for_it(store: str) -> None:
    effects = Effects()
    old, new = older(effects), newer(effects)
    effects.stuck.add("1.5")
    async with running(new, store) as (_, ctx):
        await ctx.queue("payments").send(PaymentIn(1.5), key="a")
        await until(lambda: "paid 1.5" in effects.begun)
    effects.stuck.clear()

    async with running(old, store) as (node, ctx):
        await ctx.queue("payments").send(Payment(2), key="b")
        await until(lambda: effects.times("paid 2") == 1)
        [letter] = await until_dead(node, 1)
    async with running(new, store) as (node, _):
        await until(lambda: effects.times("paid 1.5") == 1)
        await until_dead(node, 0)

    assert letter.error.startswith("OutdatedRecord: the message does not fit its type")


async def test_a_workflow_that_needs_what_only_the_newer_release_can_read_goes_on_with_it(store: str) -> None:
    effects = Effects()
    old, new = older(effects), newer(effects)
    async with running(new, store) as (_, ctx):
        await ctx.entity(order(new), "a").place("x")

    async with running(old, store) as (node, ctx):
        delivery = old._definition.catalog.workflows["Delivery"].cls
        await ctx.workflow(delivery, "a").start("y")
        async with asyncio.timeout(60):
            while not (stalled := await node.services.database.workflows(status="stalled")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    async with running(new, store) as (_, ctx):
        delivery = new._definition.catalog.workflows["Delivery"].cls
        await ctx.workflow(delivery, "a").result(within=timedelta(seconds=60))
        events = await ctx.history(order(new), "a")

    assert [one.error.partition(":")[0] for one in stalled] == ["UnknownEvent"]
    assert [one.event.sku for one in events] == ["x", "y"]


async def test_a_dead_letter_of_another_cause_is_left_to_an_operator(store: str) -> None:
    effects = Effects()

    def failing() -> App:
        class Placed(Event):
            sku: str

        class Order(Entity, emits=[Placed]):
            @command
            def place(self, sku: str) -> None:
                self.emit(Placed(sku))

        shop = Actions()

        @shop.on(Placed, retries=Retries(attempts=1))
        async def confirm(ctx: Context, event: Placed) -> None:
            effects.done.append("tried")
            raise ValueError("out of paper")

        return App("shop", entities=[Order], actions=[shop])

    from_first = failing()
    async with running(from_first, store) as (node, ctx):
        await ctx.entity(order(from_first), "a").place("x")
        await until_dead(node, 1)
    tried = len(effects.done)
    async with running(failing(), store) as (node, _):
        await node.settle()

    assert len(effects.done) == tried
