"""G1 and G4: several processes may write to one entity, and still its commands take effect one at a time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from actum import Conflict, Context, NotFound, Rejected, WrongVersion
from actum.ports.journal import Journal, Outcome, Write
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FaultyJournal
from tests.runtime.bank import Account, Notebook, plain
from tests.runtime.nodes import running
from tests.runtime.waiting import begun


def shared(journal: Journal) -> FaultyJournal:
    """A journal that others may write to, as a node of theirs sees it."""
    seen = FaultyJournal(journal)
    seen.is_shared = True
    return seen


@pytest.fixture
def journal() -> FaultyJournal:
    return shared(MemoryJournal())


@pytest.fixture
async def ctx(journal: FaultyJournal) -> AsyncGenerator[Context, None]:
    async with running(plain, journal) as ctx:
        yield ctx
        journal.release()


@pytest.fixture
async def rival(journal: FaultyJournal) -> AsyncGenerator[Context, None]:
    """Another process on the same journal."""
    async with running(plain, shared(journal._journal)) as ctx:
        yield ctx


async def versions(ctx: Context, id: str) -> list[int]:
    return [recorded.version for recorded in await ctx.history(Account, id)]


async def test_a_command_that_was_overtaken_is_decided_anew(ctx: Context, rival: Context) -> None:
    """Each sees what the other wrote, and nothing is lost."""
    account, same = ctx.entity(Account, "a"), rival.entity(Account, "a")
    await account.deposit(1)

    assert [await same.deposit(20), await account.deposit(300), await same.withdraw(321)] == [21, 321, 0]
    with pytest.raises(Rejected) as refused:
        await account.withdraw(1)
    assert refused.value.facts == {"balance": 0}
    assert await versions(ctx, "a") == [1, 2, 3, 4]


async def test_all_that_waited_behind_a_collision_run_again_in_order(
    ctx: Context, rival: Context, journal: FaultyJournal
) -> None:
    """What was decided on a state that did not come to be is decided again, first come first served."""
    notebook = ctx.entity(Notebook, "n")
    journal.hold("append")
    fill = await begun(ctx.entity(Account, "x").deposit(1))
    await journal.held("append")
    notes = [await begun(notebook.note(f"here {number}")) for number in range(5)]
    await rival.entity(Notebook, "n").note("there")
    journal.release("append")

    assert await asyncio.gather(fill, *notes) == [1, 2, 3, 4, 5, 6]
    assert await notebook.all() == ["there", *(f"here {number}" for number in range(5))]


async def test_a_collision_in_one_batch_recalls_what_the_next_one_builds_on(
    ctx: Context, rival: Context, journal: FaultyJournal
) -> None:
    """Commands staged while the batch was being written are not sent on a state that did not come to be."""
    account = ctx.entity(Account, "a")
    journal.hold("append")
    first = await begun(account.deposit(1))
    await journal.held("append")
    later = [await begun(account.deposit(10)), await begun(ctx.entity(Account, "b").deposit(7))]
    await rival.entity(Account, "a").deposit(500)
    sent: list[list[int]] = []
    append = journal.append

    async def watched(writes: Sequence[Write]) -> list[Outcome]:
        sent.append([write.expected for write in writes if write.id == "a"])
        return await append(writes)

    journal.append = watched  # type: ignore[method-assign]
    journal.release("append")

    assert await asyncio.gather(first, *later) == [501, 511, 7]
    assert [expected for batch in sent for expected in batch] == [1, 2]


async def test_a_collision_leaves_the_rest_of_its_batch_alone(
    ctx: Context, rival: Context, journal: FaultyJournal
) -> None:
    """Other entities' writes land with the first append."""
    journal.hold("append")
    fill = await begun(ctx.entity(Account, "x").deposit(1))
    await journal.held("append")
    calls = [await begun(ctx.entity(Account, id).deposit(1)) for id in "abc"]
    await rival.entity(Account, "b").deposit(1)
    journal.release("append")
    await asyncio.gather(fill, *calls)

    positions = {id: (await ctx.history(Account, id))[-1].position for id in "abc"}
    assert positions["a"] < positions["c"] < positions["b"]


async def test_two_processes_at_once_lose_nothing(ctx: Context, rival: Context) -> None:
    """However their commands fall, each takes effect once, and versions have no gap."""
    contexts = [ctx, rival]
    calls = [contexts[n % 2].entity(Account, id).deposit(1) for n in range(100) for id in "ab"]
    replies = await asyncio.gather(*calls)

    assert sorted(replies) == sorted([*range(1, 101)] * 2)
    assert await versions(ctx, "a") == await versions(ctx, "b") == [*range(1, 101)]
    for context in contexts:
        await context.entity(Account, "a").deposit(1)
    assert await ctx.state(Account, "a") == await rival.state(Account, "a")


class AlwaysSecond(FaultyJournal):
    """A journal in which another writer is always first."""

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        for write in writes:
            version = (await self._journal.load([(write.kind, write.id)], {}))[0]
            after = len(version.events)
            rival = Write(
                write.kind, write.id, after, [("Deposited", 1, b'{"amount":1000}')], b"{}", write.time
            )
            await self._journal.append([rival])
        return await super().append(writes)


async def test_who_is_always_second_hears_of_conflict() -> None:
    """The attempts are bounded, and at their end is Conflict; nothing of the command was written."""
    async with running(plain, AlwaysSecond(MemoryJournal())) as ctx:
        with pytest.raises(Conflict, match="other writers"):
            await ctx.entity(Account, "a").deposit(1)

        amounts = {recorded.event.amount for recorded in await ctx.history(Account, "a")}  # type: ignore[attr-defined]
    assert amounts == {1_000}


async def test_an_expected_version_is_held_against_other_processes(ctx: Context, rival: Context) -> None:
    """Not the version that this process remembers counts, but the one that is there."""
    await ctx.entity(Account, "a").deposit(1)
    await rival.entity(Account, "a").deposit(1)

    with pytest.raises(WrongVersion) as wrong:
        await ctx.entity(Account, "a", expected_version=1).deposit(1)

    assert (wrong.value.expected, wrong.value.actual) == (1, 2)
    assert await versions(ctx, "a") == [1, 2]


@pytest.mark.parametrize(
    "what", ["query", "reply", "refusal", "failed query", "version", "unit", "refused unit"]
)
async def test_nothing_is_told_of_a_state_that_another_process_has_moved_on(
    what: str, ctx: Context, rival: Context
) -> None:
    """What this process remembers is asked for at the journal before an answer rests on it."""
    account = ctx.entity(Account, "a")
    await account.deposit(1)
    await rival.entity(Account, "a").deposit(20)

    async def peek(inner: Context) -> int:
        return await inner.entity(Account, "a").current_balance()

    async def withdraw(inner: Context) -> int:
        return await inner.entity(Account, "a").withdraw(21)

    match what:
        case "query":
            assert await account.current_balance() == 21
        case "reply":
            assert await account.peek() == 21
        case "refusal":
            assert await account.withdraw(21) == 0
        case "failed query":
            with pytest.raises(NotFound, match="there is 21"):
                await account.owed()
        case "version":
            assert await ctx.entity(Account, "a", expected_version=2).deposit(4) == 25
        case "unit":
            assert await ctx.atomic(peek) == 21
        case "refused unit":
            assert await ctx.atomic(withdraw) == 0


async def test_an_answer_costs_no_event(ctx: Context, journal: FaultyJournal) -> None:
    """Asking the journal leaves nothing in it, not even of an entity that has never been."""
    await ctx.entity(Account, "a").deposit(1)
    await ctx.entity(Account, "a").current_balance()
    await ctx.entity(Account, "nobody").current_balance()

    assert await journal.head() == 1
    assert [item.id for item in (await ctx.ids(Account)).items] == ["a"]
