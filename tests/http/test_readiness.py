"""G15: whatever stands still shows by name in `/-/ready`, within five seconds, and since when."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Retries,
    View,
    Workflow,
    command,
    reducer,
)
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of

SOON = 5.0
"""Seconds within which what stands still shows; more on a machine that stalls."""


class Placed(Event):
    amount: int


class Order(Entity, emits=[Placed]):
    @command
    def place(self, amount: int) -> None:
        self.emit(Placed(amount))


class Shares(View):
    id: str
    share: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.share = 100 // event.amount


shop = Actions()


@shop.on(Placed, retries=Retries(attempts=1))
async def ship(ctx: Context, event: Placed) -> None:
    if event.amount == 13:
        raise ValueError("no carrier takes it")


app = App("shop", entities=[Order], views=[Shares], actions=[shop])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'shop.db'}" if request.param == "sqlite" else "memory:"


async def place(t: Running, id: str, *amounts: int) -> None:
    for amount in amounts:
        await t.ctx.entity(Order, id).place(amount)
    await t.settle(allows_failures=True)


async def ready(t: Running) -> Any:
    """The status, and what is said, without the parts that go on."""
    answer = await t.http.get("/-/ready")
    said = answer.json()
    return answer.status_code, said | {"parts": [one for one in said["parts"] if one["state"] != "ok"]}


async def until(t: Running, is_so: Callable[[Any], bool]) -> tuple[Any, float]:
    """What `/-/ready` says as soon as a condition holds, and how long that took."""
    began = monotonic()
    while True:
        answer = await ready(t)
        if is_so(answer):
            return answer, monotonic() - began
        await asyncio.sleep(0.05)


async def test_an_application_in_which_all_goes_on_is_ready(store: str) -> None:
    async with testing(app, store=store) as t:
        await place(t, "a", 1, 2)

        assert await ready(t) == (200, {"status": "ok", "parts": []})


async def test_every_part_is_named_with_its_state(store: str) -> None:
    """Stores, broker, feed, and each view, action, queue, clock and kind of workflows."""

    class Refund(Workflow):
        async def run(self, ctx: Context, amount: int) -> None:
            await self.sleep(timedelta(days=amount))

    actions = Actions()

    @actions.on(Placed)
    async def ship(ctx: Context, event: Placed) -> None: ...

    @actions.queue("payments")
    async def charge(ctx: Context, amount: int) -> None: ...

    @actions.every(hours=1)
    async def tidy(ctx: Context) -> None: ...

    whole = App("shop", entities=[Order], views=[Shares], actions=[actions], workflows=[Refund])
    async with testing(whole, store=store) as t:
        await place(t, "a", 3)

        answer = await t.http.get("/-/ready")

    assert [(one.pop("part"), one.pop("name")) for one in answer.json()["parts"]] == [
        ("store", "journal"),
        ("store", "database"),
        ("broker", "embedded"),
        ("feed", "feed"),
        ("view", "shares"),
        ("action", "ship"),
        ("queue", "charge@queue:payments"),
        ("clock", "tidy@clock"),
        ("timers", "timers"),
        ("workflow", "Refund"),
    ]
    assert {one["state"] for one in answer.json()["parts"]} == {"ok"}


async def test_a_part_that_is_further_behind_than_the_app_allows_is_not_ready(store: str) -> None:
    """Only the one that it names; and it is ready again as soon as that has caught up."""
    limited = App(
        "shop", entities=[Order], views=[Shares], actions=[shop], ready={Shares: timedelta(seconds=1)}
    )
    async with testing(limited, store=store) as t:
        await place(t, "a", 1)
        [projector] = t.node.services.views.projectors()
        async with projector._turn:
            await t.ctx.entity(Order, "a").place(2)
            t.clock.move_to(t.clock.now() + 7_000_000)
            (status, answer), _ = await until(t, lambda answer: answer[0] == 503)
        again, _ = await until(t, lambda answer: answer[0] == 200)

    late = next(one for one in answer["parts"] if one["state"] == "lags too long")
    assert (status, answer["status"]) == (503, "failing")
    assert (late["part"], late["name"]) == ("view", "shares")
    assert late["behind"] >= 1
    assert late["seconds"] >= 7
    assert late["why"].endswith("and the App allows 1 s")
    assert again[1]["status"] in ("ok", "degraded")


@pytest.mark.parametrize(
    ("ready", "why"),
    [
        ({"shares": timedelta(0)}, "ready for shares"),
        ({"share": timedelta(1)}, "its parts are: Refund, shares, ship, timers"),
        ({Order: timedelta(1)}, "is no view, action or workflow"),
        ([Shares], "write ready={Balances: timedelta(seconds=30)"),
        ({Shares: 30}, "ready for shares"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused_and_say_what_can(ready: Any, why: str) -> None:
    class Refund(Workflow):
        async def run(self, ctx: Context) -> None: ...

    with pytest.raises(DefinitionError, match=re.escape(why)):
        App("shop", entities=[Order], views=[Shares], actions=[shop], workflows=[Refund], ready=ready)


async def test_a_store_that_hangs_is_told_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it longer than for one that refuses at once."""

    async def hang(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    async with testing(app) as t:
        await place(t, "a", 1)
        for method in ("views", "letters", "set_aside", "workflows", "workflow_counts"):
            monkeypatch.setattr(type(t.node.services.database), method, hang)
        async with asyncio.timeout(20):
            status, answer = await ready(t)
        monkeypatch.undo()

    assert status == 503
    assert [(one["name"], one["state"]) for one in answer["parts"] if one["part"] == "store"] == [
        ("database", "does not answer")
    ]


async def test_rows_that_are_set_aside_and_dead_letters_are_listed_with_why_and_since_when(
    store: str,
) -> None:
    async with testing(app, store=store, start=datetime(2031, 2, 3, tzinfo=UTC)) as t:
        await place(t, "a", 0)
        await t.advance(hours=1)
        await place(t, "b", 13)

        status, answer = await ready(t)

        row, letter = answer["parts"]
        assert (status, answer["status"]) == (200, "degraded")
        assert [row[name] for name in ("part", "name", "state", "key", "since")] == [
            *("view", "shares", "set aside", "a", "2031-02-03T00:00:00Z")
        ]
        assert "ZeroDivisionError" in row["why"]
        assert [letter[name] for name in ("part", "name", "state", "key", "since")] == [
            *("action", "ship", "dead letter", "Order/b", "2031-02-03T01:00:00Z")
        ]
        assert "no carrier takes it" in letter["why"]


async def test_an_item_that_fails_and_is_tried_again_is_listed_with_its_key(store: str) -> None:
    """Its key stands still meanwhile, however long that is; a failure of a moment ago is none yet."""
    actions = Actions()
    patient = Retries(attempts=9, first=timedelta(hours=1), longest=timedelta(hours=1))

    @actions.on(Placed, retries=patient)
    async def ship(ctx: Context, event: Placed) -> None:
        raise ValueError("the carrier is away")

    patient_app = App("shop", entities=[Order], views=[Shares], actions=[actions])
    async with testing(patient_app, store=store, start=datetime(2031, 2, 3, tzinfo=UTC)) as t:
        await place(t, "a", 7)
        at_first = await ready(t)
        await t.advance(seconds=3)
        status, answer = await ready(t)

        assert at_first == (200, {"status": "ok", "parts": []})
        [letter] = answer["parts"]
        assert (status, answer["status"]) == (200, "degraded")
        assert [letter[name] for name in ("part", "name", "state", "key", "since")] == [
            *("action", "ship", "lags", "Order/a", "2031-02-03T00:00:00Z")
        ]
        assert letter["why"] == "it fails, and is tried again: ValueError: the carrier is away"


async def test_settling_raises_and_names_what_stands_still(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Order, "a").place(0)
        await t.ctx.entity(Order, "b").place(13)

        with pytest.raises(AssertionError) as told:
            await t.settle()

        assert "view shares, a: set aside (" in str(told.value)
        assert "action ship, Order/b: dead letter (" in str(told.value)
        assert [failure.part for failure in await t.failures()] == ["view", "action"]
        await t.settle(allows_failures=True)


@pytest.mark.parametrize("part", ["journal", "database"])
async def test_a_store_that_does_not_answer_makes_requests_fail_and_the_process_lives(
    store: str, part: str
) -> None:
    async with testing(app, store=store) as t:
        await place(t, "a", 1)
        await ready(t)

        await getattr(t.node.services, part).close()
        (_, answer), _ = await until(t, lambda answer: answer[0] == 503)
        health = await t.http.get("/-/health")

        assert answer["status"] == "failing"
        assert {"store"} <= {one["part"] for one in answer["parts"]}
        assert part in [one["name"] for one in answer["parts"]]
        assert (health.status_code, health.json()) == (200, {"status": "ok"})


async def test_a_view_that_does_not_get_on_shows_soon(store: str) -> None:
    """It lags: nothing failed, and it is behind what was written a while ago."""
    async with testing(app, store=store) as t:
        await place(t, "a", 1)
        [projector] = t.node.services.views.projectors()
        async with projector._turn:
            await t.ctx.entity(Order, "a").place(2)
            (status, answer), took = await until(t, lambda answer: bool(answer[1]["parts"]))

        [part] = answer["parts"]
        assert (status, part["part"], part["name"], part["state"]) == (200, "view", "shares", "lags")
        assert took < SOON
        await until(t, lambda answer: answer[1]["status"] == "ok")


async def test_an_action_that_is_at_the_same_items_for_long_shows_soon() -> None:
    is_over = asyncio.Event()
    slow = Actions()

    @slow.on(Placed, timeout=timedelta(minutes=5))
    async def wait(ctx: Context, event: Placed) -> None:
        await is_over.wait()

    async with testing(App("slow", entities=[Order], actions=[slow])) as t:
        await t.ctx.entity(Order, "a").place(1)
        (_, answer), took = await until(t, lambda answer: bool(answer[1]["parts"]))
        is_over.set()

        assert [(one["part"], one["name"], one["state"]) for one in answer["parts"]] == [
            ("action", "wait", "lags")
        ]
        assert took < SOON


async def test_a_task_that_fails_again_and_again_shows_until_it_goes_well() -> None:
    is_broken = True

    async def run() -> None:
        if is_broken:
            raise ValueError("broken")
        await asyncio.Event().wait()

    async with testing(app) as t:
        t.node.supervisor.start("sweeper", run)
        (status, answer), _ = await until(t, lambda answer: bool(answer[1]["parts"]))
        is_broken = False
        await until(t, lambda answer: answer[1]["status"] == "ok")

        [part] = answer["parts"]
        assert (status, part["part"], part["name"], part["why"]) == (
            200,
            "task",
            "sweeper",
            "ValueError: broken",
        )
