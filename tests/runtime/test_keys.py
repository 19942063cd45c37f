"""G9: keys of clients and keys that Actum derives never meet, and each stands for one call."""

import functools
import logging
from collections.abc import AsyncGenerator
from datetime import timedelta
from types import FunctionType
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Invalid, KeyReused, Retries, command, reducer
from actum.model.event import to_microseconds
from actum.ports.journal import Write
from actum.runtime.keys.stored import digest
from actum.testing import testing
from actum.testing.application import Running


class Added(Event):
    amount: int


class Opened(Event):
    pass


class Tally(Entity):
    total: int = 0

    @command
    def add(self, amount: int) -> int:
        self.emit(Added(amount))
        return self.total

    @command
    def take(self, amount: int) -> int:
        self.emit(Added(-amount))
        return self.total

    @reducer
    def added(self, event: Added) -> None:
        self.total += event.amount


class Parcel(Entity, emits=[Opened]):
    @command
    def open(self) -> None:
        self.emit(Opened())


class Order(Struct):
    id: str
    amount: int = 1


class Outside:
    """What the actions of this file were told to do, and what ids they made."""

    def __init__(self) -> None:
        self.failures = 0
        self.ids: list[tuple[str, ...]] = []
        self.has_own_ids = False

    def meet(self, *ids: str) -> None:
        """Takes note, and fails as often as it was told to."""
        self.ids.append(ids)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the carrier is down")


outside = Outside()
actions = Actions()


@actions.on(Added, retries=Retries(attempts=3))
async def mirror(ctx: Context, event: Added) -> None:
    if ctx.event.id == "src":
        await ctx.entity(Tally, "dst").add(100)
    if ctx.event.id == "ship":
        parcel = str(uuid4()) if outside.has_own_ids else ctx.new_id()
        await ctx.entity(Parcel, parcel).open()
        outside.meet(parcel, ctx.new_id())
    if ctx.event.id == "told":
        await ctx.queue("told").send(Order("m"))
        await ctx.schedule(Tally.add, "later", after=timedelta(hours=1))(1)


@actions.queue("told", retries=Retries(attempts=3))
async def told(ctx: Context, message: Order) -> None:
    made = ctx.new_id()
    await ctx.entity(Tally, message.id).add(message.amount)
    outside.meet(made)


app = App("tallies", entities=[Tally, Parcel], actions=[actions])


@pytest.fixture
async def t() -> AsyncGenerator[Running, None]:
    outside.__init__()  # type: ignore[misc]
    async with testing(app) as running:
        yield running


async def total(t: Running, id: str) -> int:
    return (await t.ctx.state(Tally, id)).total


async def letters(t: Running) -> list[str]:
    return [letter.error for letter in await t.node.services.database.letters()]


async def test_no_key_of_a_client_is_one_that_an_action_derives(t: Running) -> None:
    """Guessed to the letter, it neither stops the action nor takes the effect of its command."""
    await t.ctx.entity(Tally, "dst", idempotency_key="mirror@2/Tally/dst/add/1").add(1)
    await Context(t.node.services, idempotency_key="mirror@2/Tally/dst/add/1").entity(Tally, "dst").add(1)

    await t.ctx.entity(Tally, "src").add(1)
    await t.settle()

    assert (await t.ctx.history(Tally, "src"))[0].position == 2
    assert await total(t, "dst") == 101
    await t.ctx.entity(Tally, "dst", idempotency_key="mirror@5/Tally/dst/add/1").add(1)
    await t.ctx.entity(Tally, "src").add(1)
    await t.settle()
    assert await total(t, "dst") == 202
    assert await letters(t) == []


async def test_no_key_of_a_client_is_that_of_a_timer(t: Running) -> None:
    """So a timer that was named by its author fires, whatever a client sent."""
    due = t.now + timedelta(hours=1)
    for key in (f"timers/remind/{to_microseconds(due)}", "timers/remind"):
        await t.ctx.entity(Tally, "t", idempotency_key=key).add(1)

    await t.ctx.schedule(Tally.add, "t", at=due, name="remind")(50)
    await t.advance(hours=2)

    assert await total(t, "t") == 52
    assert await letters(t) == []


async def test_no_key_of_a_client_is_that_of_a_requests_second_call(t: Running) -> None:
    """Nor does a key that looks like one stand in its way."""
    request = Context(t.node.services, idempotency_key="k")
    await t.ctx.entity(Tally, "a", idempotency_key="k#2").add(1)
    await request.entity(Tally, "a").add(10)
    await request.entity(Tally, "a").add(10)

    assert await total(t, "a") == 21
    assert await t.ctx.entity(Tally, "a", idempotency_key="k#2").add(1) == 1


@pytest.mark.parametrize("key", ["p-77", "invoice#12", "timers/x", "shop@5/x", "\x01p", "a/$b"])
async def test_a_reply_of_an_earlier_version_answers_its_key(t: Running, key: str) -> None:
    """That kept every key as it was sent, and with it the command and its arguments."""
    call = "1b6d9e4c"
    mark = await _mark_of_add(t, 5)
    assert mark != call
    await t.node.services.journal.append(
        [Write("Tally", "old", 0, [("Added", 1, b'{"amount":5}')], b"{}", 1, key=key, call=mark, reply=b"5")]
    )

    assert await t.ctx.entity(Tally, "old", idempotency_key=key).add(5) == 5
    assert await total(t, "old") == 5


async def _mark_of_add(t: Running, amount: int) -> str:
    await t.ctx.entity(Tally, "sample", idempotency_key="sample").add(amount)
    [kept] = await t.node.services.journal.replies([("Tally", "sample", "sample")])
    assert kept is not None
    return kept.call


async def both(unit: Context, id: str, amount: int) -> int:
    await unit.entity(Tally, "all").add(amount)
    return await unit.entity(Tally, id).add(amount)


async def other(unit: Context, id: str, amount: int) -> int:
    return await both(unit, id, amount + 1)


async def test_a_units_key_stands_for_its_function_and_arguments(t: Running) -> None:
    """Given again they are answered again; with any other it is an error, and nothing is done."""
    assert await t.ctx.atomic(both, "a", 5, idempotency_key="k") == 5
    assert await t.ctx.atomic(both, "a", 5, idempotency_key="k") == 5

    with pytest.raises(KeyReused):
        await t.ctx.atomic(both, "a", 6, idempotency_key="k")
    with pytest.raises(KeyReused):
        await t.ctx.atomic(both, "b", 5, idempotency_key="k")
    with pytest.raises(KeyReused):
        await t.ctx.atomic(other, "a", 5, idempotency_key="k")
    with pytest.raises(KeyReused):
        await t.ctx.atomic(functools.partial(both, id="a", amount=6), idempotency_key="k")
    with pytest.raises(Invalid, match="JSON cannot hold"):
        await t.ctx.atomic(_take, object(), idempotency_key="k")

    assert (await total(t, "a"), await total(t, "b"), await total(t, "all")) == (5, 0, 5)


class Transfer(Struct):
    id: str
    amount: int

    async def run(self, unit: Context) -> int:
        return await both(unit, self.id, self.amount)


async def test_a_units_key_stands_for_the_object_and_the_module_of_its_function(t: Running) -> None:
    """Functions of one name in two modules are two, and so is a method of two objects."""
    same_name = FunctionType(other.__code__, globals(), "both")
    same_name.__qualname__, same_name.__module__ = both.__qualname__, "another.module"
    for _ in range(2):
        assert await t.ctx.atomic(Transfer("a", 5).run, idempotency_key="k") == 5
        assert await t.ctx.atomic(both, "b", 7, idempotency_key="l") == 7

    with pytest.raises(KeyReused):
        await t.ctx.atomic(Transfer("a", 500).run, idempotency_key="k")
    with pytest.raises(KeyReused):
        await t.ctx.atomic(same_name, "b", 7, idempotency_key="l")

    assert await total(t, "all") == 12


KEPT = b'["a",5]'


@pytest.mark.parametrize(
    ("function", "arguments", "call"),
    [
        (both, ("a", 5), f"both/{digest(KEPT)}"),
        (Transfer("a", 5).run, (), "Transfer.run"),
    ],
)
async def test_a_unit_of_an_earlier_version_answers_its_key(
    t: Running, function: Any, arguments: tuple[Any, ...], call: str
) -> None:
    """It was kept without its module and its object."""
    mark = Write("$unit", "k", 0, [], b"{}", 1, key="k", call=call, reply=b"77")
    await t.node.services.journal.append([mark])

    assert await t.ctx.atomic(function, *arguments, idempotency_key="k") == 77


async def _take(unit: Context, thing: object) -> None:
    await unit.entity(Tally, "a").add(1)


async def test_a_unit_takes_its_arguments_without_a_key_too(t: Running) -> None:
    """Whatever they are."""
    assert await t.ctx.atomic(both, "a", 5) == 5
    assert await t.ctx.atomic(both, "a", 6) == 11
    await t.ctx.atomic(_take, object())


async def test_a_timer_of_a_key_stands_for_its_arguments(t: Running) -> None:
    """Set again it is one timer, also when it has fired; with other arguments it is an error."""

    def request() -> Context:
        return Context(t.node.services, idempotency_key="k")

    def schedule(minutes: int) -> Any:
        return request().schedule(Tally.add, "a", after=timedelta(minutes=minutes))

    await schedule(1)(5)
    await schedule(2)(5)
    with pytest.raises(KeyReused, match="'k'"):
        await schedule(1)(500)
    with pytest.raises(KeyReused, match="'k'"):
        await request().schedule(Tally.take, "a", after=timedelta(minutes=1))(5)
    await t.advance(minutes=5)
    with pytest.raises(KeyReused):
        await schedule(1)(7)
    await schedule(1)(5)
    await request().schedule(Tally.add, "a", after=timedelta(minutes=1), name="n")(30)
    await t.advance(minutes=5)
    await request().schedule(Tally.add, "a", after=timedelta(minutes=1), name="n")(30)
    await t.advance(minutes=5)

    assert await total(t, "a") == 35


async def test_an_id_is_the_same_when_an_event_comes_again(t: Running) -> None:
    """However often the action fails, it makes one entity; the ids of one run differ."""
    outside.failures = 2
    await t.ctx.entity(Tally, "ship").add(1)
    await t.settle()
    await t.advance(hours=1)

    assert len(outside.ids) == 3
    assert len(set(outside.ids)) == 1
    assert len(set(outside.ids[0])) == 2
    assert [UUID(id).version for id in outside.ids[0]] == [5, 5]
    assert len((await t.ctx.ids(Parcel)).items) == 1

    await t.ctx.entity(Tally, "ship").add(1)
    await t.settle()
    assert len({id for ids in outside.ids for id in ids}) == 4


async def test_an_id_is_the_same_when_a_message_comes_again(t: Running) -> None:
    """Another message gets another."""
    outside.failures = 2
    await t.send("told", Order("m", 1))
    await t.settle()
    await t.advance(hours=1)
    await t.send("told", Order("m", 1))
    await t.settle()

    assert [outside.ids.count(ids) for ids in dict.fromkeys(outside.ids)] == [3, 1]
    assert await total(t, "m") == 2


async def test_an_id_is_the_same_when_a_request_comes_again(t: Running) -> None:
    """With its key; without one each context makes ids of its own."""

    def ids(key: str | None) -> tuple[str, ...]:
        request = Context(t.node.services, idempotency_key=key)
        return request.new_id(), request.new_id()

    assert ids("k") == ids("k") != ids("l")
    assert len({*ids("k"), *ids("l"), *ids(None), *ids(None)}) == 8


@pytest.mark.parametrize("work", [{"cause": "bill@clock@1893456000000000"}, {"idempotency_key": "k"}])
async def test_an_id_is_nobody_elses_although_the_same_work_is_done_elsewhere(
    t: Running, work: dict[str, Any]
) -> None:
    """Two stores of one application have the same ticks, and may be sent the same keys."""

    def made(running: Running) -> str:
        return Context(running.node.services, **work).new_id()

    async with testing(app) as other:
        assert made(t) == made(t) != made(other)


async def test_an_id_is_the_same_when_a_unit_runs_again(t: Running) -> None:
    """Another unit makes others, of the same context too."""
    made: list[str] = []

    async def unit(inner: Context) -> None:
        seen = await inner.entity(Tally, "a").add(1)
        made.append(inner.new_id())
        if len(made) < 3:
            await t.new_context().entity(Tally, "b").add(seen)
            t.node.services.directory.live["Tally", "a"].is_live = False
            del t.node.services.directory.live["Tally", "a"]

    await t.ctx.atomic(unit)
    await t.ctx.atomic(unit)

    assert len(made) == 4
    assert len(set(made[:3])) == 1
    assert made[3] != made[0]


async def test_what_a_unit_sends_is_sent_once_when_it_runs_again(t: Running) -> None:
    """Of a message that is not the same the later one comes besides; of a timer, in place of it."""
    runs = 0

    async def unit(inner: Context) -> None:
        nonlocal runs
        runs += 1
        await inner.entity(Tally, "a").add(1)
        await inner.queue("told").send(Order("m", 3))
        await inner.queue("told").send(Order("n", 10 * runs))
        await inner.schedule(Tally.add, "later", after=timedelta(hours=1))(10 * runs)
        if runs < 3:
            t.node.services.directory.live["Tally", "a"].is_live = False
            del t.node.services.directory.live["Tally", "a"]

    await t.ctx.atomic(unit)
    await t.settle()
    await t.advance(hours=2)
    assert (await total(t, "m"), await total(t, "n"), await total(t, "later")) == (3, 60, 30)

    await t.ctx.atomic(unit)
    await t.settle()
    assert (await total(t, "m"), await total(t, "n")) == (6, 100)


async def test_an_id_that_is_made_anew_is_warned_of(t: Running, caplog: pytest.LogCaptureFixture) -> None:
    """In development and tests: the command went elsewhere when the same event came again."""
    outside.failures, outside.has_own_ids = 1, True
    with caplog.at_level(logging.WARNING, "actum.reruns"):
        await t.ctx.entity(Tally, "ship").add(1)
        await t.settle()
        await t.advance(hours=1)

    [said] = [record.getMessage() for record in caplog.records if record.name == "actum.reruns"]
    assert said.startswith("mirror@1 was done again")
    assert f"sent open to Parcel/{outside.ids[1][0]}, where it had gone to Parcel/{outside.ids[0][0]}" in said
    assert "ctx.new_id()" in said


@pytest.mark.parametrize("what", ["timer", "message"])
async def test_a_timer_or_message_that_goes_elsewhere_when_it_is_sent_again_is_warned_of(
    t: Running, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """Both would come to be twice, as a command would."""
    with caplog.at_level(logging.WARNING, "actum.reruns"):
        for id in ("p", "p", "q"):
            ctx = Context(t.node.services, cause="ship@7")
            if what == "timer":
                await ctx.schedule(Parcel.open, id, after=timedelta(hours=1))()
            else:
                await ctx.queue("told").send(Order("m"), key=id)

    [said] = [record.getMessage() for record in caplog.records if record.name == "actum.reruns"]
    assert said.startswith("ship@7 was done again")
    assert said.count("ctx.new_id()") == 1


async def test_a_message_of_a_key_stands_for_its_own_key_and_text(t: Running) -> None:
    """In a context with a client's key, as the command of an entity does."""

    def request() -> Any:
        return Context(t.node.services, idempotency_key="k").queue("told")

    for _ in range(2):
        await request().send(Order("m", 1), key="x")
    with pytest.raises(KeyReused, match="'k'"):
        await request().send(Order("m", 1), key="y")
    with pytest.raises(KeyReused, match="'k'"):
        await request().send(Order("m", 2))
    await t.settle()

    assert await total(t, "m") == 1


async def test_nothing_is_warned_of_where_ids_stay(t: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Not for a retry with ctx.new_id, nor for another event."""
    outside.failures = 2
    with caplog.at_level(logging.WARNING, "actum.reruns"):
        for _ in range(2):
            await t.ctx.entity(Tally, "ship").add(1)
            await t.settle()
            await t.advance(hours=1)

    assert [record for record in caplog.records if record.name == "actum.reruns"] == []


async def test_who_acts_and_why_goes_on_through_actions_messages_and_timers(t: Running) -> None:
    """From the request to all that follows from it."""
    request = Context(t.node.services, correlation_id="c-1", by="ann")
    await request.entity(Tally, "told").add(1)
    await request.entity(Tally, "src").add(1)
    await request.queue("told").send(Order("direct"))
    await request.schedule(Tally.add, "timed", after=timedelta(hours=1))(1)
    await t.settle()
    await t.advance(hours=2)

    found = {
        id: (await t.ctx.history(Tally, id))[0].metadata for id in ("dst", "m", "later", "direct", "timed")
    }
    assert {metadata.by for metadata in found.values()} == {"ann"}
    assert {metadata.correlation_id for metadata in found.values()} == {"c-1"}
    assert [metadata.causation_id for metadata in found.values()] == [
        "Tally/src@1",
        "Tally/told@1",
        "Tally/told@1",
        "",
        "",
    ]
