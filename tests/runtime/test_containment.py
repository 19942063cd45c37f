"""G8: whatever an item raises is kept as the letter of its own key, and everything else goes on."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import pytest

from actum import Context, Retries
from actum.runtime import supervisor
from actum.runtime.supervisor import Supervisor
from actum.stores import open_stores
from actum.testing import Running, testing
from tests.runtime.nodes import node_on
from tests.runtime.waiting import settled
from tests.runtime.works import Hands, Message, Thing, application

ONE = Retries(attempts=1, first=timedelta(seconds=1))


class Panic(BaseException):
    """As libraries written in Rust raise it."""


class Untold(Exception):
    def __str__(self) -> str:
        return f"failed with {self.cod}"  # type: ignore[attr-defined]

    __repr__ = __str__


class Exiting(Exception):
    def __str__(self) -> str:
        return str(sys.exit("no text"))

    __repr__ = __str__


RAISED: dict[str, Callable[[], BaseException]] = {
    "half a character": lambda: ValueError("bad \ud800 name"),
    "NUL": lambda: ValueError("a\0b"),
    "ten million characters": lambda: ValueError("x" * 10_000_000),
    "no text": Untold,
    "an exit for a text": Exiting,
    "exit": lambda: SystemExit("usage: wrong arguments"),
    "a keyboard interrupt": KeyboardInterrupt,
    "a generator's exit": GeneratorExit,
    "a cancellation": asyncio.CancelledError,
    "the end of an iteration": lambda: StopIteration(1),
    "the end of an async iteration": StopAsyncIteration,
    "a panic": lambda: Panic("rust panicked"),
    "a group": lambda: ExceptionGroup("g", [ValueError(1)]),
    "a group of exits": lambda: BaseExceptionGroup("g", [SystemExit(1), KeyboardInterrupt()]),
    "too deep": lambda: RecursionError("deep"),
    "no memory": MemoryError,
}
each = pytest.mark.parametrize("raised", RAISED.values(), ids=RAISED.keys())


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def t(hands: Hands) -> AsyncGenerator[Running, None]:
    async with testing(application(hands.work, retries=ONE)) as t:
        yield t


async def dead(t: Running) -> list[tuple[str, str]]:
    letters = await t.node.services.database.letters(status="dead")
    return [(letter.action, letter.key) for letter in letters]


@each
async def test_whatever_an_event_action_raises_is_a_letter(
    raised: Callable[[], BaseException], t: Running, hands: Hands
) -> None:
    """Its own key waits behind it; other keys are done once, and the worker is never started again."""
    hands.failing, hands.error = {13: -1}, raised()
    for id, number in (("b", 1), ("a", 13), ("a", 14), ("c", 2)):
        await t.ctx.entity(Thing, id).happen(number)
    await t.settle()

    assert await dead(t) == [("react", "Thing/a")]
    assert sorted(hands.done) == [("b", 1), ("c", 2)]
    assert t.node.supervisor.failures == {}


@each
async def test_whatever_a_queue_action_raises_is_a_letter(
    raised: Callable[[], BaseException], t: Running, hands: Hands
) -> None:
    """Messages of other keys are done once."""
    hands.failing, hands.error = {13: -1}, raised()
    for key, number in (("b", 1), ("a", 13), ("a", 14), ("c", 2)):
        await t.send("messages", Message(key, number), key=key)
    await t.settle()

    assert await dead(t) == [("take@queue:messages", "a")]
    assert sorted(hands.done) == [("b", 1), ("c", 2)]
    assert t.node.supervisor.failures == {}


async def test_every_error_can_be_kept_on_postgres(postgres_url: str) -> None:
    """PostgreSQL takes neither NUL nor half a character; the letters say in escapes what there was."""
    errors = {number: make() for number, make in enumerate(RAISED.values())}

    async def work(ctx: Context, id: str, number: int) -> None:
        raise errors[number]

    async with open_stores(postgres_url) as stores:
        app = application(work, retries=ONE)
        async with node_on(app, stores.journal, stores.database) as node:
            for number in errors:
                await Context(node.services).entity(Thing, f"t{number}").happen(number)
            async with asyncio.timeout(60):
                await node.settle()
            letters = await stores.database.letters(status="dead", limit=len(errors) + 1)

    assert {letter.key for letter in letters} == {f"Thing/t{number}" for number in errors}
    assert {"ValueError: bad \\ud800 name", "ValueError: a\\x00b"} <= {letter.error for letter in letters}


@each
async def test_a_task_that_fails_in_whatever_way_starts_again(
    raised: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor outlives it, and the event loop goes on."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.0)
    starts = 0

    async def fail() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise raised()
        await asyncio.Event().wait()

    owner = Supervisor()
    owner.start("odd", fail)
    async with asyncio.timeout(60):
        while starts < 2:  # noqa: ASYNC110 (whatever restarts it is what is tested)
            await asyncio.sleep(0)
        await owner.stop("odd")

    assert owner.failures == {"odd": 1}


async def test_a_worker_that_is_stopped_makes_no_letter_of_it(t: Running, hands: Hands) -> None:
    """A real cancellation ends what is under way; it comes again at the next start."""
    hands.held = {1: asyncio.Event()}
    await t.ctx.entity(Thing, "a").happen(1)
    await settled()
    (worker,) = (worker for worker in t.node.workers if worker.name == "react")

    for hand in worker._hands:
        hand.cancel()
    await settled()

    assert await t.node.services.database.letters() == []
    hands.held = {}
