"""How entities come to life: once for all who wait, in order, and anew after what could not be put back."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from actum import Context, Rejected
from actum.conformance.journal.bank import fill
from actum.model.event import Stored
from actum.ports.journal import StreamKey
from actum.runtime.entities import arrivals
from actum.runtime.entities.directory import EvictionPolicy
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FaultyJournal
from tests.runtime.bank import Account, Notebook, plain
from tests.runtime.nodes import running
from tests.runtime.waiting import begun


class CountingJournal(MemoryJournal):
    """Counts the pages of streams that are on their way at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = self.most_reading = 0

    async def read(self, *stream: Any, **part: Any) -> list[Stored]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        return await super().read(*stream, **part)


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
async def ctx(journal: FaultyJournal) -> AsyncGenerator[Context, None]:
    async with running(plain, journal) as ctx:
        yield ctx
        journal.release()


async def test_an_entity_is_loaded_once_for_all_who_wait(ctx: Context, journal: FaultyJournal) -> None:
    """Commands that arrive while it is being loaded wait, and are served in the order of their arrival."""
    journal.hold("load")
    calls = [await begun(ctx.entity(Account, "a").deposit(n)) for n in (1, 20, 300)]
    journal.release("load")

    assert [await call for call in calls] == [1, 21, 321]


async def test_commands_behind_a_spoiled_state_see_none_of_it(ctx: Context, journal: FaultyJournal) -> None:
    """Writes on their way are waited for, then the state is made anew for all who come after."""
    notebook = ctx.entity(Notebook, "n")
    journal.hold("append")
    calls = [
        await begun(notebook.note("first")),
        await begun(notebook.note_and_fail("second")),
        await begun(notebook.note("third")),
        await begun(notebook.note_and_fail("fourth")),
        await begun(notebook.note("fifth")),
    ]
    journal.release("append")

    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [outcomes[index] for index in (0, 2, 4)] == [1, 2, 3]
    assert all(isinstance(outcomes[index], Rejected) for index in (1, 3))
    assert await notebook.all() == ["first", "third", "fifth"]


async def test_whoever_waits_for_an_entity_is_not_served_a_spoiled_one(
    ctx: Context, journal: FaultyJournal
) -> None:
    """When the first of those who waited spoils the state, the next ones find a fresh one."""
    notebook = ctx.entity(Notebook, "n")
    journal.hold("load")
    calls = [await begun(notebook.note_and_fail("first")), await begun(notebook.note("second"))]
    calls += [await begun(notebook.note_and_fail("third")), await begun(notebook.all())]
    journal.release("load")

    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert (outcomes[1], outcomes[3]) == (1, ["second"])
    assert [recorded.event.text for recorded in await ctx.history(Notebook, "n")] == ["second"]  # type: ignore[attr-defined]


async def test_a_full_house_turns_nobody_out_who_has_not_been_served() -> None:
    """Entities that are loaded together all answer, although there is room for one alone."""
    async with running(plain, MemoryJournal(), residence=EvictionPolicy(most=1)) as ctx:
        calls = [ctx.entity(Account, f"a{n}").deposit(n) for n in range(1, 60)]

        assert await asyncio.gather(*calls) == list(range(1, 60))


async def test_an_entity_that_leaves_as_it_has_come_to_life_is_brought_back(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that is done is waited for by nobody, even in the turn before it is forgotten."""
    directory = ctx._services.directory
    arriving = directory._arrivals
    wait_for, waits = arriving.wait, iter(range(100))

    async def wait_within_reason(stream: StreamKey) -> None:
        next(waits)  # Else the event loop hangs, and the test with it.
        await wait_for(stream)

    monkeypatch.setattr(arriving, "wait", wait_within_reason)
    first = asyncio.create_task(ctx.entity(Notebook, "n").note("first"))
    while ("Notebook", "n") not in directory.live:  # noqa: ASYNC110 (it is the very next turn that matters)
        await asyncio.sleep(0)

    with pytest.raises(Rejected):
        await ctx.entity(Notebook, "n").note_and_fail("none of it")

    assert await ctx.entity(Notebook, "n").note("second") in (1, 2)
    assert sorted(await ctx.entity(Notebook, "n").all()) == ["first", "second"]
    assert await first in (1, 2)


async def test_pages_that_long_loads_hold_are_few_however_many_are_loaded() -> None:
    """What follows the first page of a stream is read of a few streams at a time, and the others wait."""
    journal = CountingJournal()
    for number in range(30):
        await fill(journal, f"a{number}", 2_100)
    async with running(plain, journal) as ctx:
        calls = [ctx.entity(Account, f"a{number}").deposit(number + 1) for number in range(30)]

        balances = await asyncio.gather(*calls)

    assert balances == [2_100 * 2_101 // 2 + number + 1 for number in range(30)]
    assert journal.most_reading == 4


async def test_an_erasure_waits_for_a_load_even_if_nobody_else_may(
    ctx: Context, journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the state that was read before would answer after the entity is gone."""
    await ctx.entity(Account, "a").deposit(7)
    ctx._services.directory.retire(ctx._services.directory.live["Account", "a"])
    journal.hold("load")
    question = await begun(ctx.entity(Account, "a").current_balance())
    monkeypatch.setattr(arrivals, "MAX_WAITING", 1)

    erasure = await begun(ctx.delete(Account, "a", erase=True))
    assert not erasure.done()
    journal.release("load")

    assert (await question, await erasure) == (7, 1)
    assert await ctx.entity(Account, "a").current_balance() == 0
