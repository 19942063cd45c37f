"""What is done again after a failure, and how it is told apart so that it adds nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from actum import Actions, App, Context, Entity, Event, command, query, reducer
from actum.errors import Unavailable
from actum.ports.database import Progress
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase
from actum.testing import testing
from tests.runtime.nodes import node_on

PATIENCE = 60.0


class Sent(Event):
    number: int


class Arrived(Event):
    name: str


class Box(Entity):
    last: int = 0

    @command
    def send(self, number: int) -> None:
        self.emit(Sent(number))

    @reducer
    def sent(self, event: Sent) -> None:
        self.last = event.number


class Book(Entity):
    names: tuple[str, ...] = ()

    @command
    def arrive(self, name: str) -> None:
        self.emit(Arrived(name))

    @query
    def arrived(self) -> list[str]:
        return list(self.names)

    @reducer
    def added(self, event: Arrived) -> None:
        self.names = (*self.names, event.name)


class Stumbling(SqliteDatabase):
    """A database that fails to save what an action got done, once."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self.has_stumbled = asyncio.Event()

    async def save(self, progress: Progress) -> None:
        if not self.has_stumbled.is_set():
            self.has_stumbled.set()
            raise Unavailable("the store did not answer")
        await super().save(progress)


class Door:
    """Lets nobody through until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.waiting = asyncio.Event()


def boxes(door: Door) -> App:
    @asynccontextmanager
    async def open_door() -> AsyncGenerator[Door, None]:
        yield door

    actions = Actions()

    @actions.on(Sent)
    async def carry(ctx: Context, event: Sent, door: Door) -> None:
        if ctx.event.id == "slow":
            door.waiting.set()
            await door.opened.wait()
        await ctx.entity(Book, "book").arrive(f"{ctx.event.id} {event.number}")

    return App("boxes", entities=[Box, Book], actions=[actions], resources=[open_door])


async def test_a_worker_that_failed_takes_again_what_it_had_not_written_down() -> None:
    """An action misses no event when the store fails to write down what was done, and has its effect once."""
    door = Door()
    database = Stumbling(await SqliteFile.open(":memory:", (SCHEMA,)))
    async with node_on(boxes(door), MemoryJournal(), database) as node:
        ctx = Context(node.services)
        sent = [("quick", 74), ("slow", 71), ("slow", 72), ("slow", 73)]

        await asyncio.gather(*(ctx.entity(Box, id).send(number) for id, number in sent))
        await door.waiting.wait()
        await database.has_stumbled.wait()
        door.opened.set()

        names: tuple[str, ...] = ()
        async with asyncio.timeout(PATIENCE):
            while len(names) < 4:
                names = await ctx.entity(Book, "book").arrived()
                await asyncio.sleep(0.01)
        await node.settle()
        assert sorted(await ctx.entity(Book, "book").arrived()) == [
            "quick 74",
            "slow 71",
            "slow 72",
            "slow 73",
        ]
    await database.close()


letters = Actions()


@letters.queue("names")
async def deliver(ctx: Context, name: str) -> None:
    await ctx.entity(Book, "book").arrive(name)


mail = App("mail", entities=[Book], actions=[letters])


async def test_a_request_with_a_key_may_send_many_messages_and_sends_each_once() -> None:
    """Messages of one request are told apart by queue, key and order, and the request may be sent again."""
    async with testing(mail) as app:
        for _ in range(2):
            ctx = Context(app.node.services, idempotency_key="k-5")
            await ctx.queue("names").send("ann", key="a")
            await ctx.queue("names").send("bob", key="b")
            await ctx.queue("names").send("cy", key="b")
        await app.settle()

        assert sorted(await app.ctx.entity(Book, "book").arrived()) == ["ann", "bob", "cy"]


async def test_a_request_with_a_key_may_set_many_timers_and_sets_each_once() -> None:
    """Timers of one request are told apart, and one that has fired does not fire again with the request."""
    async with testing(mail) as app:
        for _ in range(2):
            ctx = Context(app.node.services, idempotency_key="k-5")
            await ctx.schedule(Book.arrive, "book", after=timedelta(hours=1))("ann")
            await ctx.schedule(Book.arrive, "shelf", after=timedelta(hours=2))("bob")
            await app.advance(hours=3)

        assert await app.ctx.entity(Book, "book").arrived() == ["ann"]
        assert await app.ctx.entity(Book, "shelf").arrived() == ["bob"]


async def test_a_timer_of_a_given_name_may_be_set_again_after_it_has_fired() -> None:
    """A name that the author chose stands for one timer at a time, and not for ever."""
    async with testing(mail) as app:
        for name in ("ann", "bob"):
            await app.ctx.schedule(Book.arrive, "book", after=timedelta(hours=1), name="daily")(name)
            await app.advance(hours=1)

        assert await app.ctx.entity(Book, "book").arrived() == ["ann", "bob"]
