"""G7 and G8: actions do each item at least once, in order within a key, and no key holds up another."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import pytest

from actum import Context, Invalid, KeyReused, Retries
from actum.ports.database import Database, Letter
from actum.runtime.actions.attempts import MAX_AT_ONCE
from actum.runtime.clock import ManualClock
from actum.runtime.node import Node
from actum.stores.memory import MemoryJournal
from actum.testing import Running, testing
from tests.runtime.nodes import START, database_in_memory, node_on, running
from tests.runtime.waiting import settled
from tests.runtime.works import Hands, Message, Thing, application, failing_database


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def t(hands: Hands) -> AsyncGenerator[Running, None]:
    async with testing(application(hands.work)) as t:
        yield t


async def happen(ctx: Context, *things: tuple[str, int]) -> None:
    for id, number in things:
        await ctx.entity(Thing, id).happen(number)


async def letters_of(database: Database) -> list[tuple[str, str, int]]:
    return [(letter.key, letter.status, letter.attempts) for letter in await database.letters()]


async def only_letter(t: Running) -> Letter:
    (letter,) = await t.node.services.database.letters(status="dead")
    return letter


async def ask(t: Running, letter: Letter, request: str) -> None:
    """Asks for a letter as the command line does, and has the workers look."""
    await t.node.services.database.request_letter(letter.id, request)  # type: ignore[arg-type]
    for worker in t.node.workers:
        await worker.answer_requests()
    await t.settle(allows_failures=True)


async def test_every_event_is_handled_in_the_order_of_its_entity(t: Running, hands: Hands) -> None:
    """Within an entity the order is that of the versions."""
    await asyncio.gather(*(happen(t.ctx, *((id, n) for n in range(20))) for id in "abc"))
    await t.settle(allows_failures=True)

    assert {id: hands.of(id) for id in "abc"} == {id: list(range(20)) for id in "abc"}


async def test_a_poison_event_holds_up_its_own_key_alone(t: Running, hands: Hands) -> None:
    """G8: other entities go on at once; later events of its own wait behind it, in order."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13), ("a", 14), ("b", 1), ("a", 15), ("b", 2), ("c", 3))
    await t.settle(allows_failures=True)

    assert (hands.of("a"), hands.of("b"), hands.of("c")) == ([], [1, 2], [3])

    hands.failing = {}
    await t.advance(seconds=2)
    assert hands.of("a") == [13, 14, 15]


async def test_an_action_that_is_cancelled_from_within_has_failed(t: Running, hands: Hands) -> None:
    """What it waited for was cancelled, and not the worker: the key goes on, after another try, in order."""
    hands.failing = {13: 1}
    hands.error = asyncio.CancelledError()
    await happen(t.ctx, ("a", 13), ("a", 14), ("b", 1))
    await asyncio.wait_for(t.settle(allows_failures=True), 60)

    assert (hands.of("a"), hands.of("b")) == ([], [1])

    await t.advance(seconds=2)
    assert hands.of("a") == [13, 14]


async def test_retries_back_off_and_end_in_a_dead_letter(t: Running, hands: Hands) -> None:
    """The waits double, each shortened by chance to half at most; after the last attempt nothing is tried."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13), ("a", 14))
    await t.advance(hours=1)
    first, second, third = hands.times[13]

    assert timedelta(seconds=0.5) <= second - first <= timedelta(seconds=1)
    assert timedelta(seconds=1) <= third - second <= timedelta(seconds=2)
    assert await letters_of(t.node.services.database) == [("Thing/a", "dead", 3), ("Thing/a", "waiting", 0)]
    letter = await only_letter(t)
    assert "13 does not work" in letter.error
    assert (letter.action, letter.first_failed < letter.last_failed) == ("react", True)


async def test_a_dead_letter_that_is_retried_heals_its_key(t: Running, hands: Hands) -> None:
    """What waited behind it follows at once, and new events are handled directly again."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13), ("a", 14))
    await t.advance(hours=1)
    hands.failing = {}

    await ask(t, await only_letter(t), "retry")
    await happen(t.ctx, ("a", 15))
    await t.settle(allows_failures=True)

    assert hands.of("a") == [13, 14, 15]
    assert await letters_of(t.node.services.database) == []


async def test_a_retry_that_fails_has_all_its_attempts_again(t: Running, hands: Hands) -> None:
    """It backs off and dies again, and can be retried again."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13))
    await t.advance(hours=1)
    before = hands.tries[13]

    await ask(t, await only_letter(t), "retry")
    at_once = hands.tries[13] - before
    await t.advance(hours=1)

    assert (at_once, hands.tries[13] - before) == (1, 3)
    assert (await only_letter(t)).attempts == 3


async def test_a_letter_that_is_skipped_lets_the_others_by(t: Running, hands: Hands) -> None:
    """The skipped one is gone, and was never done."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13), ("a", 14))
    await t.advance(hours=1)

    await ask(t, await only_letter(t), "skip")

    assert hands.of("a") == [14]
    assert await letters_of(t.node.services.database) == []


async def test_a_letter_that_waits_for_its_time_can_be_retried_at_once(t: Running, hands: Hands) -> None:
    """Whoever mended the cause need not wait for the clock."""
    hands.failing = {13: 1}
    await happen(t.ctx, ("a", 13))
    await t.settle(allows_failures=True)
    (letter,) = await t.node.services.database.letters()

    await ask(t, letter, "retry")

    assert hands.of("a") == [13]


async def test_letters_outlast_a_restart(hands: Hands) -> None:
    """What was put aside is tried again by the next process, in order, before anything new of its key."""
    async with testing(application(hands.work)) as t:
        hands.failing = {13: -1}
        await happen(t.ctx, ("a", 13), ("a", 14))
        await t.settle(allows_failures=True)
        await t.restart()
        await happen(t.ctx, ("a", 15))
        await t.settle(allows_failures=True)
        assert hands.of("a") == []

        hands.failing = {}
        await t.advance(minutes=1)

    assert hands.of("a") == [13, 14, 15]


async def test_an_event_whose_history_was_erased_leaves_no_letter(t: Running, hands: Hands) -> None:
    """There is nothing left to do it with, and its key is free."""
    hands.failing = {13: -1}
    await happen(t.ctx, ("a", 13))
    await t.settle(allows_failures=True)

    await t.ctx.delete(Thing, "a", erase=True)
    await t.advance(minutes=1)
    await happen(t.ctx, ("a", 14))
    await t.settle(allows_failures=True)

    assert await letters_of(t.node.services.database) == []
    assert hands.of("a") == [14]


async def test_what_an_action_sends_takes_effect_once(hands: Hands) -> None:
    """G7: a second delivery carries the same idempotency keys, made from the event and the call."""

    async def work(ctx: Context, id: str, number: int) -> None:
        await ctx.entity(Thing, "target").follow(number)
        await ctx.entity(Thing, "target").follow(number + 100)
        await hands.work(ctx, id, number)

    async with testing(application(work)) as t:
        hands.failing = {1: 2, 2: 1}
        await happen(t.ctx, ("a", 1), ("b", 2), ("c", 3))
        await t.advance(hours=1)
        followed = await t.ctx.entity(Thing, "target").all()

    assert (hands.tries[1], hands.tries[2], hands.tries[3]) == (3, 2, 1)
    assert sorted(followed) == [1, 2, 3, 101, 102, 103]


@pytest.mark.parametrize(("since", "seen"), [("now", [3]), ("beginning", [1, 2, 3])])
async def test_a_new_action_starts_with_what_follows_unless_it_is_told_otherwise(
    since: str, seen: list[int], hands: Hands
) -> None:
    """`since="beginning"` runs it over the whole history, the default over what comes."""
    journal = MemoryJournal()
    async with running(application(Hands().work), journal) as ctx:
        await happen(ctx, ("a", 1), ("a", 2))

    new = application(hands.work, since=since)
    async with database_in_memory() as database, node_on(new, journal, database) as node:
        await happen(Context(node.services), ("a", 3))
        await node.settle()

    assert hands.of("a") == seen


@asynccontextmanager
async def works(
    hands: Hands, database: Database, journal: MemoryJournal, clock: ManualClock
) -> AsyncGenerator[Node, None]:
    async with node_on(application(hands.work), journal, database, clock=clock) as node:
        yield node


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["save", "first_letter", "update_letter", "remove_letter"])
async def test_no_item_is_lost_when_the_database_fails(method: str, when: str, hands: Hands) -> None:
    """A worker that could not write down what it did begins again at what is written down."""
    clock, journal = ManualClock(START), MemoryJournal()
    hands.failing = {3: 2, 7: 1}
    async with failing_database() as database:
        async with works(hands, database, journal, clock) as node:
            await node.settle()
            database.plan(method, when, when)
            await happen(Context(node.services), *(("abc"[n % 3], n) for n in range(12)))
            await until_quiet(node, clock, lambda: len(set(hands.done)) == 12)
        assert await letters_of(database) == []

    for id in "abc":
        first_times = list(dict.fromkeys(hands.of(id)))
        assert first_times == sorted(first_times)


async def until_quiet(node: Node, clock: ManualClock, is_done: Callable[[], bool]) -> None:
    """Settles, and moves the clock on to whatever waits for it, until nothing does."""
    await node.settle()
    while not is_done() or await node.services.database.letters():
        clock.move_to(clock.next_wake() or clock.now())
        await node.settle()


async def test_messages_are_done_once_each_and_in_the_order_of_their_key(t: Running, hands: Hands) -> None:
    """Messages of one key follow each other, also behind one that fails; those without a key are free."""
    hands.failing = {13: 1}
    await t.ctx.queue("messages").send(Message("a", 13), key="a")
    await t.ctx.queue("messages").send(Message("a", 14), key="a")
    await t.ctx.queue("messages").send(Message("a", 1))
    await t.settle(allows_failures=True)
    before = hands.of("a")
    await t.advance(minutes=1)

    assert (before, hands.of("a")) == ([1], [1, 13, 14])


async def test_a_message_marked_once_is_taken_once(t: Running, hands: Hands) -> None:
    """The same message with a mark that the queue has had is dropped; another one is an error."""
    for _ in range(2):
        await t.ctx.queue("messages").send(Message("a", 1), once="order-7")
    with pytest.raises(KeyReused, match=r"'order-7'.*queue 'messages'"):
        await t.ctx.queue("messages").send(Message("a", 2), once="order-7")
    with pytest.raises(KeyReused):
        await t.ctx.queue("messages").send(Message("a", 1), key="k", once="order-7")
    await t.settle(allows_failures=True)

    assert hands.of("a") == [1]


@pytest.mark.parametrize("message", [{"thing": "a"}, Message("a", cast("int", "1")), object()])
async def test_a_message_that_its_action_cannot_take_is_refused_to_its_sender(
    t: Running, hands: Hands, message: object
) -> None:
    """Who made the mistake hears of it, and nothing of what was sent with it is kept."""
    queue = t.ctx.queue("messages")

    with pytest.raises(Invalid, match="queue 'messages' does not take "):
        await queue.send(message)
    with pytest.raises(Invalid, match="queue 'messages' does not take "):
        await queue.send_all([Message("a", 7), message])

    await t.settle(allows_failures=True)
    assert not hands.tries


async def test_a_message_outlasts_a_restart(hands: Hands) -> None:
    """A message that was sent and not done is done by the next process."""
    async with testing(application(hands.work)) as t:
        hands.held = {1: asyncio.Event()}
        await t.send("messages", Message("a", 1))
        await settled()
        hands.held[1].set()
        await t.restart()
        await t.settle(allows_failures=True)

    assert set(hands.of("a")) == {1}


async def test_retries_that_are_all_used_up_at_once_make_a_dead_letter_at_once(hands: Hands) -> None:
    """With one attempt there is none to wait for."""
    hands.failing = {13: -1}
    one = application(hands.work, retries=Retries(attempts=1, first=timedelta(seconds=1)))
    async with testing(one) as t:
        await happen(t.ctx, ("a", 13))
        await t.advance(hours=1)

        assert await letters_of(t.node.services.database) == [("Thing/a", "dead", 1)]
    assert hands.tries[13] == 1


async def test_an_action_that_takes_too_long_is_cut_off_and_holds_up_its_own_key_alone(
    hands: Hands,
) -> None:
    """Its item becomes a letter that says so; the next try is a new one, and other keys never wait."""
    hands.held = {13: asyncio.Event()}
    async with testing(application(hands.work, timeout=timedelta(seconds=0.05))) as t:
        await happen(t.ctx, ("a", 13), ("a", 14), ("b", 1))
        await t.settle(allows_failures=True)

        assert (hands.of("a"), hands.of("b")) == ([], [1])
        [first, _] = await t.node.services.database.letters()
        assert (first.status, first.attempts) == ("retrying", 1)
        assert first.error == "TimeoutError: it took longer than 0.05 s and was cut off"

        hands.held = {}
        await t.advance(seconds=2)
        assert hands.of("a") == [13, 14]


async def test_many_actions_that_wait_are_under_way_together(t: Running, hands: Hands) -> None:
    """As many as there may be wait side by side, each key in a hand of its own; none is left out."""
    numbers = range(MAX_AT_ONCE + 10)
    await t.settle(allows_failures=True)
    hands.held = {number: asyncio.Event() for number in numbers}
    await t.ctx.atomic(lambda unit: happen(unit, *((f"t{number}", number) for number in numbers)))
    await settled()
    under_way = len(hands.tries)
    for held in hands.held.values():
        held.set()
    await t.settle(allows_failures=True)

    assert under_way == MAX_AT_ONCE
    assert sorted(number for _, number in hands.done) == list(numbers)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800"])
async def test_a_message_whose_key_no_store_can_keep_is_refused(name: str, t: Running) -> None:
    """The sender hears of it, and nothing is sent."""
    queue = t.ctx.queue("messages")

    with pytest.raises(Invalid):
        await queue.send(Message("a", 1), key=name)
    with pytest.raises(Invalid):
        await queue.send(Message("a", 1), once=name)
    assert await t.node.services.database.messages("messages", 0, 10) == []
