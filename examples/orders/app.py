"""Orders, stock and payments for programs with an API key: `actum run examples.orders.app:app`."""

from typing import Annotated

from msgspec import Meta

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Recorded,
    Rejected,
    Route,
    View,
    command,
    query,
    reducer,
)
from actum.access import Access, ApiKey, ApiKeys, Environment, Principal, has_role, nobody

Quantity = Annotated[int, Meta(ge=1, le=1_000)]
Cents = Annotated[int, Meta(ge=1)]


class Delivered(Event):
    quantity: int


class Reserved(Event):
    order: str
    quantity: int


class Refused(Event):
    order: str


class Item(Entity, emits=[Refused]):
    """An item of the stock, by its number."""

    available: int = 0
    reserved: dict[str, int] = {}  # noqa: RUF012 (each entity gets its own)

    @command
    def deliver(self, quantity: Quantity) -> int:
        """Adds to the stock, and gives what is available."""
        self.emit(Delivered(quantity))
        return self.available

    @command
    def reserve(self, order: str, quantity: Quantity) -> bool:
        """Reserves for an order, once, and says whether there was enough."""
        if order in self.reserved:
            return True
        if quantity > self.available:
            self.emit(Refused(order))
            return False
        self.emit(Reserved(order, quantity))
        return True

    @reducer
    def delivered(self, event: Delivered) -> None:
        self.available += event.quantity

    @reducer
    def taken(self, event: Reserved) -> None:
        self.available -= event.quantity
        self.reserved = {**self.reserved, event.order: event.quantity}


class Placed(Event):
    item: str
    quantity: int
    price: int


class Confirmed(Event):
    pass


class Cancelled(Event):
    pass


class Paid(Event):
    payment: str


class Order(Entity):
    """An order. Its id begins with the name of the shop that places it, as in `web-17`."""

    status: str = "new"
    price: int = 0

    @command
    def place(self, item: str, quantity: Quantity, price: Cents) -> None:
        """Places the order; whether there is enough in stock shows in its status a moment later."""
        if self.exists:
            raise Rejected(f"there is an order {self.id} already", code="placed_before")
        self.emit(Placed(item, quantity, price))

    @command
    def decide(self, is_in_stock: bool) -> None:  # noqa: FBT001 (a command's arguments are fields of a body)
        """Confirms the order, or cancels it."""
        if self.status == "placed":
            self.emit(Confirmed() if is_in_stock else Cancelled())

    @command
    def pay(self, payment: str, amount: Cents) -> None:
        """Takes the payment, which must be for the price."""
        if self.status != "confirmed":
            raise Rejected(f"the order is {self.status}, and not confirmed", code="not_confirmed")
        if amount != self.price:
            raise Rejected(f"the order costs {self.price}", code="wrong_amount", price=self.price)
        self.emit(Paid(payment))

    @query
    def current_status(self) -> str:
        return self.status

    @reducer
    def placed(self, event: Placed) -> None:
        self.status, self.price = "placed", event.price

    @reducer
    def confirmed(self, event: Confirmed) -> None:
        self.status = "confirmed"

    @reducer
    def cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"

    @reducer
    def paid(self, event: Paid) -> None:
        self.status = "paid"


class Orders(View):
    """The orders, with who placed each, and who paid."""

    id: str
    status: str = "placed"
    placed_by: str = ""
    paid_by: str = ""

    @reducer
    def placed(self, event: Placed, recorded: Recorded[Placed]) -> None:
        self.placed_by = recorded.metadata.by

    @reducer
    def confirmed(self, event: Confirmed) -> None:
        self.status = "confirmed"

    @reducer
    def cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"

    @reducer
    def paid(self, event: Paid, recorded: Recorded[Paid]) -> None:
        self.status, self.paid_by = "paid", recorded.metadata.by

    @query("SELECT * FROM orders WHERE status = :status ORDER BY id LIMIT 100")
    def by_status(self, status: str) -> "list[Orders]": ...


service = Actions()
service.expose(Item, path="/items/{id}", without=[Item.reserve], state=True)
service.expose(Order, path="/orders/{id}", without=[Order.decide])
service.expose(Orders, path="/orders", routes={Orders.by_status: Route(path="")})


@service.on(Placed)
async def reserve(ctx: Context, event: Placed) -> None:
    """Runs on the application's own account: no rule allows a caller to do this."""
    is_in_stock = await ctx.entity(Item, event.item).reserve(ctx.event.id, event.quantity)
    await ctx.entity(Order, ctx.event.id).decide(is_in_stock)


def own(principal: Principal, id: str) -> bool:
    """Allows a shop its own orders."""
    return "shop" in principal.roles and id.startswith(f"{principal.id}-")


app = App(
    "orders",
    entities=[Item, Order],
    views=[Orders],
    actions=[service],
    access=Access(
        ApiKeys(
            {
                "web": ApiKey(Environment("ORDERS_WEB_KEY"), roles=["shop"]),
                "phone": ApiKey(Environment("ORDERS_PHONE_KEY"), roles=["shop"]),
                "warehouse": ApiKey(Environment("ORDERS_WAREHOUSE_KEY"), roles=["staff"]),
                "bank": ApiKey(Environment("ORDERS_BANK_KEY"), roles=["bank"]),
            }
        ),
        rules={
            Item: has_role("staff", "shop"),
            Item.deliver: has_role("staff"),
            Item.reserve: nobody,
            Order: own,
            Order.pay: has_role("bank"),
            Order.decide: nobody,
            Orders: has_role("staff"),
            "/schema": has_role("staff"),
            "/-/ready": has_role("staff"),
        },
    ),
)
