"""Examples of entities that set deadlines: what they expect, and what is said when that is not so."""

from datetime import UTC, datetime, timedelta

import pytest

from actum.testing import given
from tests.model.test_deadlines import Cart, Filled


def test_an_example_expects_what_is_scheduled_and_cancelled() -> None:
    at = datetime(2031, 1, 1, tzinfo=UTC)

    given(Cart).when(Cart.fill, "tea").scheduled(Cart.expire, after=timedelta(days=30))().then(Filled("tea"))
    given(Cart).when(Cart.fill_at, "tea", at, "r", "hello").scheduled(Cart.remind, at=at, name="r")(
        "hello", 3
    )
    given(Cart).when(Cart.order).cancelled(Cart.expire).cancelled("reminder")


def test_a_deadline_that_differs_is_shown() -> None:
    outcome = given(Cart).when(Cart.fill, "tea")

    with pytest.raises(AssertionError, match="after 30 days") as failure:
        outcome.scheduled(Cart.expire, after=timedelta(days=31))()
    with pytest.raises(AssertionError, match="expire: cancelled"):
        outcome.cancelled(Cart.expire)

    assert "after 31 days" in str(failure.value)
