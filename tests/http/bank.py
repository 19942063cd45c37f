"""A bank with just enough to it for requests to succeed and to fail."""

from typing import Annotated

from msgspec import Meta, Struct

from actum import Actions, App, Context, Entity, Event, NotFound, Rejected, View, command, query, reducer

Amount = Annotated[int, Meta(gt=0)]


class Opened(Event):
    owner: str


class Deposited(Event):
    amount: int


class Account(Entity):
    owner: str = ""
    balance: int = 0

    @command
    def open(self, owner: str) -> None:
        if self.exists:
            raise Rejected("the account is already open", code="already_open", owner=self.owner)
        self.emit(Opened(owner))

    @command
    def deposit(self, amount: Amount) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @query
    def current_balance(self) -> int:
        if not self.exists:
            raise NotFound(f"there is no account {self.id!r}")
        return self.balance

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def opened(self, event: Opened) -> None: ...

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @query("SELECT coalesce(sum(balance), 0) FROM balances")
    def total(self) -> int: ...


class Deposit(Struct):
    amount: Amount
    note: str = ""


teller = Actions()


@teller.post("/accounts/{id:str}")
async def open_account(ctx: Context, id: str, owner: str) -> None:
    """Opens an account, once."""
    await ctx.entity(Account, id).open(owner)


@teller.get("/accounts/{id:str}")
async def show_balance(ctx: Context, id: str) -> int:
    return await ctx.entity(Account, id).current_balance()


@teller.post("/accounts/{id:str}/deposits")
async def deposit(ctx: Context, id: str, data: Deposit) -> int:
    return await ctx.entity(Account, id).deposit(data.amount)


@teller.get("/total")
async def total(ctx: Context, least: Amount = 1) -> int:
    return max(least, await ctx.view(Balances).total())


def bank(*further: Actions) -> App:
    """The bank, with further actions to try things with."""
    return App("bank", entities=[Account], views=[Balances], actions=[teller, *further])
