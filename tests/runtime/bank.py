"""A bank in memory that tests can look into: what they hold of it, and what its actions were told."""

from typing import Annotated

from msgspec import Meta, field

from actum import Actions, App, Context, Entity, Event, NotFound, Rejected, View, command, query, reducer

Amount = Annotated[int, Meta(gt=0)]


class Opened(Event):
    owner: str


class Deposited(Event):
    amount: int


class Withdrawn(Event):
    amount: int


class Noted(Event):
    text: str


class Account(Entity, snapshot_every=10):
    owner: str = ""
    balance: int = 0

    @command
    def open(self, owner: str) -> None:
        if self.exists:
            raise Rejected("the account is already open", code="open")
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

    @command
    def deposit_and_fail(self, amount: Amount) -> int:
        self.emit(Deposited(amount))
        raise Rejected("after all, no")

    @command
    def peek(self) -> int:
        return self.balance

    @query
    def current_balance(self) -> int:
        return self.balance

    @query
    def owed(self) -> int:
        if self.balance >= 0:
            raise NotFound(f"nothing is owed: there is {self.balance}")
        return -self.balance

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


class Notebook(Entity):
    """State that cannot be put back field by field, so that a failed turn spoils it."""

    lines: list[str] = field(default_factory=list)

    @command
    def note(self, text: str) -> int:
        self.emit(Noted(text))
        return len(self.lines)

    @command
    def note_and_fail(self, text: str) -> int:
        self.emit(Noted(text))
        raise Rejected("not this")

    @query
    def all(self) -> list[str]:
        return self.lines

    @reducer
    def noted(self, event: Noted) -> None:
        self.lines.append(event.text)


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount

    @query("SELECT coalesce(sum(balance), 0) FROM balances")
    def total(self) -> int:
        raise NotImplementedError


told: list[int] = []
"""The amounts that the action below was told of."""

clerk = Actions()


@clerk.on(Deposited)
async def hear(ctx: Context, event: Deposited) -> None:
    told.append(event.amount)


app = App("bank", entities=[Account, Notebook], views=[Balances], actions=[clerk])
plain = App("plain", entities=[Account, Notebook])
