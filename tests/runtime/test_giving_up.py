"""What becomes of an item whose retries are used up, or that was refused, and who hears of it first."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import field

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Failure,
    Rejected,
    Retries,
    command,
    query,
    reducer,
)
from actum.runtime.actions import attempts
from actum.testing import Running, testing

TWICE = Retries(attempts=2, first=timedelta(seconds=1))


class Placed(Event):
    pass


class Cancelled(Event):
    pass


class Noted(Event):
    what: str


class Order(Entity, emits=[Placed, Cancelled]):
    notes: list[str] = field(default_factory=list)

    @command
    def place(self) -> None:
        self.emit(Placed())

    @command
    def cancel(self) -> None:
        self.emit(Cancelled())

    @command
    def note(self, what: str) -> None:
        self.emit(Noted(what))

    @query
    def all(self) -> list[str]:
        return self.notes

    @reducer
    def noted(self, event: Noted) -> None:
        self.notes = [*self.notes, event.what]


class Shop:
    """A shop whose actions fail as they are told, and note what they did."""

    def __init__(self, error: Callable[[], BaseException] = OSError) -> None:
        self.error: Callable[[], BaseException] | None = error
        self.hook_fails = 0
        self.seen: list[str] = []
        self.failures: list[Failure] = []

    def app(self, *, retries: Retries = TWICE, has_hook: bool = True, **options: Any) -> App:
        actions = Actions()

        async def give_up(ctx: Context, event: Placed | Cancelled, failure: Failure) -> None:
            self.failures.append(failure)
            if self.hook_fails:
                self.hook_fails -= 1
                raise ValueError("no refund")
            await ctx.entity(Order, ctx.event.id).note("refunded")
            self.seen.append("refunded")

        hook = give_up if has_hook else None

        @actions.on(Placed, Cancelled, retries=retries, on_failure=hook, **options)
        async def work(ctx: Context, event: Placed | Cancelled) -> None:
            self.seen.append(type(event).__name__)
            if isinstance(event, Placed) and self.error is not None:
                await ctx.entity(Order, ctx.event.id).note("charged")
                raise self.error()

        async def forget(ctx: Context, failure: Failure) -> None:
            self.failures.append(failure)

        @actions.queue("payments", retries=retries, on_failure=forget)
        async def pay(ctx: Context, message: int) -> None:
            self.seen.append(f"paid {message}")
            if message == 13:
                raise OSError("down")

        @actions.every(hours=1, on_failure=forget)
        async def count(ctx: Context) -> None:
            raise Rejected("nothing to count")

        return App("shop", entities=[Order], actions=[actions])


async def place(t: Running) -> None:
    await t.ctx.entity(Order, "o").place()
    await t.ctx.entity(Order, "o").cancel()
    await t.settle(allows_failures=True)


async def statuses(t: Running) -> list[tuple[str, str, int]]:
    letters = await t.node.services.database.letters(action="work")
    return [(letter.key, letter.status, letter.attempts) for letter in letters]


async def test_on_failure_is_called_when_the_retries_are_used_up_and_before_the_keys_next() -> None:
    """It has dealt with it: the event counts as done, nothing is left behind, and the key goes on."""
    shop = Shop(lambda: OSError("down"))
    async with testing(shop.app()) as t:
        await place(t)
        assert shop.seen == ["Placed"]
        await t.advance(minutes=1)

        assert shop.seen == ["Placed", "Placed", "refunded", "Cancelled"]
        assert shop.failures == [Failure("work", "Order/o", "OSError: down")]
        assert await t.node.services.database.letters() == []
        assert await t.ctx.entity(Order, "o").all() == ["charged", "refunded"]


async def test_on_failure_that_fails_is_tried_again_and_its_effect_is_once() -> None:
    """It has as many attempts as the action, and hears each time of the action's own error."""
    shop = Shop(lambda: OSError("down"))
    shop.hook_fails = 1
    async with testing(shop.app()) as t:
        await place(t)
        await t.advance(minutes=1)

        assert [failure.error for failure in shop.failures] == ["OSError: down"] * 2
        assert shop.seen == ["Placed", "Placed", "refunded", "Cancelled"]


async def test_on_failure_that_fails_for_good_leaves_a_dead_letter_that_can_be_retried() -> None:
    """The key waits behind it; a retry tries the action itself again."""
    shop = Shop(lambda: OSError("down"))
    shop.hook_fails = 99
    async with testing(shop.app()) as t:
        await place(t)
        await t.advance(hours=1)
        assert await statuses(t) == [("Order/o", "dead", 2), ("Order/o", "waiting", 0)]
        (letter,) = await t.node.services.database.letters(action="work", status="dead")
        assert (letter.error, letter.failure) == ("ValueError: no refund", "OSError: down")

        shop.error = None
        await t.node.services.database.request_letter(letter.id, "retry")
        for worker in t.node.workers:
            await worker.answer_requests()
        await t.settle(allows_failures=True)

        assert await statuses(t) == []
        assert shop.seen[-2:] == ["Placed", "Cancelled"]


@pytest.mark.parametrize("store", ["memory:", "sqlite"])
async def test_what_was_given_up_is_still_so_after_a_restart(store: str, tmp_path: Path) -> None:
    """The error is kept with the letter, and `on_failure` goes on with its own attempts."""
    shop = Shop(lambda: OSError("down"))
    shop.hook_fails = 1
    url = store if store == "memory:" else f"sqlite:///{tmp_path}/shop.db"
    async with testing(shop.app(), store=url) as t:
        await place(t)
        while not shop.failures:
            await t.advance(milliseconds=100)
        await t.restart()
        await t.advance(minutes=1)

    assert shop.seen == ["Placed", "Placed", "refunded", "Cancelled"]
    assert shop.failures[1] == Failure("work", "Order/o", "OSError: down")


async def test_a_refusal_is_not_tried_again_and_has_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """What a rule refuses it will refuse again: the letter is dead at once."""
    shop = Shop(lambda: Rejected("no such customer"))
    async with testing(shop.app(has_hook=False)) as t:
        await place(t)
        await t.advance(minutes=10)

        assert await statuses(t) == [("Order/o", "dead", 1), ("Order/o", "waiting", 0)]
    assert shop.seen == ["Placed"]
    refusals = [record for record in caplog.records if "no such customer" in record.getMessage()]
    assert refusals
    assert not any(record.exc_info for record in refusals)


async def test_a_refusal_is_told_to_on_failure_at_once() -> None:
    """Nothing waits for the clock."""
    shop = Shop(lambda: Rejected("no such customer"))
    async with testing(shop.app()) as t:
        await place(t)

        assert shop.seen == ["Placed", "refunded", "Cancelled"]
        assert await statuses(t) == []


@pytest.mark.parametrize(("unless", "tries"), [((), 2), ((KeyError, OSError), 1), ((KeyError,), 2)])
async def test_which_errors_are_not_tried_again_is_the_authors_to_say(unless: Any, tries: int) -> None:
    """An error of a class that is named, or of a subclass, is final; with none named, none is."""
    shop = Shop(ConnectionError if unless else lambda: Rejected("no"))
    async with testing(shop.app(retries=Retries(attempts=2, unless=unless), has_hook=False)) as t:
        await t.ctx.entity(Order, "o").place()
        await t.advance(hours=1)

    assert shop.seen == ["Placed"] * tries


async def test_messages_and_ticks_are_given_up_as_events_are() -> None:
    """Their `on_failure` need not take the message."""
    shop = Shop()
    async with testing(shop.app()) as t:
        for message in (13, 14):
            await t.send("payments", message, key="k")
        await t.settle(allows_failures=True)
        await t.advance(minutes=50)
        assert shop.seen == ["paid 13", "paid 13", "paid 14"]
        assert shop.failures == [Failure("pay@queue:payments", "k", "OSError: down")]

        await t.advance(minutes=20)
        assert [failure.action for failure in shop.failures[1:]] == ["count@clock"]
        assert await t.node.services.database.letters() == []


async def test_nobody_is_told_beside_an_attempt_that_may_still_be_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that swallows its cancellation is a dead letter, for somebody to look at."""
    monkeypatch.setattr(attempts, "STUBBORN_AFTER", 0.05)
    released = asyncio.Event()

    failures: list[Failure] = []
    actions = Actions()

    async def give_up(ctx: Context, failure: Failure) -> None:
        failures.append(failure)

    @actions.on(Placed, timeout=timedelta(seconds=0.05), on_failure=give_up)
    async def work(ctx: Context, event: Placed) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    async with testing(App("shop", entities=[Order], actions=[actions])) as t:
        await t.ctx.entity(Order, "o").place()
        await t.settle(allows_failures=True)
        assert await statuses(t) == [("Order/o", "dead", 1)]
        released.set()

    assert failures == []


def declare(hook: Any) -> App:
    actions = Actions()

    @actions.on(Placed, Cancelled, on_failure=hook)
    async def work(ctx: Context, event: Placed | Cancelled) -> None: ...

    return App("shop", entities=[Order], actions=[actions])


async def takes_a_failure(ctx: Context, event: Placed, failure: Failure) -> None: ...


def is_not_async(ctx: Context, failure: Failure) -> None: ...


async def takes_too_few(ctx: Context, event: Cancelled, failure: Failure) -> None: ...


async def takes_too_much(ctx: Context, failure: Failure, more: int) -> None: ...


@pytest.mark.parametrize("hook", ["give_up", is_not_async, takes_too_few, takes_too_much])
def test_an_on_failure_that_cannot_be_called_is_refused(hook: Any) -> None:
    """When the application is built."""
    with pytest.raises(DefinitionError):
        declare(hook)


def test_an_action_that_takes_a_failure_and_is_no_on_failure_is_refused() -> None:
    """Nothing would give it one."""
    actions = Actions()
    actions.on(Placed)(takes_a_failure)

    with pytest.raises(DefinitionError, match="takes a Failure"):
        App("shop", entities=[Order], actions=[actions])


@pytest.mark.parametrize("unless", [Rejected, (Rejected, "x"), ["Rejected"], (int,)])
def test_an_unless_that_names_no_errors_is_refused(unless: Any) -> None:
    """When it is written."""
    with pytest.raises(DefinitionError, match="unless="):
        Retries(unless=unless)
