"""Counts of what is stored: one for all who ask, and less often where counting takes long."""

import asyncio

import pytest

from actum.runtime.gauges import stored_counts
from actum.runtime.gauges.stored_counts import FRESH, SHARE, SharedCount


class Counted:
    """A store whose counts take as long as a test says, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.takes = 0.0
        self.asked = 0
        self.free = asyncio.Event()
        self.free.set()
        self.error: Exception | None = None

    async def count(self) -> int:
        self.asked += 1
        await self.free.wait()
        self.now += self.takes
        if self.error is not None:
            raise self.error
        return self.asked


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(stored_counts, "monotonic", lambda: counted.now)
    return counted


async def test_all_who_ask_at_once_get_one_count(counted: Counted) -> None:
    shared = SharedCount("messages", counted.count)

    found = await asyncio.gather(*(shared.get() for _ in range(20)))

    assert found == [1] * 20
    assert counted.asked == 1


async def test_a_count_is_taken_anew_after_a_moment(counted: Counted) -> None:
    shared = SharedCount("messages", counted.count)
    await shared.get()

    counted.now += FRESH / 2
    soon = await shared.get()
    counted.now += FRESH
    later = await shared.get()

    assert (soon, later) == (1, 2)


async def test_a_count_that_takes_long_is_repeated_less_often(counted: Counted) -> None:
    """It takes a twentieth of the time at most."""
    shared = SharedCount("messages", counted.count)
    counted.takes = 3.0
    await shared.get()

    counted.now += 3.0 / SHARE - 1
    soon = await shared.get()
    counted.now += 2
    later = await shared.get()

    assert (soon, later) == (1, 2)


async def test_whoever_asks_while_a_count_takes_long_gets_the_one_before(counted: Counted) -> None:
    shared = SharedCount("messages", counted.count)
    await shared.get()
    counted.now += 10
    counted.free.clear()

    meanwhile = await shared.get()
    counted.free.set()
    async with asyncio.timeout(30):
        while await shared.get() != 2:  # noqa: ASYNC110 (the count ends by itself)
            await asyncio.sleep(0)

    assert meanwhile == 1


async def test_a_count_that_fails_is_raised_and_asked_for_again(counted: Counted) -> None:
    shared = SharedCount("messages", counted.count)
    counted.error = OSError("the store is gone")

    for _ in range(2):
        with pytest.raises(OSError, match="is gone"):
            await shared.get()
    counted.error = None

    assert await shared.get() == 3
