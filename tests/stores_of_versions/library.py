"""The library, an application with something of everything that a store keeps.

Stores are kept that earlier versions wrote with it, so what is declared here stays as it is.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from typing import Any, Self
from uuid import UUID

from msgspec import Struct

from actum import (
    Actions,
    App,
    Changed,
    Context,
    Deleted,
    Entity,
    Event,
    Failure,
    Personal,
    PersonId,
    Rejected,
    Retries,
    Sealed,
    View,
    Workflow,
    command,
    query,
    reducer,
)

SPAN = timedelta(days=36_500)
DAMAGED = "LIBRARY_DAMAGED"
"""The variable that names the loans that cannot be folded, where no fingerprint sees it."""


class Grade(Enum):
    CHILD = "child"
    ADULT = "adult"


class Rights(IntFlag):
    READ = 1
    BORROW = 2
    ORDER = 4


class Copy(Struct):
    book: str
    number: int = 1


class Joined(Event, version=2):
    name: str
    grade: Grade


@Joined.upcast(1)
def before_grades(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"grade": "child"}


class CardIssued(Event):
    card: UUID
    issued: datetime
    expires: date
    photo: bytes
    weight: float
    rights: Rights
    shelves: list[str]


class Borrowed(Event, name="Lent"):
    copy: Copy


class Fined(Event):
    price: Decimal


class Settled(Event):
    price: Decimal


class Left(Event):
    pass


class Member(Entity, snapshot_every=3):
    name: str = ""
    grade: Grade = Grade.CHILD
    rights: Rights = Rights(0)
    copies: list[Copy] = []  # noqa: RUF012
    fines: Decimal = Decimal(0)
    has_left: bool = False

    @command
    def join(self, name: str, grade: Grade) -> str:
        self.emit(Joined(name, grade))
        return f"{name} is {grade.value}"

    @command
    def issue_card(self, event: CardIssued) -> None:
        self.emit(event)

    @command
    def borrow(self, copy: Copy) -> int:
        self.emit(Borrowed(copy))
        return len(self.copies)

    @command
    def fine(self, price: Decimal) -> Decimal:
        self.emit(Fined(price))
        return self.fines

    @command
    def settle(self) -> Decimal:
        price = self.fines
        self.emit(Settled(price))
        return price

    @command
    def leave(self) -> None:
        if self.fines:
            raise Rejected("there are fines", code="fines")
        self.emit(Left())

    @reducer
    def joined(self, event: Joined) -> None:
        self.name, self.grade = event.name, event.grade

    @reducer
    def card_issued(self, event: CardIssued) -> None:
        self.rights = event.rights

    @reducer
    def borrowed(self, event: Borrowed) -> None:
        self.copies = [*self.copies, event.copy]

    @reducer
    def fined(self, event: Fined) -> None:
        self.fines += event.price

    @reducer
    def settled(self, event: Settled) -> None:
        self.fines -= event.price

    @reducer
    def left(self, event: Left) -> None:
        self.has_left = True


class Shelved(Event):
    place: str
    number: int


class Book(Entity):
    """A book of which there is one on each place. Objects have no claims, and so no books."""

    place: str = ""
    number: int = 0

    @command
    def shelve(self, place: str, number: int) -> None:
        self.release("place", (self.place, self.number))
        self.claim("place", (place, number))
        self.emit(Shelved(place, number))

    @reducer
    def shelved(self, event: Shelved) -> None:
        self.place, self.number = event.place, event.number


class Reserved(Event):
    book: str


class Lapsed(Event):
    reason: str


class Kept(Event):
    pass


class Reservation(Entity, emits=[Kept]):
    """A book that is kept for somebody until a deadline."""

    book: str = ""
    lapsed: str = ""

    @command
    def reserve(self, book: str, span: float) -> None:
        self.emit(Reserved(book))
        self.schedule(Reservation.lapse, after=timedelta(seconds=span), name="end")(f"nobody came for {book}")

    @command
    def keep(self) -> None:
        self.emit(Kept())
        self.cancel("end")

    @command
    def lapse(self, reason: str) -> None:
        self.emit(Lapsed(reason))

    @reducer
    def reserved(self, event: Reserved) -> None:
        self.book = event.book

    @reducer
    def has_lapsed(self, event: Lapsed) -> None:
        self.lapsed = event.reason


class Members(View, indexes=["grade"]):
    """Its first release had fewer columns. `origin` is written by no event."""

    id: str
    name: str = ""
    grade: Grade = Grade.CHILD
    origin: str = ""

    @reducer
    def joined(self, event: Joined) -> None:
        self.name, self.grade = event.name, event.grade

    @query("SELECT id, name, grade, origin FROM members WHERE grade = :grade ORDER BY id")
    def of_grade(self, grade: Grade) -> list[Self]: ...


class Cards(View, key="card", indexes=["fee", ("member", "issued")]):
    card: UUID
    member: str = ""
    issued: datetime | None = None
    expires: date | None = None
    photo: bytes = b""
    weight: float = 0.0
    rights: Rights = Rights(0)
    shelves: list[str] = []  # noqa: RUF012
    fee: Decimal = Decimal(0)
    is_valid: bool = False

    @reducer(key="card")
    def issued_to(self, event: CardIssued) -> None:
        self.issued, self.expires, self.photo = event.issued, event.expires, event.photo
        self.weight, self.rights, self.shelves = event.weight, event.rights, event.shelves
        self.fee, self.is_valid = Decimal("2.50"), True

    @query("SELECT sum(fee) FROM cards WHERE is_valid AND expires > :day")
    def fees_after(self, day: date) -> Decimal | None: ...


class Loans(View):
    id: str
    count: int = 0

    @reducer
    def borrowed(self, event: Borrowed) -> None:
        if event.copy.book == os.environ.get(DAMAGED):
            raise ValueError("the book is damaged")
        self.count += event.copy.number


class Names(View):
    id: str
    name: str = ""

    @reducer
    def joined(self, event: Joined) -> None:
        self.name = event.name


class Parcel(Struct):
    book: str
    price: Decimal


class Outside:
    """What the world around the library does in a test: it takes what it is given, waits, or fails."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self, *, is_open: bool = True, broken: frozenset[str] = frozenset()) -> None:
        """Sets what waits and what fails, and forgets what was done."""
        self.is_open = is_open
        self.broken = broken
        self.done: list[str] = []

    async def do(self, what: str, *, of: str) -> None:
        """Does a thing of someone, unless it waits or fails."""
        if of in self.broken:
            raise RuntimeError(f"nothing can be done for {of}")
        self.done.append(what)

    async def do_when_open(self, what: str) -> None:
        """Does a thing once there is someone who takes it."""
        if not self.is_open:
            await asyncio.Event().wait()
        self.done.append(what)


outside = Outside()
library = Actions(path="/library")


@library.post("/members/{id:str}/fines")
async def fine(ctx: Context, id: str, price: Decimal) -> str:
    await ctx.schedule(Member.leave, id, after=SPAN)()
    fines = await ctx.entity(Member, id).fine(price)
    return f"{(await ctx.state(Member, id)).name} owes {fines}"


@library.on(Joined, since="beginning", retries=Retries(attempts=1))
async def greet(ctx: Context, event: Joined) -> None:
    await outside.do(f"greet {event.name}", of="")


@library.on(Fined, retries=Retries(attempts=1))
async def bill(ctx: Context, event: Fined) -> None:
    await outside.do(f"bill {ctx.event.id} {event.price}", of=ctx.event.id)


async def remind(ctx: Context, event: Borrowed, failure: Failure) -> None:
    await outside.do(f"remind {ctx.event.id}", of=ctx.event.id)


@library.on(Borrowed, retries=Retries(attempts=1), on_failure=remind)
async def stamp(ctx: Context, event: Borrowed) -> None:
    await outside.do(f"stamp {ctx.event.id}", of=f"{ctx.event.id} {event.copy.book}")


@library.on(CardIssued, Deleted)
async def print_card(ctx: Context, event: CardIssued | Deleted) -> None:
    await outside.do_when_open(f"print {ctx.event.id}")


@library.queue("parcels")
async def send(ctx: Context, message: Parcel) -> None:
    await outside.do_when_open(f"send {message.book} {message.price} for {ctx.by or 'nobody'}")


@library.queue("letters", retries=Retries(attempts=1))
async def post(ctx: Context, message: Parcel) -> None:
    await outside.do(f"post {message.book}", of=message.book)


@library.every(hours=10_000)
async def count(ctx: Context) -> None:
    await outside.do("count", of="")


@library.cron("0 7 1 1 *", timezone="Europe/Berlin")
async def close_the_year(ctx: Context) -> None:
    await outside.do("close the year", of="")


class Restored(Struct):
    by: str


class Invoiced(Struct):
    price: Decimal


async def restore(_: Context, book: str) -> str:
    await outside.do(f"restore {book}", of=book)
    return f"{book} is away"


async def fetch_back(_: Context, book: str) -> None:
    await outside.do(f"fetch {book} back", of="")


class Restoration(Workflow):
    """A book is sent away, and comes back with an invoice that is paid later."""

    stage: str = "new"

    async def run(self, ctx: Context, book: str) -> str:
        self.compensate(lambda: self.step(fetch_back, book))
        away = await self.step(restore, book, retries=Retries(attempts=1))
        self.stage = "away"
        restored = await self.receive(Restored, within=SPAN)
        if restored is None:
            raise Rejected("it did not come back", code="lost")
        invoiced = await self.receive(Invoiced)
        return f"{away}, and back from {restored.by} for {invoiced.price}"


class Collection(Workflow):
    """Waits until a book of it is back, and a moment longer."""

    async def run(self, ctx: Context, restoration: str) -> str:
        told = await ctx.workflow(Restoration, restoration).result()
        await self.sleep(timedelta(milliseconds=10))
        return f"complete: {told}"


class Stamped(Event):
    gate: str


class Pass(Entity, expires_after=SPAN):
    """A pass that is valid for a very long time after it was last used."""

    gates: list[str] = []  # noqa: RUF012

    @command
    def stamp(self, gate: str) -> int:
        self.emit(Stamped(gate))
        return len(self.gates)

    @reducer
    def stamped(self, event: Stamped) -> None:
        self.gates = [*self.gates, event.gate]


class Issued(Event):
    gate: str


class Ticket(Entity, expires_after=timedelta(minutes=2)):
    """A ticket whose time is over when a test opens a kept store, and not while that is written."""

    gate: str = ""

    @command
    def issue(self, gate: str) -> None:
        self.emit(Issued(gate))

    @reducer
    def issued(self, event: Issued) -> None:
        self.gate = event.gate


class Tickets(View):
    id: str
    gate: str = ""

    @reducer
    def issued(self, event: Issued) -> None:
        self.gate = event.gate


class Label(Struct):
    text: str


class Checked(Struct):
    by: str


class Inspection(Workflow):
    """Waits until somebody has checked a pass."""

    async def run(self, ctx: Context, gate: str) -> str:
        checked = await self.receive(Checked)
        return f"{gate} checked by {checked.by}"


@library.post("/passes/{id:str}")
async def issue_pass(ctx: Context, id: str, gate: str) -> int:
    """Leaves an event, a message, a timer and a workflow, all in the trace of the request."""
    await ctx.queue("labels").send(Label(gate), key=id)
    await ctx.schedule(Pass.stamp, id, after=SPAN, name=f"late {id}")("late")
    await ctx.workflow(Inspection, id).start(gate)
    return await ctx.entity(Pass, id).stamp(gate)


@library.queue("labels")
async def label(ctx: Context, message: Label) -> None:
    await outside.do_when_open(f"label {message.text}")


class Enrolled(Event):
    email: Personal[str]


class Rang(Event):
    times: int


class Patron(Entity, person="id", snapshot_every=2):
    """A patron, who may ask to be forgotten. Objects have no personal data, and so no patrons."""

    email: Personal[str] = ""
    times: int = 0

    @command
    def enrol(self, email: Personal[str]) -> Personal[str]:
        self.emit(Enrolled(email))
        self.schedule(Patron.ring, after=SPAN, name="ring")(email)
        return self.email

    @command
    def ring(self, email: Personal[str]) -> int:
        self.emit(Rang(self.times + 1))
        return self.times

    @query
    def address(self) -> Personal[str]:
        return self.email

    @reducer
    def enrolled(self, event: Enrolled) -> None:
        self.email = event.email

    @reducer
    def rang(self, event: Rang) -> None:
        self.times = event.times


class Patrons(View):
    id: PersonId
    email: Personal[str] = ""

    @reducer
    def enrolled(self, event: Enrolled) -> None:
        self.email = event.email


class Desk(View, person="id"):
    id: str
    email: Sealed[str] = ""

    @reducer
    def enrolled(self, event: Enrolled) -> None:
        self.email = event.email


class Notice(Struct):
    to: PersonId
    email: Personal[str]


class Wish(Struct):
    book: Personal[str]


async def look_up(email: Personal[str]) -> Personal[str]:
    return f"card of {email}"


class Visit(Workflow, person="patron"):
    """Records something personal of each kind, and goes on when there is a second wish."""

    stage: str = "new"

    async def run(self, ctx: Context, patron: str, email: Personal[str]) -> Personal[str]:
        card = await self.step(look_up, email)
        first = await self.receive(Wish)
        self.stage = "waits"
        second = await self.receive(Wish)
        return f"{card}: {first.book}, {second.book}"


desk = Actions(path="/desk")


@desk.queue("notices", retries=Retries(attempts=1))
async def notify(ctx: Context, message: Notice) -> None:
    await outside.do(f"notify {message.email}", of=message.to)


@desk.post("/patrons/{id:str}")
async def enrol(ctx: Context, id: str, email: str) -> Personal[str]:
    return await ctx.entity(Patron, id).enrol(email)


class Room(Entity, keeps="state"):
    """A room of which only the newest state is kept. Objects and DynamoDB have none."""

    name: str = ""
    seats: int = 0

    @command
    def furnish(self, name: str, seats: int) -> int:
        before, self.name, self.seats = self.seats, name, seats
        return before


class Rooms(View):
    id: str
    name: str = ""
    seats: int = 0

    @reducer
    def changed(self, event: Changed[Room]) -> None:
        self.name, self.seats = event.state.name, event.state.seats


NAME = "library"
PERSONAL: tuple[type[View], ...] = (Patrons, Desk)
OF_OBJECTS: tuple[type[Entity], ...] = (Member, Reservation, Pass, Ticket)
"""The entities that Durable Objects can have."""
OF_TABLES: tuple[type[Entity], ...] = (*OF_OBJECTS, Book, Patron)
"""Those that DynamoDB can have."""
ENTITIES: tuple[type[Entity], ...] = (*OF_TABLES, Room)


def declared(entities: Sequence[type[Entity]], first: Sequence[type[View]]) -> App:
    """Gives the library with some of its entities, and with views beside those that go with them."""
    has_patrons = Patron in entities
    views: list[type[View]] = [*first, Cards, Loans, Names, Tickets]
    if has_patrons:
        views += PERSONAL
    if Room in entities:
        views.append(Rooms)
    return App(
        NAME,
        entities=entities,
        views=views,
        workflows=[Restoration, Collection, Inspection, *([Visit] if has_patrons else ())],
        actions=[library, *([desk] if has_patrons else ())],
        key_retention=None,
    )


app = declared(ENTITIES, [Members])
app_of_tables = declared(OF_TABLES, [Members])
app_of_objects = declared(OF_OBJECTS, [Members])

without_members = declared(ENTITIES, [])
"""The same but for the view that was another in its first release, which kept stores have half built."""
without_members_of_tables = declared(OF_TABLES, [])
without_members_of_objects = declared(OF_OBJECTS, [])


def library_on(url: str, *, has_members: bool = True) -> App:
    """Gives the library as the store of a URL can have it."""
    match url.partition(":")[0]:
        case "durable-objects":
            return app_of_objects if has_members else without_members_of_objects
        case "dynamodb":
            return app_of_tables if has_members else without_members_of_tables
        case _:
            return app if has_members else without_members


async def borrow_for(unit: Context, ids: list[str], book: str) -> list[int]:
    """An atomic unit."""
    return [await unit.entity(Member, id).borrow(Copy(book, 2)) for id in ids]


CARD = CardIssued(
    UUID("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
    datetime.fromisoformat("2026-11-29T07:08:09.123456+00:00"),
    date(2031, 2, 3),
    b"\x00\xff photo",
    0.1,
    Rights.READ | Rights.ORDER,
    ["A☂", 'B"'],
)
MOMENT = datetime.fromisoformat("2199-12-31T23:59:59.999999+00:00")
UNIT_KEY, COMMAND_KEY, REQUEST_KEY, ERASED_KEY, ONCE = (
    "unit-1",
    "command-1",
    "request-1",
    "request-2",
    "once-1",
)

KEY = "bGlicmFyeSBrZXkgb2YgdGhlIHN0b3JlcyB0ZXN0cyE="
"""The application's key, under which the keys of patrons are sealed in kept stores."""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
ANN, BOB, SECRET = "ann@library.example", "bob@library.example", "The Trial"
