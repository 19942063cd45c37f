"""The application that is measured: accounts that take deposits, bare or with a view and an action."""

from actum import Actions, App, Context, Entity, Event, View, command, reducer

AMOUNT = 7


class Deposited(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def deposit(self, amount: int) -> int:
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


class Bell:
    """Counts what the action has heard of."""

    def __init__(self) -> None:
        self.rung = 0


bell = Bell()
clerk = Actions()


@clerk.on(Deposited)
async def ring(ctx: Context, event: Deposited) -> None:
    bell.rung += 1


bare = App("bank", entities=[Account])
attached = App("bank", entities=[Account], views=[Balances], actions=[clerk])


def account_id(number: int) -> str:
    """Names an account."""
    return f"account-{number:06}"
