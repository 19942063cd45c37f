"""Rates of actions are taken between two looks, and begin anew after a pause."""

import pytest

from actum.console import throughput
from actum.console.throughput import Throughput


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the event loop tells; a test moves it."""
    now = [100.0]

    class Loop:
        def time(self) -> float:
            return now[0]

    monkeypatch.setattr(throughput.asyncio, "get_running_loop", Loop)
    return now


def test_a_rate_is_taken_between_two_looks(clock: list[float]) -> None:
    rates = Throughput()

    assert rates.look({"pay": 7}) == {}
    clock[0] += 2
    assert rates.look({"pay": 17, "new": 4}) == {"pay": 5.0}


def test_an_old_look_is_forgotten(clock: list[float]) -> None:
    rates = Throughput()
    rates.look({"pay": 0})
    for _ in range(10):
        clock[0] += 1
        rates.look({"pay": 90})
    assert rates.look({"pay": 90}) == {"pay": 0.0}

    clock[0] += throughput.FORGOTTEN + 1
    assert rates.look({"pay": 190}) == {}


def test_a_worker_that_begins_anew_has_no_negative_rate(clock: list[float]) -> None:
    rates = Throughput()
    rates.look({"pay": 50})
    clock[0] += 1

    assert rates.look({"pay": 3}) == {"pay": 0.0}
