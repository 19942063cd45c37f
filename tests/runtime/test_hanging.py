"""G8: what hangs holds up its own key alone, however many hang and however much waits behind them."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import Actions, Context, DefinitionError, Retries
from actum.model.action import OnMessage
from actum.runtime.actions import attempts, backlog, worker
from actum.runtime.clock import SystemClock
from actum.runtime.node import Node
from actum.stores.open import open_stores
from actum.testing import testing
from tests.runtime.nodes import node_on
from tests.runtime.works import Hands, Message, Thing, Work, application

MANY = 2_500
QUICK = Retries(attempts=3, first=timedelta(milliseconds=1), longest=timedelta(milliseconds=2))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/works.db"


@asynccontextmanager
async def works(store: str, work: Work, **options: Any) -> AsyncGenerator[Node]:
    async with open_stores(store) as stores, asyncio.timeout(120):
        app = application(work, **options)
        async with node_on(app, stores.journal, stores.database, clock=SystemClock()) as node:
            yield node


async def happen(node: Node, id: str, numbers: range) -> None:
    ctx = Context(node.services)
    await asyncio.gather(*(ctx.entity(Thing, id).happen(number) for number in numbers))


async def until(is_so: Any) -> None:
    """Returns when something is so; the machine may take its time, within the test's."""
    while not is_so():  # noqa: ASYNC110 (it may become so in a thread or another task)
        await asyncio.sleep(0.01)


async def test_another_keys_event_is_handled_whatever_hangs(store: str, hands: Hands) -> None:
    """Many more keys hang than may be done side by side; none of them has to end before it."""
    hands.held = {number: asyncio.Event() for number in range(300)}
    async with works(store, hands.work) as node:
        ctx = Context(node.services)
        await asyncio.gather(*(ctx.entity(Thing, f"t{number}").happen(number) for number in range(300)))
        await happen(node, "good", range(1_000, 1_001))
        await until(lambda: hands.of("good") == [1_000])
        assert hands.done == [("good", 1_000)]
        for held in hands.held.values():
            held.set()
        await node.settle()

    assert len(hands.done) == 301


async def test_one_keys_backlog_keeps_no_other_keys_events_out(store: str, hands: Hands) -> None:
    """More wait behind the one that hangs than the memory holds; all come, in order, once it goes on."""
    hands.held = {0: asyncio.Event()}
    async with works(store, hands.work) as node:
        await happen(node, "slow", range(MANY))
        await happen(node, "good", range(9_000, 9_001))
        await until(lambda: hands.of("good") == [9_000])
        (react,) = (one for one in node.workers if one.name == "react")
        assert len(react._backlog) < backlog.MAX_ITEMS
        hands.held[0].set()
        await node.settle()

    assert hands.of("slow") == list(range(MANY))
    assert set(hands.tries.values()) == {1}


async def test_one_keys_messages_keep_no_other_keys_messages_out(store: str, hands: Hands) -> None:
    """As for events: what waits behind one that hangs is read again when its turn comes."""
    hands.held = {0: asyncio.Event()}
    async with works(store, hands.work) as node:
        queue = Context(node.services).queue("messages")
        await queue.send_all([Message("slow", number) for number in range(MANY)], key="slow")
        await queue.send(Message("good", 9_000), key="good")
        await until(lambda: hands.of("good") == [9_000])
        hands.held[0].set()
        await node.settle()
        left = await node.services.database.messages("messages", 0, 1)

    assert hands.of("slow") == list(range(MANY))
    assert left == []


async def test_what_a_key_has_waiting_outlasts_a_restart(store: str, hands: Hands) -> None:
    """What was let go of is written down as not done, though later events of other keys were done."""
    if store == "memory:":
        pytest.skip("nothing outlasts a process in memory")
    hands.held = {1: asyncio.Event()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "GRACE", 0.01)
        async with works(store, hands.work) as node:
            await happen(node, "slow", range(MANY))
            await happen(node, "good", range(9_000, 9_001))
            await until(lambda: hands.of("good") == [9_000])
    assert hands.of("slow") == [0]

    hands.held = {}
    async with works(store, hands.work) as node:
        await node.settle()

    assert list(dict.fromkeys(hands.of("slow"))) == list(range(MANY))


async def test_what_waits_behind_an_event_that_fails_becomes_letters_in_order(
    store: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that which was let go of, before whatever comes later; the key heals in its order."""
    monkeypatch.setattr(backlog, "MAX_ITEMS", 40)
    monkeypatch.setattr(backlog, "REREAD", 7)
    monkeypatch.setattr(backlog, "PATIENCE", 0.01)
    released = asyncio.Event()

    async def work(ctx: Context, id: str, number: int) -> None:
        if number == 0 and hands.tries[0] < 2:
            hands.tries[0] += 1
            await released.wait()
            raise OSError("down")
        await hands.work(ctx, id, number)

    async with works(store, work, retries=QUICK) as node:
        await happen(node, "slow", range(200))
        await happen(node, "good", range(9_000, 9_001))
        await until(lambda: hands.of("good") == [9_000])
        released.set()
        await happen(node, "slow", range(200, 220))
        await until(lambda: len(hands.of("slow")) == 220)
        await node.settle()

        assert hands.of("slow") == list(range(220))
        assert await node.services.database.letters() == []


async def test_an_action_is_cut_off_after_its_own_timeout(store: str, hands: Hands) -> None:
    """The trigger says how long an attempt may take; what waited behind it is done when it has healed."""
    hands.held = {0: asyncio.Event()}
    async with works(store, hands.work, retries=QUICK, timeout=timedelta(seconds=0.05)) as node:
        await happen(node, "slow", range(3))
        await until(lambda: hands.tries[0] == 2)
        hands.held = {}
        await until(lambda: hands.of("slow") == [0, 1, 2])


async def test_letters_that_hang_hold_up_no_other_keys_letter(hands: Hands) -> None:
    """A hundred retries hang; the letter of another key is tried as if they did not."""
    numbers = range(100)
    hands.failing = dict.fromkeys([*numbers, 1_000], 1)
    hands.held = {number: asyncio.Event() for number in numbers}
    async with works("memory:", hands.work, retries=Retries(first=timedelta(milliseconds=500))) as node:
        ctx = Context(node.services)
        await asyncio.gather(*(ctx.entity(Thing, f"t{number}").happen(number) for number in numbers))
        await until(lambda: sum(hands.tries[number] for number in numbers) >= 164)
        await ctx.entity(Thing, "good").happen(1_000)
        await until(lambda: hands.of("good") == [1_000])
        for held in hands.held.values():
            held.set()
        await node.settle()


class Stubborn:
    """An action that swallows its cancellation."""

    def __init__(self) -> None:
        self.begun = 0
        self.done: list[int] = []

    async def work(self, ctx: Context, id: str, number: int) -> None:
        self.begun += 1
        while number == 13:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        self.done.append(number)


async def test_an_action_that_does_not_stop_when_it_is_cut_off_is_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may still be running, so that it is not tried beside itself; its key waits, and others go on."""
    monkeypatch.setattr(attempts, "STUBBORN_AFTER", 0.05)
    stubborn = Stubborn()
    async with testing(application(stubborn.work, timeout=timedelta(seconds=0.05))) as t:
        for id, number in (("a", 13), ("a", 14), ("b", 1)):
            await t.ctx.entity(Thing, id).happen(number)
        await t.settle(allows_failures=True)
        letters = await t.node.services.database.letters()

        assert [(letter.key, letter.status) for letter in letters] == [
            ("Thing/a", "dead"),
            ("Thing/a", "waiting"),
        ]
        assert "was cut off, and did not stop" in letters[0].error
        assert (stubborn.begun, stubborn.done) == (2, [1])


def test_an_application_ends_though_an_action_does_not_stop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the action and the item, which comes again at the next start."""
    monkeypatch.setattr(worker, "GRACE", 0.05)
    monkeypatch.setattr(worker, "LAST_GRACE", 0.05)
    stubborn = Stubborn()

    async def run() -> None:
        async with testing(application(stubborn.work)) as t:
            await t.ctx.entity(Thing, "a").happen(13)
            await until(lambda: stubborn.begun)

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())

    (said,) = (record.getMessage() for record in caplog.records if "did not stop" in record.getMessage())
    assert said.startswith("action react did not stop over Thing/a at 1, which comes again at the next start")


@pytest.mark.parametrize("timeout", [0, 5, timedelta(), timedelta(seconds=-1), None, "5s"])
def test_a_timeout_that_is_none_is_refused(timeout: Any) -> None:
    """For each trigger, when the action is declared."""
    actions = Actions()
    declare = (
        lambda: actions.queue("q", timeout=timeout),
        lambda: actions.every(hours=1, timeout=timeout),
        lambda: actions.cron("0 7 * * *", timeout=timeout),
    )

    for one in declare:
        with pytest.raises(DefinitionError, match="timeout="):
            one()


def test_an_attempt_may_take_a_minute_unless_its_trigger_says_otherwise() -> None:
    """The default is the documented one."""
    assert OnMessage("q").timeout == timedelta(seconds=60)


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"attempts": 1.5}, {"first": 1}, {"longest": timedelta()}]
)
def test_retries_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """When they are written, and not at the first failure."""
    with pytest.raises(DefinitionError, match=r"Retries\("):
        Retries(**wrong)
