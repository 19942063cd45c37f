"""An office with something of everything that the command line shows: to be filled, and then looked at."""

from datetime import timedelta

from msgspec import Struct

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Personal,
    Retries,
    View,
    Workflow,
    command,
    query,
    reducer,
)
from actum.testing import testing

STORE = "sqlite:///office.db"


class Hired(Event):
    email: Personal[str]


class Paid(Event):
    amount: int


class Clerk(Entity, person="id"):
    email: Personal[str] = ""
    paid: int = 0

    @command
    def hire(self, email: Personal[str]) -> None:
        self.claim("email", email)
        self.emit(Hired(email))
        self.schedule(Clerk.pay, after=timedelta(days=30), name="wages")(1)

    @command
    def pay(self, amount: int) -> None:
        self.emit(Paid(amount))

    @reducer
    def hired(self, event: Hired) -> None:
        self.email = event.email

    @reducer
    def paid_for(self, event: Paid) -> None:
        self.paid += event.amount


class Wages(View):
    id: str
    paid: int = 0

    @reducer
    def paid_for(self, event: Paid) -> None:
        if event.amount == 13:
            raise ValueError("nobody is paid 13")
        self.paid += event.amount

    @query("SELECT sum(paid) FROM wages")
    def total(self) -> int | None: ...


class Errand(Struct):
    to: str


class Done(Struct):
    by: str


async def go(to: str) -> str:
    return f"gone to {to}"


class Trip(Workflow):
    async def run(self, ctx: Context, to: str) -> str:
        await self.step(go, to)
        done = await self.receive(Done)
        return done.by


desk = Actions()


@desk.post("/clerks/{id:str}")
async def hire(ctx: Context, id: str, email: str) -> None:
    await ctx.entity(Clerk, id).hire(email)


@desk.on(Paid, retries=Retries(attempts=1))
async def post(ctx: Context, event: Paid) -> None:
    raise OSError("the post office is closed")


@desk.queue("errands", retries=Retries(attempts=1))
async def run_errand(ctx: Context, message: Errand) -> None:
    if message.to == "nowhere":
        raise LookupError("there is no such place")


app = App("office", entities=[Clerk], views=[Wages], actions=[desk], workflows=[Trip])


async def fill() -> None:
    """Fills the store, so that each list has something in it."""
    async with testing(app, store=STORE) as t:
        await t.ctx.entity(Clerk, "ann", idempotency_key="k-1").hire("ann@office.example")
        await t.ctx.entity(Clerk, "bob").hire("bob@office.example")
        await t.ctx.entity(Clerk, "ann").pay(3)
        await t.ctx.entity(Clerk, "bob").pay(13)
        await t.ctx.workflow(Trip, "t-1").start("town")
        await t.ctx.workflow(Trip, "t-2").start("town")
        await t.ctx.queue("errands").send(Errand("nowhere"), key="a")
        await t.settle(allows_failures=True)
