"""The retry policy: from attempts, error and time alone it says whether an item is tried again, and when."""

from datetime import timedelta

import pytest

from actum.errors import Rejected
from actum.model.retries import FailedAttempt, Outcome, Retries

NOW = 1_900_000_000_000_000
RETRIES = Retries(attempts=4, first=timedelta(seconds=2), longest=timedelta(seconds=5))
FAILED = FailedAttempt("OSError: down")


def half(span: timedelta) -> timedelta:
    return span / 2


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 2.5)])
def test_the_wait_doubles_up_to_the_longest_and_is_shortened_by_chance(attempts: int, seconds: float) -> None:
    outcome = RETRIES.outcome(FAILED, attempts, now=NOW, jitter=half)

    assert outcome == Outcome("retrying", attempts, NOW + round(seconds * 1_000_000))


def test_the_hundredth_attempt_waits_no_longer_than_the_longest() -> None:
    patient = Retries(attempts=1_000, first=timedelta(seconds=2), longest=timedelta(seconds=5))

    assert patient.outcome(FAILED, 100, now=NOW, jitter=half).due == NOW + 2_500_000


def test_an_item_whose_attempts_are_used_up_is_dead() -> None:
    assert RETRIES.outcome(FAILED, 4, now=NOW, jitter=half) == Outcome("dead", 4, NOW)


def test_an_error_that_is_final_is_not_tried_again() -> None:
    assert RETRIES.is_final(Rejected("no"))
    assert not RETRIES.is_final(OSError("down"))

    final = FailedAttempt("Rejected: no", is_final=True)

    assert RETRIES.outcome(final, 1, now=NOW, jitter=half) == Outcome("dead", 1, NOW)


def test_an_item_that_is_given_up_goes_to_its_hook_which_has_as_many_attempts() -> None:
    given_up = RETRIES.outcome(FAILED, 4, now=NOW, jitter=half, has_hook=True)
    assert given_up == Outcome("retrying", 0, NOW, "OSError: down")

    worse = FailedAttempt("KeyError: 'k'")
    again = RETRIES.outcome(worse, 1, now=NOW, jitter=half, has_hook=True, failure=given_up.failure)
    last = RETRIES.outcome(worse, 4, now=NOW, jitter=half, has_hook=True, failure=given_up.failure)

    assert again == Outcome("retrying", 1, NOW + 1_000_000, "OSError: down")
    assert last == Outcome("dead", 4, NOW, "OSError: down")


def test_no_hook_is_called_beside_an_attempt_that_may_still_be_running() -> None:
    running = FailedAttempt("TimeoutError: it did not stop", is_final=True, is_running=True)

    assert RETRIES.outcome(running, 1, now=NOW, jitter=half, has_hook=True) == Outcome("dead", 1, NOW)


def test_an_item_is_due_from_its_time_on_or_if_that_is_too_far_off() -> None:
    """Then it was set by a clock that was ahead."""
    assert not RETRIES.is_due(NOW + 1, NOW)
    assert not RETRIES.is_due(NOW + 5_000_000, NOW)
    assert RETRIES.is_due(NOW, NOW)
    assert RETRIES.is_due(NOW + 5_000_001, NOW)
