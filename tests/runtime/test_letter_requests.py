"""Letters that somebody asks for: retried or skipped at once, however long their own wait."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from actum import Actions, App, Context, Entity, Event, Retries, command, reducer
from actum.ports.database import Letter
from actum.ports.letter import Request
from actum.testing import Running, testing


class Sent(Event):
    number: int


class Box(Entity):
    last: int = 0

    @command
    def send(self, number: int) -> None:
        self.emit(Sent(number))

    @reducer
    def sent(self, event: Sent) -> None:
        self.last = event.number


class Printer:
    """Prints labels; the one numbered `jam` fails."""

    def __init__(self) -> None:
        self.jam = 0
        self.printed: list[int] = []

    def print(self, number: int) -> None:
        if number == self.jam:
            raise RuntimeError(f"label {number} is stuck")
        self.printed.append(number)


def app_with(printer: Printer) -> App:
    @asynccontextmanager
    async def open_printer() -> AsyncGenerator[Printer, None]:
        yield printer

    labels = Actions()

    @labels.on(Sent, retries=Retries(attempts=4, first=timedelta(hours=6), longest=timedelta(hours=6)))
    async def label(ctx: Context, event: Sent, printer: Printer) -> None:
        printer.print(event.number)

    return App("labels", entities=[Box], actions=[labels], resources=[open_printer])


async def jammed(app: Running, printer: Printer) -> Letter:
    """Sends three labels of which the first jams, and gives its letter."""
    printer.jam = 71
    for number in (71, 72, 73):
        await app.ctx.entity(Box, "b").send(number)
    await app.settle()
    return (await app.node.services.database.letters())[0]


async def ask(app: Running, letter: Letter, request: Request) -> None:
    assert await app.node.services.database.request_letter(letter.id, request)
    for worker in app.node.workers:
        await worker.answer_requests()
    await app.settle()


async def test_a_letter_is_retried_when_it_is_asked_for_and_not_only_when_it_is_due() -> None:
    printer = Printer()
    async with testing(app_with(printer)) as app:
        letter = await jammed(app, printer)
        printer.jam = 0

        await ask(app, letter, "retry")

        assert printer.printed == [71, 72, 73]
        assert await app.node.services.database.letters() == []


async def test_a_letter_that_is_skipped_while_it_waits_lets_those_behind_it_go_on() -> None:
    printer = Printer()
    async with testing(app_with(printer)) as app:
        letter = await jammed(app, printer)

        await ask(app, letter, "skip")

        assert printer.printed == [72, 73]
        assert await app.node.services.database.letters() == []


@pytest.mark.parametrize("request_", ["retry", "skip"])
async def test_what_was_asked_for_while_nobody_ran_is_done_at_the_next_start(request_: Request) -> None:
    printer = Printer()
    async with testing(app_with(printer)) as app:
        letter = await jammed(app, printer)
        await app.node.services.database.request_letter(letter.id, request_)
        printer.jam = 0

        await app.restart()
        await app.settle()

        assert printer.printed == ([71] if request_ == "retry" else []) + [72, 73]


async def test_what_is_asked_for_while_an_attempt_is_under_way_is_done_after_it() -> None:
    """The failure of that attempt is older than what was asked, and does not answer it."""
    began, held = asyncio.Event(), asyncio.Event()
    printed: list[int] = []
    jams = [True]
    labels = Actions()

    @labels.on(Sent, retries=Retries(attempts=2, first=timedelta(hours=1)))
    async def label(ctx: Context, event: Sent) -> None:
        if jams[0]:
            began.set()
            await held.wait()
            raise RuntimeError(f"label {event.number} is stuck")
        printed.append(event.number)

    async with testing(App("labels", entities=[Box], actions=[labels])) as app:
        held.set()
        await app.ctx.entity(Box, "a").send(71)
        await app.settle(allows_failures=True)
        held.clear()
        began.clear()
        moving = asyncio.create_task(app.advance(hours=2))
        await began.wait()
        [letter] = await app.node.services.database.letters()

        await app.node.services.database.request_letter(letter.id, "retry")
        jams[0] = False
        held.set()
        await moving

        async with asyncio.timeout(60):
            while await app.node.services.database.letters():  # noqa: ASYNC110 (the store tells nobody)
                await asyncio.sleep(0.01)
        assert printed == [71]
