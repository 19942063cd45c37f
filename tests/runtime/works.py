"""An application whose actions do what a test tells them, and a database that fails when it is told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from actum import Actions, App, Context, Entity, Event, Retries, command, query, reducer
from actum.errors import Unavailable
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase

THREE = Retries(attempts=3, first=timedelta(seconds=1), longest=timedelta(minutes=1))


class Happened(Event):
    number: int


class Followed(Event):
    number: int


class Thing(Entity):
    numbers: list[int] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)

    @command
    def happen(self, number: int) -> None:
        self.emit(Happened(number))

    @command
    def follow(self, number: int) -> int:
        self.emit(Followed(number))
        return len(self.followed)

    @query
    def all(self) -> list[int]:
        return self.followed

    @reducer
    def happened(self, event: Happened) -> None:
        self.numbers.append(event.number)

    @reducer
    def has_followed(self, event: Followed) -> None:
        self.followed.append(event.number)


class Message(Struct):
    thing: str
    number: int


class Hands:
    """What the actions did, and what they are told to fail on.

    `done` lists what came to an end, as (id, number); `tries` counts the attempts at each number, `times`
    says when. A number in `failing` fails as often as is said there (-1: always), with `error` if that is
    set.
    """

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.tries: Counter[int] = Counter()
        self.times: dict[int, list[datetime]] = {}
        self.failing: dict[int, int] = {}
        self.error: BaseException | None = None
        self.held: dict[int, asyncio.Event] = {}
        self.ctx: Context | None = None

    async def work(self, ctx: Context, id: str, number: int) -> None:
        """Does one thing."""
        self.ctx = ctx
        self.tries[number] += 1
        self.times.setdefault(number, []).append(ctx.now)
        if self.failing.get(number, 0):
            self.failing[number] -= 1
            raise self.error or OSError(f"{number} does not work")
        if number in self.held:
            await self.held[number].wait()
        self.done.append((id, number))

    def of(self, id: str) -> list[int]:
        """Gives the numbers that were done for one id, in order."""
        return [number for one, number in self.done if one == id]


Work = Callable[[Context, str, int], Awaitable[Any]]


def application(
    work: Work,
    *,
    retries: Retries = THREE,
    since: Any = "now",
    timeout: timedelta = timedelta(seconds=60),
) -> App:
    """An application whose event action and queue action do this work."""
    actions = Actions()

    @actions.on(Happened, retries=retries, since=since, timeout=timeout)
    async def react(ctx: Context, event: Happened) -> None:
        await work(ctx, ctx.event.id, event.number)

    @actions.queue("messages", retries=retries, timeout=timeout)
    async def take(ctx: Context, message: Message) -> None:
        await work(ctx, message.thing, message.number)

    return App("works", entities=[Thing], actions=[actions])


class FailingDatabase(SqliteDatabase):
    """A database whose next calls fail when they are planned to: before anything happens, or after it has."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self.plans: dict[str, list[str]] = {}

    def plan(self, method: str, *whens: str) -> None:
        """Has the next calls of a method fail `before` or `after` they do what they do."""
        self.plans.setdefault(method, []).extend(whens)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or name in ("plan", "plans") or not self.plans.get(name):
            return found
        when = self.plans[name].pop(0)

        async def fail(*positional: Any, **named: Any) -> Any:
            if when == "after":
                await found(*positional, **named)
            raise Unavailable(f"{name} failed, {when} it did anything")

        return fail


@asynccontextmanager
async def failing_database() -> AsyncGenerator[FailingDatabase, None]:
    """A failing database that is gone when the block ends."""
    database = FailingDatabase(await SqliteFile.open(":memory:", (SCHEMA,)))
    try:
        yield database
    finally:
        database.plans.clear()
        await database.close()
