"""Tests of reading the feed ahead: a page is read while the one before it is used."""

import asyncio
import gc
from typing import cast

import pytest

from actum.errors import Unavailable
from actum.model.event import Stored
from actum.runtime.feed import Feed
from actum.runtime.views.read_ahead import ReadAhead
from tests.runtime.waiting import settled

LIMIT = 10
FAR = 5


class CountingFeed:
    """A feed of numbers instead of events; `asked` has the positions after which a page was asked for."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.asked: list[int] = []
        self.error: Exception | None = None
        self.error_when_cancelled: Exception | None = None

    async def next(self, after: int, limit: int) -> tuple[list[Stored], int]:
        self.asked.append(after)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if self.error_when_cancelled is not None:
                raise self.error_when_cancelled from None
            raise
        if self.error is not None:
            raise self.error
        end = min(after + limit, self.head)
        return cast(list[Stored], list(range(after + 1, end + 1))), end


@pytest.fixture
def feed() -> CountingFeed:
    return CountingFeed(head=35)


@pytest.fixture
def ahead(feed: CountingFeed) -> ReadAhead:
    return ReadAhead(cast(Feed, feed))


async def test_the_next_page_is_read_while_this_one_is_used(ahead: ReadAhead, feed: CountingFeed) -> None:
    await ahead.next(0, LIMIT, far=FAR)
    await settled()

    assert feed.asked == [0, 10]


async def test_every_event_is_given_once_and_read_once(ahead: ReadAhead, feed: CountingFeed) -> None:
    given: list[object] = []
    at = 0
    while at < feed.head:
        events, at = await ahead.next(at, LIMIT, far=FAR)
        given += events

    assert given == list(range(1, 36))
    assert feed.asked == [0, 10, 20, 30]


async def test_near_the_end_nothing_is_read_ahead(ahead: ReadAhead, feed: CountingFeed) -> None:
    await ahead.next(25, LIMIT, far=FAR)
    await ahead.next(22, LIMIT, far=FAR)
    await settled()

    assert feed.asked == [25, 22]


async def test_a_page_that_was_read_ahead_for_another_place_is_not_given(
    ahead: ReadAhead, feed: CountingFeed
) -> None:
    await ahead.next(0, LIMIT, far=FAR)

    events, end = await ahead.next(3, LIMIT, far=FAR)

    assert (events, end) == (list(range(4, 14)), 13)


async def test_a_page_of_another_length_is_not_given(ahead: ReadAhead) -> None:
    await ahead.next(0, LIMIT, far=FAR)

    events, end = await ahead.next(10, 3, far=FAR)

    assert (events, end) == ([11, 12, 13], 13)


async def test_the_reader_learns_why_a_page_could_not_be_read_ahead(
    ahead: ReadAhead, feed: CountingFeed
) -> None:
    await ahead.next(0, LIMIT, far=FAR)
    feed.error = Unavailable("gone")

    with pytest.raises(Unavailable):
        await ahead.next(10, LIMIT, far=FAR)
    feed.error = None
    assert await ahead.next(10, LIMIT, far=FAR) == (list(range(11, 21)), 20)


async def test_what_is_read_ahead_is_forgotten_with_what_goes_wrong_meanwhile(
    ahead: ReadAhead, feed: CountingFeed, caplog: pytest.LogCaptureFixture
) -> None:
    feed.error_when_cancelled = Unavailable("the connection was lost")
    await ahead.next(0, LIMIT, far=FAR)
    await asyncio.sleep(0)

    ahead.drop()
    await settled()

    assert await ahead.next(10, LIMIT, far=FAR) == (list(range(11, 21)), 20)
    gc.collect()
    assert not caplog.records
