"""The shop, the application that wrote the first stores that are kept. They have to be read, so it stays."""

import asyncio
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
