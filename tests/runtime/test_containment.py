"""G8: whatever an item raises is kept as the letter of its own key, and everything else goes on."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from actum import App, Context, Entity, Event, Retries, command, query, reducer
from actum.errors import AuthorError
from actum.runtime import opened_resource, supervisor
from actum.runtime.supervisor import Supervisor
from actum.stores.open import open_stores
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
    await t.settle(allows_failures=True)

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
    await t.settle(allows_failures=True)

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

    for hand in worker._tasks:
        hand.cancel()
    await settled()

    assert await t.node.services.database.letters() == []
    hands.held = {}


class Opened:
    """A resource of the tests."""


def opening(*, on_open: BaseException | None = None, on_close: BaseException | None = None) -> App:
    """An application whose resource fails as it opens or closes."""

    @asynccontextmanager
    async def open_it() -> AsyncGenerator[Opened]:
        if on_open is not None:
            raise on_open
        yield Opened()
        if on_close is not None:
            raise on_close

    return App("opening", resources=[open_it])


@pytest.mark.parametrize("when", ["on_open", "on_close"])
@each
async def test_a_resource_that_fails_in_whatever_way_says_so(
    raised: Callable[[], BaseException], when: Any
) -> None:
    """Whoever starts or stops the application gets an error, which names the resource if it was no other."""
    error = raised()

    with pytest.raises(Exception) as caught:  # noqa: PT011 (which one is what is tested)
        async with testing(opening(**{when: error})):
            pass

    if not isinstance(error, Exception):
        assert isinstance(caught.value, AuthorError)
        assert "the resource Opened (open_it) could not be " in str(caught.value)


class Odd(Event):
    kind: str

    def __post_init__(self) -> None:
        if self.kind in RAISED and reads_fail:
            raise RAISED[self.kind]()


reads_fail = False


class OddThing(Entity):
    @command
    def do(self, kind: str) -> None:
        self.emit(Odd(kind))

    @query
    def version_of(self) -> int:
        return self.version

    @reducer
    def did(self, event: Odd) -> None:
        pass


@pytest.mark.parametrize("kind", RAISED)
async def test_an_entity_whose_events_raise_whatever_is_an_error_to_who_asks_for_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are loaded as ever, and so is that one once its class is fixed."""
    async with testing(App("odd", entities=[OddThing])) as t:
        await t.ctx.entity(OddThing, "a").do(kind)
        await t.ctx.entity(OddThing, "b").do("fine")
        await t.restart()
        monkeypatch.setattr(sys.modules[__name__], "reads_fail", True)

        with pytest.raises(Exception):  # noqa: B017, PT011 (any that a caller can handle)
            await t.ctx.entity(OddThing, "a").version_of()
        assert await t.ctx.entity(OddThing, "b").version_of() == 1

        monkeypatch.setattr(sys.modules[__name__], "reads_fail", False)
        assert await t.ctx.entity(OddThing, "a").version_of() == 1


@each
async def test_whatever_a_task_or_thread_of_an_action_raises_is_a_letter(
    raised: Callable[[], BaseException],
) -> None:
    """It comes to the action by way of what it waits for; siblings and other keys go on."""
    done: list[int] = []

    def fail() -> None:
        raise raised()

    async def fail_later() -> None:
        await asyncio.sleep(0)
        fail()

    async def work(ctx: Context, id: str, number: int) -> None:
        if number == 1:
            await asyncio.gather(fail_later())
        if number == 2 and raised is not RAISED["the end of an iteration"]:
            # That one asyncio of Python 3.11 never hands on from a thread.
            await asyncio.to_thread(fail)
        if number == 3:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail_later())
        done.append(number)

    async with testing(application(work, retries=Retries(attempts=2))) as t:
        for number in range(6):
            await t.ctx.entity(Thing, f"t{number % 4}").happen(number)
        await t.settle(allows_failures=True)
        await t.advance(hours=1)
        letters = await t.node.services.database.letters(status="dead")

        keys = {letter.key for letter in letters}
        assert "Thing/t1" in keys
        assert ("Thing/t2" in keys) == (2 not in done)
        assert t.node.supervisor.failures == {}
    assert {0, 4} <= set(done)


@pytest.mark.parametrize("start", [asyncio.gather, asyncio.create_task])
async def test_an_exit_in_a_task_of_an_action_is_its_letter(start: Any) -> None:
    """asyncio would end the process by it, at every start anew; siblings and other keys go on."""
    done: list[int] = []

    async def leave() -> None:
        await asyncio.sleep(0)
        sys.exit("usage: wrong arguments")

    async def work(ctx: Context, id: str, number: int) -> None:
        if number == 13:
            await start(leave())
        done.append(number)

    async with testing(application(work, retries=ONE)) as t:
        await t.ctx.entity(Thing, "a").happen(13)
        await t.ctx.entity(Thing, "b").happen(1)
        await t.settle(allows_failures=True)
        (letter,) = await t.node.services.database.letters()

    assert (letter.status, letter.error) == (
        "dead",
        "AuthorError: a task ended in SystemExit: usage: wrong arguments",
    )
    assert done == [1]


async def test_a_task_of_an_action_that_is_cancelled_before_it_began_leaves_no_warning() -> None:
    """It is as if asyncio had made it."""
    cancelled: list[bool] = []

    async def work(ctx: Context, id: str, number: int) -> None:
        task = asyncio.create_task(asyncio.sleep(1), name="nap")
        assert (task.get_name(), "sleep" in repr(task)) == ("nap", True)
        task.cancel()
        await asyncio.wait({task})
        cancelled.append(task.cancelled())

    async with testing(application(work, retries=ONE)) as t:
        await t.ctx.entity(Thing, "a").happen(1)
        await t.settle(allows_failures=True)

    assert cancelled == [True]


def test_what_a_signal_raises_is_not_the_actions_own() -> None:
    """Ctrl+C in a program of one's own event loop ends it, though an action was running at that moment."""

    async def work(ctx: Context, id: str, number: int) -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    async def run() -> None:
        async with testing(application(work, retries=ONE)) as t:
            await t.ctx.entity(Thing, "a").happen(1)
            await asyncio.Event().wait()

    def leave(number: int, frame: Any) -> None:
        sys.exit(7)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        with pytest.raises(SystemExit) as exit:
            asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, before)

    assert exit.value.code == 7


async def test_a_resource_that_does_not_close_keeps_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log, and the application has stopped."""
    monkeypatch.setattr(opened_resource, "GRACE", 0.01)

    @asynccontextmanager
    async def open_it() -> AsyncGenerator[Opened]:
        yield Opened()
        await asyncio.Event().wait()

    async with asyncio.timeout(60), testing(App("opening", resources=[open_it])):
        pass

    assert "the resource Opened (open_it) was not closed within 0.01 s" in caplog.text
