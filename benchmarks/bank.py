"""The application that is measured: accounts that take deposits, alone or with a view and an action."""

from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Page, View, command, query, reducer

AMOUNT = 7


class Deposited(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def deposit(self, amount: int) -> int:
        self.emit(Deposited(amount))
        return self.balance

    @command
    def deposit_often(self, amount: int, times: int) -> int:
        for _ in range(times):
            self.emit(Deposited(amount))
        return self.balance

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @query("SELECT id, balance FROM balances ORDER BY id")
    def all(self) -> Page["Balances"]: ...


class Bell:
    """Counts the events that the action has received."""

    def __init__(self) -> None:
        self.rung = 0


class Deposit(Struct):
    amount: int


bell = Bell()
clerk = Actions()
teller = Actions()


@clerk.on(Deposited)
async def ring(ctx: Context, event: Deposited) -> None:
    bell.rung += 1


@teller.post("/accounts/{id:str}")
async def deposit(ctx: Context, id: str, data: Deposit) -> int:
    return await ctx.entity(Account, id).deposit(data.amount)


@teller.post("/empty/{id:str}")
async def empty(ctx: Context, id: str, data: Deposit) -> int:
    return data.amount


bare = App("bank", entities=[Account])
viewed = App("bank", entities=[Account], views=[Balances])
attached = App("bank", entities=[Account], views=[Balances], actions=[clerk])
served = App("bank", entities=[Account], actions=[teller])
watched = App("bank", entities=[Account], views=[Balances], actions=[clerk, teller])


def account_id(number: int) -> str:
    """Returns the id of an account."""
    return f"account-{number:06}"
