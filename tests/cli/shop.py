"""A shop: orders are paid over HTTP, and labels are printed unless the printer is jammed."""

from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Retries, View, command, query, reducer


class Paid(Event):
    amount: int


class Labelled(Event, name="order.labelled"):
    pass


class Order(Entity):
    paid: int = 0
    labels: int = 0

    @command
    def pay(self, amount: int) -> int:
        self.emit(Paid(amount))
        return self.paid

    @command
    def print_to(self, file: str) -> None:
        Path(file).write_text("a command does no input or output")

    @command
    def label(self) -> None:
        self.emit(Labelled())

    @reducer
    def paid_for(self, event: Paid) -> None:
        self.paid += event.amount

    @reducer
    def labelled(self, event: Labelled) -> None:
        self.labels += 1


class Sales(View):
    id: str
    amount: int = 0

    @reducer
    def paid(self, event: Paid) -> None:
        self.amount += event.amount

    @query("SELECT sum(amount) FROM sales")
    def total(self) -> int | None: ...


class Payment(Struct):
    amount: int


till = Actions()


@till.post("/orders/{id:str}")
async def pay(ctx: Context, id: str, data: Payment) -> int:
    return await ctx.entity(Order, id).pay(data.amount)


@till.get("/total")
async def total(ctx: Context) -> int | None:
    return await ctx.view(Sales).total()


@till.post("/impure")
async def impure(ctx: Context) -> None:
    await ctx.entity(Order, "impure").print_to("impure.txt")


def is_jammed() -> bool:
    return Path("jammed").exists()


@till.on(Paid, retries=Retries(attempts=2, first=timedelta(milliseconds=20)))
async def print_label(ctx: Context, event: Paid) -> None:
    if ctx.event.id == "torn" and is_jammed():
        raise RuntimeError("the printer\nis jammed")
    await ctx.entity(Order, ctx.event.id).label()


app = App("shop", entities=[Order], views=[Sales], actions=[till])
