"""A bank."""

from typing import Annotated

from msgspec import Meta, Struct

from actum import Actions, App, Context, Entity, Event, Rejected, View, command, query, reducer

Amount = Annotated[int, Meta(gt=0)]


class Opened(Event):
    owner: str


class Deposited(Event):
    amount: int


class Withdrawn(Event):
    amount: int


class Account(Entity):
    owner: str = ""
    balance: int = 0

    @command
    def open(self, owner: str) -> None:
        if self.exists:
            raise Rejected("the account is already open")
        self.emit(Opened(owner))

    @command
    def deposit(self, amount: Amount) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @command
    def withdraw(self, amount: Amount) -> int:
        if amount > self.balance:
            raise Rejected("insufficient funds", code="insufficient_funds", balance=self.balance)
        self.emit(Withdrawn(amount))
        return self.balance

    @query
    def current_balance(self) -> int:
        return self.balance

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


class Wealth(Struct):
    owner: str
    total: int
    withdrawals: int


class Balances(View, indexes=["owner"]):
    id: str
    owner: str = ""
    balance: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount

    @query("""
        SELECT owner, sum(balance) AS total, coalesce(sum(withdrawals), 0) AS withdrawals
        FROM balances LEFT JOIN activity USING (id)
        GROUP BY owner HAVING sum(balance) >= :least ORDER BY total DESC
    """)
    def wealthy(self, least: int) -> list[Wealth]: ...


class Activity(View):
    id: str
    withdrawals: int = 0

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.withdrawals += 1


class Deposit(Struct):
    amount: Amount


class Payment(Struct):
    account: str
    amount: Amount


teller = Actions()


@teller.post("/accounts/{id:str}")
async def open_account(ctx: Context, id: str, owner: str) -> None:
    await ctx.entity(Account, id).open(owner)


@teller.post("/accounts/{id:str}/deposits")
async def deposit(ctx: Context, id: str, data: Deposit) -> int:
    return await ctx.entity(Account, id).deposit(data.amount)


@teller.get("/wealthy")
async def wealthy(ctx: Context, least: int = 0) -> list[Wealth]:
    return await ctx.view(Balances).wealthy(least)


@teller.on(Withdrawn)
async def notify(ctx: Context, event: Withdrawn) -> None:
    print(f"{ctx.event.id} paid out {event.amount}")


@teller.queue("payments")
async def pay(ctx: Context, message: Payment) -> None:
    await ctx.entity(Account, message.account).deposit(message.amount)


@teller.every(hours=1)
async def report(ctx: Context) -> None:
    print(await ctx.view(Balances).wealthy(1_000_000))


app = App("bank", entities=[Account], views=[Balances, Activity], actions=[teller])
