"""given, when, then of a workflow alone: what it calls is answered, signals and time come from the test."""

from datetime import timedelta

import pytest
from msgspec import Struct

from actum import (
    Context,
    Entity,
    Event,
    Invalid,
    Rejected,
    Retries,
    StepFailed,
    View,
    Workflow,
    WorkflowCancelled,
    command,
    query,
    reducer,
)
from actum.testing import given


class Approved(Struct):
    by: str


class Reserved(Event):
    quantity: int


class Item(Entity):
    on_hand: int = 0

    @command
    def reserve(self, order: str, quantity: int) -> int:
        raise AssertionError("the entity itself is not called")

    @command
    def give_back(self, order: str) -> int:
        raise AssertionError("the entity itself is not called")

    @query
    def left(self) -> int:
        raise AssertionError("the entity itself is not called")

    @reducer
    def reserved(self, event: Reserved) -> None:
        self.on_hand -= event.quantity


class Stock(View):
    id: str
    on_hand: int = 0

    @reducer
    def reserved(self, event: Reserved) -> None:
        self.on_hand -= event.quantity

    @query("SELECT sum(on_hand) FROM stock WHERE on_hand > :least")
    def total(self, least: int) -> int | None: ...


class Bank:
    pass


async def charge(ctx: Context, bank: Bank, amount: int) -> int:
    raise AssertionError("the step itself is not run")


async def transfer(ctx: Context, amount: int) -> str:
    raise AssertionError("the unit itself is not run")


class Parcel(Workflow):
    async def run(self, ctx: Context, weight: int) -> str:
        raise AssertionError("the workflow itself is not run")


class Order(Workflow, timeout=timedelta(days=30)):
    stage: str = "new"

    async def run(self, ctx: Context, sku: str, quantity: int) -> str:
        left = await ctx.entity(Item, sku).reserve(self.id, quantity)
        self.compensate(lambda: ctx.entity(Item, sku).give_back(self.id))
        receipt = await self.step(charge, 3 * quantity, retries=Retries(attempts=2))
        self.stage = "charged"
        approved = await self.receive(Approved, within=timedelta(days=2))
        if approved is None:
            raise Rejected("nobody approved it", code="late", left=left)
        await self.sleep(timedelta(days=14))
        return f"{receipt} by {approved.by}, {left} left"


class Reading(Workflow):
    async def run(self, ctx: Context) -> tuple[int, int | None, str, str]:
        await ctx.workflow(Parcel, "p-1").start(7)
        return (
            await ctx.entity(Item, "apple").left(),
            await ctx.view(Stock).total(5),
            await ctx.atomic(transfer, 3),
            await ctx.workflow(Parcel, "p-1").result(),
        )


ORDER = given(Order, id="o-1").answers(Item.reserve, 4).answers(Item.give_back, 9).answers(charge, 4711)


async def test_an_example_goes_from_the_start_to_the_result() -> None:
    outcome = await ORDER.when("apple", 3).signal(Approved("bob")).advance(days=14)

    outcome.then("4711 by bob, 4 left").state(stage="charged")
    assert outcome.asked(Item.reserve) == [("apple", "o-1", 3)]
    assert outcome.asked(charge) == [(9,)]
    assert outcome.asked(Item.give_back) == []


async def test_an_example_ends_where_the_workflow_waits() -> None:
    (await ORDER.when("apple", 3)).waits().state(stage="charged")
    (await ORDER.when("apple", 3).signal(Approved("bob")).advance(days=13, hours=23)).waits()


async def test_a_workflow_that_fails_compensates() -> None:
    outcome = await ORDER.when(sku="apple", quantity=3).advance(days=2)

    outcome.rejected("nobody approved it", code="late", left=4)
    assert outcome.asked(Item.give_back) == [("apple", "o-1")]


async def test_answers_may_be_errors_one_for_each_call() -> None:
    failing = ORDER.answers(charge, OSError("down"), OSError("gone"))

    once = await ORDER.answers(charge, OSError("down"), 7).when("a", 1).advance(minutes=5)
    often = await failing.when("a", 1).advance(minutes=5)
    full = await ORDER.answers(Item.reserve, Rejected("no", code="full")).when("a", 1)

    once.waits()
    assert len(once.asked(charge)) == 2
    often.raises(StepFailed, "gone")
    full.rejected(code="full")


async def test_an_example_is_cancelled() -> None:
    outcome = await ORDER.when("apple", 3).cancel()

    outcome.raises(WorkflowCancelled)
    assert outcome.asked(Item.give_back) == [("apple", "o-1")]


async def test_queries_units_and_other_workflows_are_answered_too() -> None:
    example = (
        given(Reading)
        .answers(Item.left, 2)
        .answers(Stock.total, 40)
        .answers(transfer, "done")
        .answers(Parcel, "delivered")
    )

    outcome = await example.when()

    outcome.then((2, 40, "done", "delivered"))
    assert outcome.asked(Stock.total) == [(5,)]
    assert outcome.asked(transfer) == [(3,)]
    assert outcome.asked(Parcel) == [("p-1",)]


async def test_examples_do_not_share_what_was_asked() -> None:
    first = await ORDER.when("apple", 1)
    second = await ORDER.when("pear", 2)

    assert [outcome.asked(Item.reserve) for outcome in (first, second)] == [
        [("apple", "o-1", 1)],
        [("pear", "o-1", 2)],
    ]


async def test_what_is_called_and_not_answered_fails_and_says_what_to_write() -> None:
    with pytest.raises(AssertionError, match=r"charge was called: give the example \.answers\(charge, …\)"):
        await given(Order).answers(Item.reserve, 4).when("a", 1)
    with pytest.raises(AssertionError, match=r"Item\.give_back was called"):
        await given(Order).answers(Item.reserve, 4).answers(charge, 1).when("a", 1).advance(days=2)
    with pytest.raises(AssertionError, match=r"reserve.*no longer fits.*\nAn answer has to be of the type"):
        await given(Order).answers(Item.reserve, "four").when("a", 1)
    with pytest.raises(AssertionError, match=r"Item is not among .*\nAn example has what it answers for"):
        await given(Order).when("a", 1)


async def test_what_does_not_hold_is_told_with_the_example() -> None:
    outcome = await ORDER.when("apple", 3)
    told = r"given\(Order\)\.answers\(Item\.reserve, 4\).*\.when\('apple', 3\)"

    with pytest.raises(AssertionError, match=rf"{told}\nhas not ended"):
        outcome.then("done")
    with pytest.raises(AssertionError, match="did not fail with Rejected: waiting"):
        outcome.rejected()
    with pytest.raises(AssertionError, match="- 'sent'"):
        outcome.state(stage="sent")
    ended = await ORDER.when("apple", 3).signal(Approved("bob")).advance(days=14)
    with pytest.raises(AssertionError, match="- 'done'"):
        ended.then("done")
    with pytest.raises(AssertionError, match="has ended: '4711 by bob"):
        ended.waits()
    with pytest.raises(AssertionError, match="failed with Rejected: nobody approved it"):
        (await ORDER.when("apple", 3).advance(days=2)).then("done")


async def test_mistakes_in_an_example_say_what_to_write() -> None:
    with pytest.raises(TypeError, match="no async function, command, query or workflow"):
        given(Order).answers(len, 3)
    with pytest.raises(TypeError, match="say what charge answers"):
        given(Order).answers(charge)
    with pytest.raises(TypeError, match=r"use example\.answers"):
        (await ORDER.when("apple", 3)).asked(transfer)
    with pytest.raises(AssertionError, match=r"has ended .*takes no signals"):
        await ORDER.when("apple", 3).cancel().signal(Approved("bob"))
    with pytest.raises(AssertionError, match=r"Order\.run"):
        await ORDER.when("apple", "three")  # type: ignore[arg-type]


class Reminder(Struct):
    order: str
    text: str


class Remind(Workflow):
    """Sends messages, sets two timers, and cancels one of them."""

    async def run(self, ctx: Context, order: str) -> tuple[bool, bool]:
        await ctx.queue("mails").send(Reminder(order, "first"))
        await ctx.queue("mails").send_all([Reminder(order, "second"), Reminder(order, "third")], key=order)
        late = await ctx.schedule(Item.give_back, "apple", after=timedelta(days=3))(order)
        await ctx.schedule(Item.give_back, "pear", after=timedelta(days=4), name="by name")(order)
        return await ctx.cancel(late), await ctx.cancel(late)


async def test_messages_and_timers_need_no_answer_and_are_shown() -> None:
    outcome = await given(Remind).when("o-1")

    outcome.then((True, False))
    assert outcome.sent("mails") == [
        Reminder("o-1", "first"),
        Reminder("o-1", "second"),
        Reminder("o-1", "third"),
    ]
    assert outcome.sent("others") == []
    assert outcome.scheduled(Item.give_back) == [("pear", "o-1")]


class Misfit(Workflow):
    async def run(self, ctx: Context) -> None:
        await ctx.queue("mails").send(Reminder("o-1", 7))  # type: ignore[arg-type]


async def test_a_message_that_json_does_not_give_back_fails_in_an_example_too() -> None:
    (await given(Misfit).when()).raises(Invalid, "queue 'mails' does not take")
