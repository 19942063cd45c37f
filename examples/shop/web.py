"""The HTTP API, and what begins and ends sagas."""

from msgspec import Struct

from actum import Actions, Conflict, Context, Rejected
from examples.shop.customers import Customer
from examples.shop.fulfilment import Fulfilment, Payment
from examples.shop.orders import NOT_PAID, Line, Order, OrderCancelled, OrderPlaced
from examples.shop.overview import Orders, Overview, Stock, StockLevel
from examples.shop.stock import Cents, Item, Quantity


class NewCustomer(Struct):
    name: str
    email: str


class NewStock(Struct):
    quantity: Quantity
    price: Cents


class NewOrder(Struct):
    """`items` says how many of each item, by its id."""

    customer: str
    items: dict[str, Quantity]


class Sum(Struct):
    total: int


web = Actions()


@web.post("/customers/{id:str}")
async def register(ctx: Context, id: str, data: NewCustomer) -> None:
    await ctx.entity(Customer, id).register(data.name, data.email)


@web.delete("/customers/{id:str}")
async def forget(ctx: Context, id: str) -> None:
    """The orders stay; whose they were can be read nowhere any more."""
    await ctx.entity(Customer, id).leave()
    await ctx.forget(id)


@web.post("/items/{id:str}/stock")
async def stock(ctx: Context, id: str, data: NewStock) -> None:
    await ctx.entity(Item, id).stock(data.quantity, data.price)


@web.post("/orders/{id:str}")
async def place(ctx: Context, id: str, data: NewOrder) -> Sum:
    customer = await ctx.state(Customer, data.customer)
    if not customer.name or customer.has_left:
        raise Rejected("register first", code="unknown_customer")
    lines = [
        Line(sku, quantity, await ctx.entity(Item, sku).price_of_one())
        for sku, quantity in data.items.items()
    ]
    return Sum(await ctx.entity(Order, id).place(data.customer, lines))


@web.post("/orders/{id:str}/payment")
async def pay(ctx: Context, id: str, data: Payment) -> None:
    await ctx.workflow(Fulfilment, id).signal(data)


@web.get("/orders")
async def orders(ctx: Context) -> list[Overview]:
    return await ctx.view(Orders).all()


@web.get("/stock")
async def stock_levels(ctx: Context) -> list[StockLevel]:
    return await ctx.view(Stock).all()


web.on(OrderPlaced).start(Fulfilment)


@web.on(OrderCancelled)
async def stop(ctx: Context, event: OrderCancelled) -> None:
    """An order that nobody paid in time ends its saga, whose compensations release the stock."""
    if event.reason != NOT_PAID:
        return
    try:
        await ctx.workflow(Fulfilment, ctx.event.id).cancel()
    except Conflict:
        return  # It has ended by itself.
