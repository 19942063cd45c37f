"""Tests of work that can wait: when it begins, while other writes come and when they pause."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from actum.stores.sqlite.connection.job import Job
from actum.stores.sqlite.connection.postponed import LONGEST, PAUSE, Postponed


class Timer:
    """A callback that is called when its time has come, unless it is cancelled."""

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class StillLoop:
    """A loop whose time the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now + delay, callback)
        self._timers.append(timer)
        return timer

    def move(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self._timers if timer.due <= self.now]
        self._timers = [timer for timer in self._timers if timer.due > self.now]
        for timer in due:
            if not timer.is_cancelled:
                timer.callback()


@pytest.fixture
def loop() -> StillLoop:
    return StillLoop()


@pytest.fixture
def begun() -> list[Job]:
    return []


@pytest.fixture
def postponed(loop: StillLoop, begun: list[Job]) -> Postponed:
    return Postponed(cast(asyncio.AbstractEventLoop, loop), begun.append)


def a_job() -> Job:
    return cast(Job, object())


def test_work_begins_when_nothing_is_written_for_a_pause(
    loop: StillLoop, postponed: Postponed, begun: list[Job]
) -> None:
    job = a_job()
    postponed.add(job)
    assert begun == []

    loop.move(PAUSE)

    assert begun == [job]


def test_work_waits_while_writes_keep_coming_and_then_joins_one(
    loop: StillLoop, postponed: Postponed, begun: list[Job]
) -> None:
    first, second = a_job(), a_job()
    postponed.add(first)
    writes = 0
    while loop.now < LONGEST - PAUSE:
        loop.move(PAUSE / 2)
        postponed.written()
        writes += 1
        assert begun == []
        if writes == 10:
            postponed.add(second)

    loop.move(PAUSE / 2)
    loop.now = LONGEST
    postponed.written()

    assert begun == [first, second]


def test_work_begins_when_writes_stop_coming(loop: StillLoop, postponed: Postponed, begun: list[Job]) -> None:
    job = a_job()
    postponed.add(job)
    postponed.written()
    loop.move(PAUSE)
    assert begun == []

    loop.move(PAUSE)

    assert begun == [job]


def test_work_begins_at_the_latest_after_the_longest_wait(
    loop: StillLoop, postponed: Postponed, begun: list[Job]
) -> None:
    job = a_job()
    postponed.add(job)
    while loop.now < LONGEST:
        assert begun == []
        postponed.written()
        loop.move(PAUSE)

    assert begun == [job]


def test_work_that_began_in_a_hurry_does_not_begin_again(
    loop: StillLoop, postponed: Postponed, begun: list[Job]
) -> None:
    job = a_job()
    postponed.add(job)

    postponed.hurry()
    loop.move(LONGEST)
    postponed.written()

    assert begun == [job]
