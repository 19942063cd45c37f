"""An application with personal data in every place that stores something."""

from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Forgotten,
    Personal,
    PersonId,
    Recorded,
    Rejected,
    Retries,
    Sealed,
    View,
    Workflow,
    command,
    query,
    reducer,
)

ANN = "ann.forgettable@example.org"
ANN_NAME = "Annabel Forgettable"
ANN_STREET = "17 Forgettable Road"
BOB = "bob.remembered@example.org"
BOB_NAME = "Robert Remembered"
BOB_STREET = "4 Remembered Lane"


class Registered(Event):
    email: Personal[str]
    name: Personal[str]
    age: Personal[int]


class Renamed(Event):
    name: Personal[str]


class Reminded(Event):
    text: str


class Member(Entity, person="id", snapshot_every=2):
    email: Personal[str] = ""
    name: Personal[str] = ""
    age: Personal[int] = 0
    reminders: int = 0

    @command
    def register(self, email: Personal[str], name: Personal[str], age: Personal[int] = 41) -> Personal[str]:
        self.emit(Registered(email, name, age))
        self.schedule(Member.remind, after=timedelta(days=30))(name)
        return self.email

    @command
    def rename(self, name: Personal[str]) -> Personal[str]:
        self.emit(Renamed(name))
        return self.name

    @command
    def remind(self, name: Personal[str]) -> int:
        self.emit(Reminded("forgotten" if isinstance(name, Forgotten) else "remembered"))
        return self.reminders

    @query
    def card(self) -> tuple[Personal[str], Personal[str], Personal[int]]:
        return self.email, self.name, self.age

    @reducer
    def registered(self, event: Registered) -> None:
        self.email, self.name, self.age = event.email, event.name, event.age

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.name = event.name

    @reducer
    def reminded(self, event: Reminded) -> None:
        self.reminders += 1


class Address(Struct, frozen=True):
    street: Personal[str]
    city: str = "Basel"


class Placed(Event):
    customer: str
    address: Address
    notes: list[Personal[str]] = field(default_factory=list)


class Order(Entity, person="customer"):
    customer: str = ""
    address: Address | None = None

    @command
    def place(self, customer: str, address: Address) -> Address:
        self.emit(Placed(customer, address, [address.street, "ring twice"]))
        return address

    @query
    def where(self) -> Address | None:
        return self.address

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.address = event.customer, event.address


class Contact(Struct):
    id: str
    email: Personal[str]


class Contacts(View, indexes=["email"]):
    id: str
    email: Personal[str] = ""
    label: str = ""
    age: Personal[int] = 0

    @reducer
    def registered(self, event: Registered) -> None:
        self.email, self.age = event.email, event.age
        # Plain text that is made of personal data, as authors do it.
        self.label = f"{event.name} <{event.email}>"

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.label = f"{event.name} <{self.email}>"

    @query("SELECT id, email FROM contacts ORDER BY id")
    def all(self) -> list[Contact]: ...

    @query("SELECT id FROM contacts WHERE email = :email")
    def with_email(self, email: str) -> list[str]: ...


class Deliveries(View):
    id: str
    addresses: list[Address] = field(default_factory=list)

    @reducer(key="customer")
    def placed(self, event: Placed) -> None:
        self.addresses = [*self.addresses, event.address]


class Vault(View, person="id"):
    id: str
    email: Sealed[str] = ""
    age: Sealed[int] = 0

    @reducer
    def registered(self, event: Registered) -> None:
        self.email, self.age = event.email, event.age

    @query("SELECT * FROM vault ORDER BY id")
    def all(self) -> "list[Vault]": ...

    @query("SELECT email FROM vault WHERE id = :id")
    def email_of(self, id: str) -> Sealed[str] | None: ...


class Failing(View):
    """A view whose rows are set aside with an error that holds personal data."""

    id: str
    number: int = 0

    @reducer
    def registered(self, event: Registered, recorded: Recorded[Any]) -> None:
        if not isinstance(event.email, Forgotten):
            raise ValueError(f"no number for {event.email}")


class Mail(Struct):
    to: PersonId
    email: Personal[str]
    text: str


class Note(Struct):
    text: Personal[str]


class Farewell(Struct):
    text: Personal[str]


class Greeting(Struct):
    number: int
    text: Personal[str]


def secret(place: str, name: object) -> str:
    """What is recorded in a place of a workflow of somebody."""
    return f"{place} of {name}"


async def greet(name: Personal[str]) -> Greeting:
    return Greeting(7, secret("step", name))


class Welcome(Workflow, person="member"):
    """Records something personal wherever it can, and then waits for a farewell."""

    async def run(self, ctx: Context, member: str, name: Personal[str]) -> Personal[str]:
        greeting = await self.step(greet, name)
        note = await self.receive(Note)
        farewell = await self.receive(Farewell)
        if isinstance(greeting.text, Forgotten):
            raise Rejected(f"{greeting.text} {note.text} {farewell.text}", code="forgotten")
        return secret("result", name)


class Refused(Workflow, person="id"):
    """Ends with a refusal that says what is personal."""

    async def run(self, ctx: Context, name: Personal[str]) -> None:
        raise Rejected(secret("error", name), code="no", name=secret("fact", name))


PLACES = ("step", "note", "farewell", "untaken", "result", "error", "fact")

members = Actions()


@members.queue("mails", retries=Retries(attempts=1))
async def send(ctx: Context, mail: Mail) -> None:
    raise ValueError(f"cannot send to {mail.email}")


@members.on(Renamed, retries=Retries(attempts=1))
async def congratulate(ctx: Context, event: Renamed) -> None:
    raise ValueError(f"cannot congratulate {event.name}")


@members.post("/members/{id:str}")
async def register(ctx: Context, id: str, email: str, name: str) -> dict[str, Any]:
    found = await ctx.entity(Member, id).register(email, name)
    return {"email": found, "name": name}


@members.post("/orders/{id:str}")
async def order(ctx: Context, id: str, customer: str, street: str) -> Address:
    return await ctx.entity(Order, id).place(customer, Address(street))


app = App(
    "members",
    entities=[Member, Order],
    views=[Contacts, Deliveries, Failing, Vault],
    actions=[members],
    workflows=[Welcome, Refused],
)
