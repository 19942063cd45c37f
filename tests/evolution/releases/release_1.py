"""The shop, release 1."""

import asyncio
from datetime import timedelta

from msgspec import Struct
from outside import happen, is_broken, is_busy

from actum import Actions, App, Context, Entity, Event, Retries, View, Workflow, command, query, reducer

SOON = timedelta(seconds=2)


class Placed(Event):
    sku: str


class Reminded(Event):
    reason: str


class Approved(Struct):
    by: str


class Order(Entity):
    sku: str = ""
    reminders: int = 0

    @command
    def place(self, sku: str) -> None:
        if not self.sku:
            self.emit(Placed(sku))
            self.schedule(Order.remind, after=SOON)("unpaid")

    @command
    def remind(self, reason: str) -> None:
        self.emit(Reminded(reason))

    @query
    def reminded(self) -> int:
        return self.reminders

    @reducer
    def placed(self, event: Placed) -> None:
        self.sku = event.sku

    @reducer
    def was_reminded(self, event: Reminded) -> None:
        self.reminders += 1


class Orders(View):
    id: str
    sku: str = ""

    @reducer
    def placed(self, event: Placed) -> None:
        self.sku = event.sku

    @query("SELECT id FROM orders ORDER BY id")
    def ids(self) -> list[str]: ...


async def charge(ctx: Context, order: str) -> str:
    happen("charged", order, ctx.new_id())
    return "receipt"


async def ship(ctx: Context, order: str) -> str:
    happen("shipped", order, ctx.new_id())
    return "parcel"


class Fulfilment(Workflow):
    async def run(self, ctx: Context, sku: str) -> str:
        await self.step(charge, self.id)
        await self.receive(Approved)
        return await self.step(ship, self.id)


shop = Actions()


@shop.on(
    Placed,
    retries=Retries(attempts=2, first=timedelta(milliseconds=50)),
    timeout=timedelta(minutes=10),
)
async def confirm(ctx: Context, event: Placed) -> None:
    while ctx.event.id.endswith("held") and is_busy():  # noqa: ASYNC110 (until the process is killed)
        await asyncio.sleep(0.05)
    if ctx.event.id.endswith("jam") and is_broken():
        raise RuntimeError("the printer is jammed")
    happen("confirmed", ctx.event.id, ctx.new_id())


@shop.on(Placed)
async def fulfil(ctx: Context, event: Placed) -> None:
    await ctx.workflow(Fulfilment, ctx.event.id).start(event.sku)


@shop.post("/orders/{id:str}")
async def place(ctx: Context, id: str) -> None:
    await ctx.entity(Order, id).place("tea")


@shop.post("/approvals/{id:str}")
async def approve(ctx: Context, id: str) -> None:
    await ctx.workflow(Fulfilment, id).signal(Approved("ann"))


@shop.get("/orders")
async def listed(ctx: Context) -> list[str]:
    return await ctx.view(Orders).ids()


@shop.get("/reminders/{id:str}")
async def reminders(ctx: Context, id: str) -> int:
    return await ctx.entity(Order, id).reminded()


app = App("shop", entities=[Order], views=[Orders], actions=[shop], workflows=[Fulfilment])
