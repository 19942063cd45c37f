"""What a renamed class, queue or action leaves behind is said at the start, and can be taken up again."""

import asyncio
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Rejected,
    Retries,
    View,
    command,
    reducer,
)
from actum.app import definition_of
from actum.runtime import orphaned_names
from actum.runtime.orphaned_names import OrphanedName, warn_of_left
from tests.runtime.test_changed_triggers import started

ONE = Retries(attempts=1)


class Placed(Event):
    n: int


class Order(Entity, emits=[Placed]):
    @command
    def place(self, n: int) -> None:
        if n == 13:
            raise Rejected("nobody places 13")
        self.emit(Placed(n))


class Purchase(Entity, emits=[Placed]):
    @command
    def place(self, n: int) -> None:
        self.emit(Placed(n))


class KeptPurchase(Purchase, name="Order", emits=[Placed]):
    pass


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/shop.db"


def shop(
    seen: list[Any],
    *,
    entity: type[Any] = Order,
    action: str = "notify",
    name: str | None = None,
    queue: str = "payments",
    fails: bool = False,
) -> App:
    actions = Actions()

    async def notify(ctx: Context, event: Placed) -> None:
        if fails:
            raise OSError("down")
        seen.append(event.n)

    async def pay(ctx: Context, message: int) -> None:
        seen.append(message)

    notify.__name__ = action
    actions.on(Placed, retries=ONE, name=name)(notify)
    actions.queue(queue)(pay)
    return App("shop", entities=[entity], actions=[actions])


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Waits for a warning, which need not be there as soon as the application has started."""
    async with asyncio.timeout(60):
        while not warnings(caplog):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return warnings(caplog)


async def fill(store: str) -> None:
    """Leaves an entity, a timer for one, letters of an action and a timer, and a message in a queue."""
    async with started(store, shop([], fails=True)) as node:
        ctx = Context(node.services)
        await ctx.entity(Order, "o").place(1)
        await ctx.schedule(Order.place, "o", after=timedelta(days=1))(2)
        await ctx.schedule(Order.place, "o", after=timedelta())(13)
        await node.settle()
        message = ctx.queue("payments")
        for work in node.assignments:
            await work.end()
        await message.send(3)


async def test_what_is_still_declared_is_not_warned_of(store: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is a first start."""
    await fill(store)
    caplog.clear()
    async with started(store, shop([])):
        pass

    assert warnings(caplog) == []


async def test_what_was_renamed_is_warned_of_by_its_old_name(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each warning says how many there are, and what to write for them to be taken up."""
    await fill(store)
    caplog.clear()
    async with started(store, shop([], entity=Purchase, action="tell", queue="bills")):
        pass

    said = "\n".join(warnings(caplog))
    assert "there are 1 entities that are kept as 'Order', and 1 timers for them," in said
    assert "class …(Entity, name='Order')" in said
    assert "1 messages wait in the queue 'payments'" in said
    assert "add @actions.queue('payments')" in said
    assert "1 letters are kept for an action 'notify'" in said
    assert "an action 'notify' has run on this store and is not declared any more" in said
    assert "name='notify'" in said


async def test_an_action_and_an_entity_of_another_name_take_up_what_the_old_ones_left(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The history, the letters, the checkpoint and the messages: as if nothing had been renamed."""
    await fill(store)
    caplog.clear()
    seen: list[Any] = []
    async with started(store, shop(seen, entity=KeptPurchase, action="tell", name="notify")) as node:
        (letter,) = await node.services.database.letters(action="notify")
        await node.services.database.request_letter(letter.id, "retry")
        for worker in node.workers:
            await worker.answer_requests()
        await Context(node.services).entity(KeptPurchase, "o").place(5)
        await node.settle()
        assert (await Context(node.services).state(KeptPurchase, "o")).version == 2

    assert sorted(seen) == [1, 3, 5]
    assert not [one for one in warnings(caplog) if "kept" in one or "declared" in one]


def test_what_actum_keeps_for_itself_is_not_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a journal tells of the marks of requests and units."""
    catalog = definition_of(shop([])).catalog
    warn_of_left(catalog, [], OrphanedName({"$request": 1, "$unit": 2, "Gone": 3}, {}, [], []))

    [said] = warnings(caplog)
    assert "3 entities that are kept as 'Gone'" in said


class Bought(Event):
    n: int


class Renamed(Entity, name="Order", emits=[Bought]):
    @command
    def place(self, n: int) -> None:
        self.emit(Bought(n))


class Totals(View):
    id: str
    total: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.total += event.n


class Sums(View):
    id: str
    total: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.total += event.n


class OldSums(View, name="totals"):
    id: str
    total: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.total += event.n


async def place_orders(store: str, count: int) -> None:
    app = App("shop", entities=[Order], views=[Totals])
    async with started(store, app) as node:
        for number in range(count):
            await Context(node.services).entity(Order, f"o{number}").place(1)
        await node.settle()


async def test_events_that_were_renamed_are_counted_and_warned_of_at_every_start(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    await place_orders(store, 3)
    for _ in range(2):
        caplog.clear()
        async with started(store, App("shop", entities=[Renamed])):
            [warning] = await warned(caplog)

        assert "events that are kept as 'Placed', 3 of the newest and oldest" in warning
        assert "class …(Event, name='Placed')" in warning


async def test_what_is_looked_at_of_a_long_history_is_its_beginning_and_its_end(
    store: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start takes no longer for a long history."""
    monkeypatch.setattr(orphaned_names, "MAX_COUNTED", 2)
    monkeypatch.setattr(orphaned_names, "PAGE", 1)
    await place_orders(store, 7)
    caplog.clear()
    async with started(store, App("shop", entities=[Renamed])):
        [events] = await warned(caplog)
    caplog.clear()
    async with started(store, App("shop", entities=[Purchase])):
        [entities] = await warned(caplog)

    # PostgreSQL's positions have gaps, so that there are fewer events between two of them.
    assert re.search(r"'Placed', [1-4] of the newest and oldest", events)
    assert "there are more than 2 entities that are kept as 'Order'" in entities


async def test_a_view_that_was_renamed_is_warned_of_and_taken_up_by_its_name(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    await place_orders(store, 1)
    caplog.clear()
    async with started(store, App("shop", entities=[Order], views=[Sums])) as node:
        await node.settle()
    [warning] = warnings(caplog)
    caplog.clear()
    async with started(store, App("shop", entities=[Order], views=[OldSums])) as node:
        row = await Context(node.services).view(OldSums).get("o0")

    assert "a table of a view 'totals' that is not declared any more" in warning
    assert "class …(View, name='totals')" in warning
    assert row == OldSums("o0", 1)
    assert warnings(caplog) == []


@pytest.mark.parametrize("name", ["", 7, "a\0b"])
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    """When the action is declared."""
    with pytest.raises(DefinitionError):
        Actions().every(hours=1, name=name)
