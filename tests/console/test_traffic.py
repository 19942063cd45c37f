"""Rates: counted between looks, by kind, command and type, and never by reading a whole history."""

import asyncio
from typing import Any

import pytest

from actum import Context
from actum.console.graph import traffic as counting
from actum.console.graph.traffic import Traffic
from actum.model.event import Stored
from actum.ports.journal import Journal
from actum.runtime.context.context import session_of
from actum.runtime.feed import Feed
from tests.console.shop import Order, Stock, app


def feed_of(context: Context) -> Feed:
    return session_of(context).services.feed


def journal_of(context: Context) -> Journal:
    return session_of(context).services.journal


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
        first = await traffic.look(feed, journal_of(context))
        await context.entity(Order, "a").place("ann", 1)
        await context.entity(Order, "a").pay(1)
        await context.entity(Stock, "s").count_again(3)
        hand.now += 2

        rates = await traffic.look(feed, journal_of(context))

    assert first.of() == 0
    assert rates.of() == 1.5
    assert rates.of(kind="Order") == 1.0
    assert rates.of(kind="Order", command="place") == 0.5
    assert rates.of(type="Counted") == 0.5
    assert rates.of(type="Cancelled") == 0


async def test_what_is_over_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await traffic.look(feed, journal_of(context))
        await context.entity(Stock, "s").count_again(3)
        for _ in range(8):
            hand.now += 1
            rates = await traffic.look(feed, journal_of(context))

    assert rates.of() == 0


async def test_counting_begins_anew_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.running("memory:") as context:
        hand, traffic, feed = Hand(monkeypatch), Traffic(), feed_of(context)
        await traffic.look(feed, journal_of(context))
        await context.entity(Stock, "s").count_again(3)
        hand.now += 60

        assert (await traffic.look(feed, journal_of(context))).of() == 0


GAP = 1_000_000
"""How far apart the positions of two transactions are on PostgreSQL."""


class LongFeed:
    """So many events a second, each in a transaction of its own, as a feed and as its journal."""

    def __init__(self, a_second: int) -> None:
        self._every = 1_000_000 // a_second
        self.count = 0

    @property
    def readable(self) -> int:
        return self.count * GAP

    async def next(self, after: int, limit: int) -> tuple[list[Stored], int]:
        numbers = range(after // GAP + 1, min(after // GAP + limit, self.count) + 1)
        events = [
            Stored(number * GAP, "Stock", "s", number, "Counted", 1, b"{}", b"{}", number * self._every)
            for number in numbers
        ]
        return events, self.readable if len(events) < limit else events[-1].position

    async def position_before(self, position: int, count: int) -> int:
        return max(0, position - count * GAP)


@pytest.mark.parametrize(("count", "rate"), [(40, 10), (4_000, 1_000)])
async def test_of_very_many_events_the_newest_stand_for_all_whatever_gaps_positions_have(
    monkeypatch: pytest.MonkeyPatch, count: int, rate: int
) -> None:
    monkeypatch.setattr(counting, "MAX_COUNTED", 100)
    hand, traffic, feed = Hand(monkeypatch), Traffic(), LongFeed(rate)
    found: Any = feed
    await traffic.look(found, found)
    feed.count = count
    hand.now += 4

    assert (await traffic.look(found, found)).of(type="Counted") == pytest.approx(rate, rel=0.03)
