"""The check for linearizability says no where it must, so that its yes is worth something."""

from collections.abc import Callable
from math import inf

from tests.faults.linearizable import Operation, is_linearizable


def add(start: float, end: float, amount: int, answer: int | None) -> Operation:
    def apply(state: int) -> int | None:
        return state + amount if answer in (None, state + amount) else None

    return Operation(start, end, apply)


def read(start: float, end: float, answer: int) -> Operation:
    same: Callable[[int], int | None] = lambda state: state if state == answer else None  # noqa: E731
    return Operation(start, end, same)


def test_calls_at_the_same_time_may_come_in_any_order() -> None:
    """The answers say which was first."""
    assert is_linearizable([add(0, 5, 10, 30), add(1, 4, 20, 20), read(2, 3, 0)], 0)


def test_an_old_answer_after_a_new_one_is_found() -> None:
    """A read that began when a deposit was answered has to show it."""
    assert not is_linearizable([add(0, 1, 10, 10), read(2, 3, 0)], 0)


def test_a_deposit_that_is_lost_or_done_twice_is_found() -> None:
    """The balances that follow do not add up."""
    assert not is_linearizable([add(0, 1, 10, 10), add(2, 3, 5, 5)], 0)
    assert not is_linearizable([add(0, 1, 10, 10), add(2, 3, 5, 25)], 0)


def test_what_was_not_answered_may_have_happened_or_not() -> None:
    """But not before it was asked for."""
    unsure = add(2, inf, 10, None)

    assert is_linearizable([unsure, read(3, 4, 0), read(5, 6, 10)], 0)
    assert is_linearizable([unsure, read(3, 4, 0)], 0)
    assert not is_linearizable([unsure, read(0, 1, 10)], 0)
    assert not is_linearizable([unsure, read(3, 4, 10), read(5, 6, 0)], 0)
