"""A desk that pays out: its receipts, notices and closings fail on what is too large, until that is fixed."""

from datetime import timedelta

from msgspec import Struct, field

from actum import Actions, App, Context, Entity, Event, Rejected, Retries, View, Workflow, command, reducer

ONCE = Retries(attempts=1)


class Opened(Event):
    owner: str


class Deposited(Event):
    amount: int


class Printed(Event):
    amount: int


class Account(Entity):
    """An account at the desk."""

    owner: str = ""
    balance: int = 0
    receipts: list[int] = field(default_factory=list)

    @command
    def open(self, owner: str, first: int = 0) -> int:
        """Opens the account, with a first deposit if there is one."""
        self.emit(Opened(owner))
        if first:
            self.emit(Deposited(first))
        return self.balance

    @command
    def deposit(self, amount: int) -> int:
        """Puts money in."""
        if amount <= 0:
            raise Rejected("put in more than nothing", code="nothing")
        self.emit(Deposited(amount))
        return self.balance

    @command
    def print(self, amount: int) -> None:
        self.emit(Printed(amount))

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount
        if self.balance > 1_000_000:
            raise ValueError("the vault is full")

    @reducer
    def printed(self, event: Printed) -> None:
        self.receipts = [*self.receipts, event.amount]


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


class Receipt(Struct):
    account: str
    amount: int


class Closing(Workflow):
    """Closes an account: checks it, and pays out, which fails above 500."""

    stage: str = "begun"

    async def run(self, ctx: Context, amount: int) -> int:
        await self.step(check, self.id, retries=ONCE)
        self.stage = "checked"
        return await self.step(pay_out, amount, retries=ONCE)


async def check(id: str) -> str:
    return f"{id} is fine"


async def pay_out(amount: int) -> int:
    if amount > 500:
        raise RuntimeError(f"the till does not hold {amount}")
    return amount


desk = Actions()


@desk.on(Deposited, retries=ONCE)
async def notify(ctx: Context, event: Deposited) -> None:
    if event.amount == 13:
        raise RuntimeError("nobody is told of 13")
    await ctx.queue("receipts").send(Receipt(ctx.event.id, event.amount), key=f"Account/{ctx.event.id}")


@desk.queue("receipts", retries=ONCE)
async def print_receipt(ctx: Context, receipt: Receipt) -> None:
    if receipt.amount > 100:
        raise ValueError(f"the printer has no room for {receipt.amount}")
    await ctx.entity(Account, receipt.account).print(receipt.amount)


@desk.post("/accounts/{id:str}/closing")
async def close(ctx: Context, id: str, amount: int) -> None:
    await ctx.workflow(Closing, id).start(amount)


@desk.post("/accounts/{id:str}/deposits")
async def deposit(ctx: Context, id: str, amount: int) -> int:
    return await ctx.entity(Account, id).deposit(amount)


@desk.post("/accounts/{id:str}/later")
async def deposit_later(ctx: Context, id: str, amount: int) -> None:
    await ctx.schedule(Account.deposit, id, after=timedelta(days=1))(amount)


app = App("desk", entities=[Account], views=[Balances], actions=[desk], workflows=[Closing])
quiet = App("desk", entities=[Account], views=[Balances])
"""The same without its actions: nothing follows from an event."""
empty = App("empty")
