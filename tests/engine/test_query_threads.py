"""The threads of a SQLite file's queries: bounds, callers who leave, slow ones beside quick ones, closing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial

import pytest

from actum.errors import Overloaded, Unavailable
from actum.stores import query_slots
from actum.stores.sqlite.connection.query_deadline import QueryDeadline
from actum.stores.sqlite.connection.query_threads import QueryThreads

PATIENCE = 20.0
LIMIT = timedelta(seconds=60)


@pytest.fixture
async def threads(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[QueryThreads]:
    """Threads to which no query is slow, however long the machine stands still."""
    monkeypatch.setattr(query_slots, "QUICK", 60.0)
    threads = QueryThreads(lambda: Unavailable("it is closed"), quick=4, slow=4)
    yield threads
    await asyncio.wait_for(threads.close(), PATIENCE)


class Gate:
    """A query that runs until it is let through, or cut off."""

    def __init__(self, threads: QueryThreads, limit: timedelta = LIMIT) -> None:
        self.cut = QueryDeadline(LIMIT)
        self.begun, self.opened = threading.Event(), threading.Event()
        self.caller = asyncio.create_task(threads.run(self._pass, self.cut, limit))

    def _pass(self) -> str:
        self.begun.set()
        while not self.opened.wait(0.005):
            if self.cut.is_due():
                return "cut off"
        return "passed"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (other threads make it true)
            await asyncio.sleep(0.005)


async def until_slow(threads: QueryThreads, count: int) -> None:
    await until(lambda: f"{count} of 4 slow" in repr(threads))


async def a_while() -> None:
    """Gives threads the time to begin what they should not."""
    for _ in range(50):
        await asyncio.to_thread(int)


async def running(threads: QueryThreads, count: int) -> list[Gate]:
    """Gives so many queries that run."""
    gates = [Gate(threads) for _ in range(count)]
    await until(lambda: all(gate.begun.is_set() for gate in gates))
    return gates


async def let_through(gates: list[Gate]) -> list[str]:
    for gate in gates:
        gate.opened.set()
    return await asyncio.wait_for(asyncio.gather(*(gate.caller for gate in gates)), PATIENCE)


async def ask(threads: QueryThreads, work: Callable[[], object], limit: timedelta = LIMIT) -> object:
    return await asyncio.wait_for(threads.run(work, QueryDeadline(limit), limit), PATIENCE)


async def test_a_burst_beyond_the_bound_is_refused_at_once_and_the_others_are_answered(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "MAX_WAITING", 10)
    gates = await running(threads, 4)
    waiting = [asyncio.create_task(ask(threads, partial(int, number))) for number in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="10 queries are waiting"):
        await ask(threads, lambda: 10)

    assert await let_through(gates) == ["passed"] * 4
    assert await asyncio.gather(*waiting) == list(range(10))


async def test_no_more_than_the_quick_run_at_once(threads: QueryThreads) -> None:
    gates = await running(threads, 4)
    fifth = Gate(threads)
    await a_while()

    assert not fifth.begun.is_set()
    assert await let_through([*gates, fifth]) == ["passed"] * 5


async def test_a_query_whose_caller_leaves_in_line_is_never_run(threads: QueryThreads) -> None:
    gates = await running(threads, 4)
    left = Gate(threads)
    stays = asyncio.create_task(ask(threads, lambda: "answered"))
    await asyncio.sleep(0)

    left.caller.cancel()
    await asyncio.wait([left.caller])
    await let_through(gates)

    assert await stays == "answered"
    assert left.caller.cancelled()
    assert not left.begun.is_set()


async def test_a_query_whose_caller_leaves_is_cut_off_and_another_is_run(threads: QueryThreads) -> None:
    gates = await running(threads, 4)

    for gate in gates:
        gate.caller.cancel()
    await asyncio.wait([gate.caller for gate in gates])

    assert await ask(threads, lambda: "answered") == "answered"
    assert all(gate.caller.cancelled() and gate.cut.is_due() for gate in gates)


async def test_quick_ones_are_answered_beside_slow_ones_of_which_too_many_are_cut_off(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.05)
    slow = await running(threads, 4)

    assert await ask(threads, lambda: "quick") == "quick"
    fifth = Gate(threads)
    await until(fifth.cut.is_due)
    assert await fifth.caller == "cut off"
    assert not any(gate.cut.is_due() for gate in slow)
    assert await let_through(slow) == ["passed"] * 4


async def test_what_is_cut_off_as_one_slow_too_many_is_overloaded(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.05)
    slow = await running(threads, 4)
    cut = QueryDeadline(LIMIT)

    def endless() -> None:
        while not cut.is_due():
            threading.Event().wait(0.005)
        raise TimeoutError

    with pytest.raises(Overloaded, match="4 slow queries are running"):
        await asyncio.wait_for(threads.run(endless, cut, LIMIT), PATIENCE)
    await let_through(slow)


async def test_slow_ones_that_came_one_by_one_leave_all_the_quick_threads(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.05)
    slow = []
    for number in range(1, 5):
        slow += await running(threads, 1)
        await until_slow(threads, number)
    monkeypatch.setattr(query_slots, "QUICK", 60.0)

    quick = await running(threads, 4)

    assert await let_through(quick + slow) == ["passed"] * 8


async def test_after_slow_ones_have_ended_no_more_than_the_quick_run_at_once(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.05)
    for _ in range(2):
        slow = await running(threads, 4)
        await until_slow(threads, 4)
        await let_through(slow)
    monkeypatch.setattr(query_slots, "QUICK", 60.0)

    gates = await running(threads, 4)
    fifth = Gate(threads)
    await a_while()

    assert not fifth.begun.is_set()
    assert await let_through([*gates, fifth]) == ["passed"] * 5


async def test_a_query_that_takes_longer_than_its_limit_is_cut_off(threads: QueryThreads) -> None:
    gate = Gate(threads, timedelta(seconds=0.05))

    await until(gate.cut.is_due)

    assert await gate.caller == "cut off"


async def test_a_query_that_waits_longer_than_its_limit_is_overloaded(threads: QueryThreads) -> None:
    gates = await running(threads, 4)

    with pytest.raises(Overloaded, match="waited too long for others"):
        await ask(threads, lambda: 1, timedelta(seconds=0.05))

    assert await let_through(gates) == ["passed"] * 4


async def test_closing_refuses_those_in_line_and_ends_those_that_run(threads: QueryThreads) -> None:
    gates = await running(threads, 4)
    waiting = [Gate(threads) for _ in range(3)]
    await asyncio.sleep(0)

    closing = asyncio.create_task(threads.close())
    outcomes = await asyncio.wait_for(
        asyncio.gather(*(gate.caller for gate in waiting), return_exceptions=True), PATIENCE
    )

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert not closing.done()
    assert await let_through(gates) == ["passed"] * 4
    await asyncio.wait_for(closing, PATIENCE)
    assert not any(gate.begun.is_set() for gate in waiting)
    with pytest.raises(Unavailable, match="it is closed"):
        await ask(threads, lambda: 1)


async def test_closing_ends_threads_that_rest_and_those_of_slow_queries(
    threads: QueryThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_slots, "QUICK", 0.05)
    slow = await running(threads, 4)
    await until_slow(threads, 4)
    await let_through(slow[:2])

    closing = asyncio.create_task(threads.close())
    await asyncio.sleep(0)

    assert await let_through(slow[2:]) == ["passed"] * 2
    await asyncio.wait_for(closing, PATIENCE)


async def test_what_a_query_raises_is_its_callers(threads: QueryThreads) -> None:
    def fail() -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        await ask(threads, fail)

    assert await ask(threads, lambda: "next") == "next"
