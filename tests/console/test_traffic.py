"""Rates: counted between looks, by kind, command and type, and never by reading a whole history."""

import asyncio
from typing import Any

import pytest

from actum import Context
from actum.console.graph import traffic as counting
from actum.console.graph.traffic import Traffic
from actum.runtime.context.context import session_of
from actum.runtime.feed import Feed
from tests.console.shop import Order, Stock, app


def feed_of(context: Context) -> Feed:
    return session_of(context).services.feed


class Hand:
    """A clock of an event loop that is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        real = asyncio.get_running_loop()
        hand = self

        class Loop:
            def time(self) -> float:
                return hand.now

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        monkeypatch.setattr(counting.asyncio, "get_running_loop", Loop)


async def test_rates_are_those_since_the_first_of_the_recent_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await context.entity(Order, "before").place("ann", 1)
        first = await traffic.look(feed)
        await context.entity(Order, "a").place("ann", 1)
        await context.entity(Order, "a").pay(1)
        await context.entity(Stock, "s").count_again(3)
        hand.now += 2

        rates = await traffic.look(feed)

    assert first.of() == 0
    assert rates.of() == 1.5
    assert rates.of(kind="Order") == 1.0
    assert rates.of(kind="Order", command="place") == 0.5
    assert rates.of(type="Counted") == 0.5
    assert rates.of(type="Cancelled") == 0


async def test_what_is_over_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await traffic.look(feed)
        await context.entity(Stock, "s").count_again(3)
        for _ in range(8):
            hand.now += 1
            rates = await traffic.look(feed)

    assert rates.of() == 0


async def test_counting_begins_anew_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await traffic.look(feed)
        await context.entity(Stock, "s").count_again(3)
        hand.now += 60

        assert (await traffic.look(feed)).of() == 0


async def test_of_very_many_events_the_newest_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_COUNTED", 10)
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await traffic.look(feed)
        for number in range(40):
            await context.entity(Stock, "s").count_again(number)
        hand.now += 4

        assert (await traffic.look(feed)).of(type="Counted") == 10.0
