"""The application that wrote the stores of earlier versions: what it wrote has to be read, so it stays."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from actum import Actions, App, Context, Entity, Event, Rejected, Retries, View, command, query, reducer

Amount = Annotated[int, Meta(gt=0)]


class Line(Struct):
    sku: str
    quantity: int = 1


class Placed(Event):
    customer: str
    lines: list[Line]
    total: Decimal


class Paid(Event):
    amount: int


class Cancelled(Event):
    reason: str | None = None


class Order(Entity, snapshot_every=4):
    customer: str = ""
    lines: list[Line] = []  # noqa: RUF012
    paid: int = 0
    is_cancelled: bool = False

    @command
    def place(self, customer: str, lines: list[Line], total: Decimal) -> str:
        if self.exists:
            raise Rejected("the order is placed already", code="placed")
        self.emit(Placed(customer, lines, total))
        return f"order {self.id} of {customer}"

    @command
    def pay(self, amount: Amount) -> int:
        self.emit(Paid(amount))
        return self.paid

    @command
    def cancel(self, reason: str | None = None) -> None:
        self.emit(Cancelled(reason))

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.lines = event.customer, event.lines

    @reducer
    def was_paid(self, event: Paid) -> None:
        self.paid += event.amount

    @reducer
    def was_cancelled(self, event: Cancelled) -> None:
        self.is_cancelled = True


class Orders(View, indexes=["customer"]):
    id: str
    customer: str = ""
    lines: list[Line] = []  # noqa: RUF012
    total: Decimal = Decimal(0)
    paid: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.lines, self.total = event.customer, event.lines, event.total

    @reducer
    def was_paid(self, event: Paid) -> None:
        self.paid += event.amount

    @query("SELECT sum(paid) FROM orders WHERE customer = :customer")
    def paid_by(self, customer: str) -> int | None: ...


class Parcel(Struct):
    order: str
    weight: Decimal


class Shop:
    """What the outside world does in a test: takes parcels or lets them wait, and fails for some orders."""

    def __init__(self) -> None:
        self.is_open = True
        self.is_broken: set[str] = set()
        self.shipped: list[str] = []
        self.thanked: list[str] = []


outside = Shop()
shop = Actions()


@shop.on(Paid, retries=Retries(attempts=1))
async def thank(ctx: Context, event: Paid) -> None:
    if ctx.event.id in outside.is_broken:
        raise RuntimeError("the mail server says no")
    outside.thanked.append(f"{ctx.event.id}:{event.amount}")


@shop.queue("parcels")
async def ship(ctx: Context, message: Parcel) -> None:
    if not outside.is_open:
        await asyncio.Event().wait()
    outside.shipped.append(message.order)


@shop.every(hours=10_000)
async def count(ctx: Context) -> None:
    """Counts the stock, once a year or so."""


app = App("landed", entities=[Order], views=[Orders], actions=[shop], key_retention=None)

BROKEN = "o-3"
KEY = "p-77"
TIMER = "late"


async def fill(ctx: Context) -> None:
    """Leaves something of everything in a store."""
    outside.is_open, outside.is_broken = False, {BROKEN}
    for number in range(1, 6):
        lines = [Line("apple", number), Line("pear ☂")]
        await ctx.entity(Order, f"o-{number}").place(f"c-{number % 2}", lines, Decimal(f"{number}.50"))
    for amount in (1, 2, 3, 4, 5):
        await ctx.entity(Order, "o-1").pay(amount)
    await ctx.entity(Order, "o-2", idempotency_key=KEY).pay(20)
    await ctx.entity(Order, BROKEN).pay(30)
    await ctx.entity(Order, BROKEN).pay(31)
    await ctx.entity(Order, "o-4").cancel()
    await ctx.queue("parcels").send(Parcel("o-1", Decimal("0.5")), key="o-1")
    await ctx.queue("parcels").send(Parcel("o-2", Decimal("1.5")), key="o-1")
    await ctx.schedule(Order.cancel, "o-5", after=timedelta(days=36_500), name=TIMER)("nobody paid")
    await ctx.view(Orders).paid_by("c-1")
