"""A ledger, whose store is filled with as many events as a test asks for."""

from pathlib import Path

from actum import App, Entity, Event, View, command, query, reducer
from actum.ports.journal import Landed, Write
from actum.stores.open import open_stores


class Booked(Event):
    amount: int


class Account(Entity):
    balance: int = 0

    @command
    def book(self, amount: int) -> int:
        self.emit(Booked(amount))
        return self.balance

    @reducer
    def booked(self, event: Booked) -> None:
        self.balance += event.amount


class Balances(View):
    id: str
    balance: int = 0

    @reducer
    def booked(self, event: Booked) -> None:
        self.balance += event.amount

    @query("SELECT id, balance FROM balances ORDER BY id")
    def all(self) -> list["Balances"]: ...


app = App("ledger", entities=[Account], views=[Balances])


async def fill(url: str, *, events: int, accounts: int, batch: int = 5_000) -> None:
    """Writes events of accounts by turns, each with a key, as commands of 2030 would."""
    async with open_stores(url) as stores:
        for start in range(0, events, batch):
            writes = [write(number, accounts) for number in range(start, min(start + batch, events))]
            assert all(isinstance(one, Landed) for one in await stores.journal.append(writes))


def write(number: int, accounts: int) -> Write:
    """The write of one event, in the place `number` of all."""
    return Write(
        "Account",
        f"a-{number % accounts}",
        number // accounts,
        [("Booked", 1, b'{"amount":%d}' % (number % 97 + 1))],
        b'{"command":"book","correlation_id":"c-%d"}' % number,
        1_893_456_000_000_000 + number,
        key=f"k-{number}" if number % 3 == 0 else None,
        call="book",
        reply=b"%d" % number,
    )


async def balances(url: str) -> list[tuple[str, int]]:
    """What the view has, once it shows everything."""
    async with app.running(url) as ctx:
        await ctx.entity(Account, "last").book(1)
        return [(row.id, row.balance) for row in await ctx.view(Balances).all()]


def content_of(file: Path) -> bytes:
    return file.read_bytes()


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def cut(file: Path, size: int) -> None:
    """Cuts a file off."""
    put(file, content_of(file)[:size])


def is_there(file: Path) -> bool:
    return file.exists()
