"""Views: what the shop's people look at."""

from msgspec import Struct

from actum import Personal, View, query, reducer
from examples.shop.customers import CustomerRegistered, EmailChanged
from examples.shop.orders import OrderCancelled, OrderPaid, OrderPlaced, OrderSent, total_of
from examples.shop.stock import Released, Reserved, Shipped, Stocked


class Customers(View):
    id: str
    name: Personal[str] = ""
    email: Personal[str] = ""

    @reducer
    def registered(self, event: CustomerRegistered) -> None:
        self.name, self.email = event.name, event.email

    @reducer
    def email_changed(self, event: EmailChanged) -> None:
        self.email = event.email


class Overview(Struct):
    """An order with its customer's name, None once forgotten.

    `total` is in cents, `why` says why it was cancelled.
    """

    id: str
    customer: str | None
    total: int
    status: str
    why: str


class Orders(View, indexes=["customer"]):
    id: str
    customer: str = ""
    total: int = 0
    status: str = ""
    why: str = ""

    @reducer
    def placed(self, event: OrderPlaced) -> None:
        self.customer, self.total, self.status = event.customer, total_of(event.lines), "placed"

    @reducer
    def paid(self, event: OrderPaid) -> None:
        self.status = "paid"

    @reducer
    def sent(self, event: OrderSent) -> None:
        self.status = "sent"

    @reducer
    def cancelled(self, event: OrderCancelled) -> None:
        self.status, self.why = "cancelled", event.reason

    @query("""
        SELECT orders.id, customers.name AS customer, total, status, why
        FROM orders JOIN customers ON customers.id = orders.customer ORDER BY orders.id
    """)
    def all(self) -> list[Overview]: ...


class Stock(View):
    id: str
    free: int = 0
    reserved: int = 0

    @reducer
    def stocked(self, event: Stocked) -> None:
        self.free += event.quantity

    @reducer
    def has_reserved(self, event: Reserved) -> None:
        self.free -= event.quantity
        self.reserved += event.quantity

    @reducer
    def released(self, event: Released) -> None:
        self.free += event.quantity
        self.reserved -= event.quantity

    @reducer
    def shipped(self, event: Shipped) -> None:
        self.reserved -= event.quantity

    @query("SELECT id, free, reserved FROM stock ORDER BY id")
    def all(self) -> "list[StockLevel]": ...


class StockLevel(Struct):
    """How many of an item are free, and how many reserved."""

    id: str
    free: int
    reserved: int
