"""A shop with something of everything that the console shows: parts that work, and parts that fail."""

from typing import Annotated

from msgspec import Meta

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Rejected,
    Retries,
    View,
    Workflow,
    command,
    query,
    reducer,
)

Amount = Annotated[int, Meta(gt=0)]


class Placed(Event):
    customer: str
    amount: int


class Paid(Event):
    amount: int


class Cancelled(Event):
    reason: str


class Counted(Event):
    count: int


class Order(Entity):
    customer: str = ""
    amount: int = 0
    is_paid: bool = False

    @command
    def place(self, customer: str, amount: Amount) -> None:
        if self.exists:
            raise Rejected("the order was placed before")
        self.emit(Placed(customer, amount))

    @command
    def pay(self, amount: Amount) -> int:
        self.emit(Paid(amount))
        return self.amount

    @command
    def cancel(self, reason: str = "") -> None:
        self.emit(Cancelled(reason))

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.amount = event.customer, event.amount

    @reducer
    def paid(self, event: Paid) -> None:
        self.is_paid = True

    @reducer
    def cancelled(self, event: Cancelled) -> None: ...


class Stock(Entity):
    count: int = 0

    @command
    def count_again(self, count: int) -> None:
        self.emit(Counted(count))

    @reducer
    def counted(self, event: Counted) -> None:
        self.count = event.count


class Orders(View):
    """Every order; an event about 13 cannot be folded."""

    id: str
    customer: str = ""
    amount: int = 0
    is_paid: bool = False

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.amount = event.customer, event.amount
        if event.amount == 13:
            raise ValueError("no shelf holds 13")

    @reducer
    def paid(self, event: Paid) -> None:
        self.is_paid = True

    @query("SELECT count(*) FROM orders")
    def how_many(self) -> int: ...


class Shelves(View):
    id: str
    count: int = 0

    @reducer
    def counted(self, event: Counted) -> None:
        self.count = event.count


class Closing(Workflow):
    async def run(self, ctx: Context, event: Paid) -> None: ...


work = Actions()


@work.on(Placed, retries=Retries(attempts=1))
async def confirm(ctx: Context, event: Placed) -> None:
    """Confirms an order; one about 7 cannot be."""
    if event.amount == 7:
        raise ValueError("the mailer refuses 7")
    await ctx.queue("letters").send(event.customer)


@work.queue("letters")
async def print_letter(ctx: Context, message: str) -> None: ...


@work.every(hours=1)
async def sweep(ctx: Context) -> None: ...


work.on(Paid).start(Closing)


@work.post("/orders/{id:str}")
async def place(ctx: Context, id: str, customer: str, amount: int) -> None:
    await ctx.entity(Order, id).place(customer, amount)


app = App("shop", entities=[Order, Stock], views=[Orders, Shelves], actions=[work], workflows=[Closing])

bare = App("bare")
"""An application that declares nothing."""
