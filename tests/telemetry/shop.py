"""A shop whose order goes through a request, an event, an action, a message, a timer and a workflow."""

from datetime import timedelta

from actum import Actions, App, Context, Entity, Event, Rejected, View, Workflow, command, reducer


class Placed(Event):
    amount: int


class Shipped(Event):
    carrier: str


class Order(Entity, emits=[Shipped]):
    amount: int = 0

    @command
    def place(self, amount: int) -> int:
        if amount <= 0:
            raise Rejected("nothing is ordered", code="empty")
        self.emit(Placed(amount))
        return self.amount

    @command
    def hold(self, amount: int) -> None:
        self.emit(Placed(amount))
        self.schedule(Order.ship, after=timedelta(days=1))("by deadline")

    @command
    def ship(self, carrier: str) -> None:
        if carrier == "nobody":
            raise ValueError("a mistake in the code")
        self.emit(Shipped(carrier))

    @reducer
    def placed(self, event: Placed) -> None:
        self.amount += event.amount


class Totals(View):
    id: str
    total: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.total += event.amount


async def pack(ctx: Context, id: str) -> str:
    """Packs an order outside, and keeps the headers with which that was asked for."""
    SENT.append(ctx.trace_headers)
    return f"parcel of {id}"


class Delivery(Workflow):
    async def run(self, ctx: Context, id: str) -> str:
        parcel = await self.step(pack, id)
        await ctx.entity(Order, id).ship("by bike")
        return parcel


SENT: list[dict[str, str]] = []
"""The headers that steps would have sent to another service."""
shop = Actions()


@shop.post("/orders/{id:str}")
async def place(ctx: Context, id: str, amount: int) -> int:
    return await ctx.entity(Order, id).place(amount)


@shop.post("/orders/{id:str}/hold")
async def hold(ctx: Context, id: str, amount: int) -> None:
    await ctx.entity(Order, id).hold(amount)


@shop.get("/totals/{id:str}")
async def total(ctx: Context, id: str) -> int:
    row = await ctx.view(Totals).get(id)
    return 0 if row is None else row.total


@shop.every(hours=6)
async def tidy(ctx: Context) -> None:
    await ctx.queue("invoices").send("tidy")


@shop.get("/broken")
async def broken(ctx: Context) -> int:
    raise ValueError("a mistake in the code")


@shop.on(Placed)
async def deliver(ctx: Context, event: Placed) -> None:
    if event.amount == 13:
        raise ValueError("no thirteens")
    await ctx.queue("invoices").send(str(event.amount))
    await ctx.workflow(Delivery, ctx.event.id).start(ctx.event.id)
    await ctx.schedule(Order.ship, f"{ctx.event.id}-late", after=timedelta(seconds=30))("by timer")


@shop.queue("invoices")
async def invoice(ctx: Context, amount: str) -> None:
    await ctx.entity(Order, "invoices").ship(amount)


app = App("shop", entities=[Order], views=[Totals], actions=[shop], workflows=[Delivery])
