"""The threads of a SQLite file's reads: how many run at once, callers who leave, errors, closing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from actum.stores.sqlite.connection.read_threads import ReadThreads

PATIENCE = 20.0


@pytest.fixture
async def threads() -> AsyncIterator[ReadThreads]:
    threads = ReadThreads(2)
    yield threads
    await asyncio.wait_for(threads.close(), PATIENCE)


class Held:
    """Reads that keep every thread at work until they are let go."""

    def __init__(self, threads: ReadThreads, count: int) -> None:
        self.begun, self.released = threading.Barrier(count + 1), threading.Event()
        self.callers = [asyncio.create_task(threads.run(self._hold)) for _ in range(count)]

    def _hold(self) -> str:
        self.begun.wait(PATIENCE)
        return "let go" if self.released.wait(PATIENCE) else "held for too long"


async def held(threads: ReadThreads, count: int) -> Held:
    found = Held(threads, count)
    await asyncio.to_thread(found.begun.wait, PATIENCE)
    return found


async def begun(threads: ReadThreads, work: Callable[[], object]) -> "asyncio.Task[object]":
    task = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    return task


async def test_as_many_run_at_once_as_there_are_threads_and_the_rest_in_their_order(
    threads: ReadThreads,
) -> None:
    order: list[int] = []
    holding = await held(threads, 2)
    waiting = [await begun(threads, partial(order.append, number)) for number in range(50)]
    for _ in range(50):
        await asyncio.to_thread(int)
    early = list(order)

    holding.released.set()
    await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)

    assert early == []
    assert sorted(order) == list(range(50))
    assert [await caller for caller in holding.callers] == ["let go"] * 2


async def test_a_read_whose_caller_leaves_before_it_begins_is_not_run(threads: ReadThreads) -> None:
    run: list[str] = []
    holding = await held(threads, 2)
    left, stays = (
        await begun(threads, partial(run.append, "left")),
        await begun(threads, partial(run.append, "stays")),
    )

    left.cancel()
    await asyncio.wait([left])
    holding.released.set()
    await asyncio.wait_for(stays, PATIENCE)

    assert left.cancelled()
    assert run == ["stays"]


async def test_threads_go_on_after_callers_left_while_they_ran(threads: ReadThreads) -> None:
    holding = await held(threads, 2)

    for caller in holding.callers:
        caller.cancel()
    await asyncio.wait(holding.callers)
    holding.released.set()

    assert await asyncio.wait_for(threads.run(lambda: "next"), PATIENCE) == "next"
    # The other thread may still be on its way back from what it was held at.
    async with asyncio.timeout(PATIENCE):
        while threads._open:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert repr(threads) == "<ReadThreads, 0 open>"


@pytest.mark.parametrize("error", [LookupError("no such thing"), KeyboardInterrupt("stop")])
async def test_what_a_read_raises_is_its_callers_and_threads_go_on(
    threads: ReadThreads, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    outcomes = await asyncio.gather(*(_outcome(threads, fail) for _ in range(4)))

    assert outcomes == [error] * 4
    assert await asyncio.wait_for(threads.run(lambda: "next"), PATIENCE) == "next"


async def _outcome(threads: ReadThreads, work: Callable[[], object]) -> object:
    try:
        return await threads.run(work)
    except (LookupError, KeyboardInterrupt) as error:
        return error


async def test_closing_runs_what_waits_and_ends_the_threads(threads: ReadThreads) -> None:
    holding = await held(threads, 2)
    waiting = [await begun(threads, partial(int, number)) for number in range(5)]

    closing = await begun_closing(threads)
    holding.released.set()

    assert await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE) == list(range(5))
    await asyncio.wait_for(closing, PATIENCE)


async def begun_closing(threads: ReadThreads) -> "asyncio.Task[None]":
    closing = asyncio.create_task(threads.close())
    await asyncio.sleep(0)
    return closing
