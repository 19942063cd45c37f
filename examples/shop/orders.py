"""Orders: placed once, then paid and sent off, or cancelled, also because nobody paid in time."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from actum import Entity, Event, Rejected, command, reducer
from examples.shop.stock import Quantity

TIME_TO_PAY = timedelta(days=3)
NOT_PAID = "not paid in time"


class Line(Struct, frozen=True):
    """How many of an item, and the price of one in cents when they were ordered."""

    sku: str
    quantity: Quantity
    price: int


Lines = Annotated[list[Line], Meta(min_length=1, max_length=20)]


class OrderPlaced(Event):
    customer: str
    lines: list[Line]


class OrderPaid(Event):
    receipt: str


class OrderSent(Event):
    pass


class OrderCancelled(Event):
    reason: str


def total_of(lines: list[Line]) -> int:
    """Returns what an order costs, in cents."""
    return sum(line.quantity * line.price for line in lines)


class Order(Entity):
    status: str = ""

    @command
    def place(self, customer: str, lines: Lines) -> int:
        if self.exists:
            raise Rejected(f"there is an order {self.id} already", code="placed")
        if len({line.sku for line in lines}) < len(lines):
            raise Rejected("name each item once", code="twice")
        self.emit(OrderPlaced(customer, lines))
        self.schedule(Order.expire, after=TIME_TO_PAY)
        return total_of(lines)

    @command
    def pay(self, receipt: str) -> None:
        if self.status != "placed":
            raise Rejected(f"the order is {self.status or 'not placed'}", code="not_open")
        self.emit(OrderPaid(receipt))
        self.cancel(Order.expire)

    @command
    def send(self) -> None:
        self.emit(OrderSent())

    @command
    def call_off(self, reason: str) -> None:
        """Cancels it; one that is cancelled stays as it is."""
        if self.status != "cancelled":
            self.emit(OrderCancelled(reason))
            self.cancel(Order.expire)

    @command
    def expire(self) -> None:
        self.emit(OrderCancelled(NOT_PAID))

    @reducer
    def placed(self, event: OrderPlaced) -> None:
        self.status = "placed"

    @reducer
    def paid(self, event: OrderPaid) -> None:
        self.status = "paid"

    @reducer
    def sent(self, event: OrderSent) -> None:
        self.status = "sent"

    @reducer
    def cancelled(self, event: OrderCancelled) -> None:
        self.status = "cancelled"
