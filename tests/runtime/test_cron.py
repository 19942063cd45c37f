"""When the clock sets off an action: never early, and in no hour late, whatever the clocks on the wall do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from actum.model.event import to_datetime, to_microseconds
from actum.runtime.actions.triggers.cron import following_tick


def ticks(expression: str, start: datetime) -> Iterator[datetime]:
    """Gives tick after tick of a cron action in Berlin."""
    find = following_tick(expression, "Europe/Berlin", "action")
    moment = to_microseconds(start)
    while True:
        moment = find(moment)
        yield to_datetime(moment)


@pytest.mark.parametrize(("month", "day"), [(10, 25), (3, 29)])
def test_every_half_hour_stays_so_while_the_clocks_change(month: int, day: int) -> None:
    """The hour that comes twice has its ticks twice, and the one that is left out is missed by nobody."""
    start = datetime(2025, month, day, 22, tzinfo=UTC)
    found = ticks("*/30 * * * *", start)

    assert [next(found) - start for _ in range(12)] == [timedelta(minutes=30) * (n + 1) for n in range(12)]


@pytest.mark.parametrize(("month", "day"), [(10, 25), (3, 29)])
def test_a_time_of_the_day_comes_once_on_the_day_the_clocks_change(month: int, day: int) -> None:
    """Half past two, which is there twice or not at all."""
    found = ticks("30 2 * * *", datetime(2025, month, day, 22, tzinfo=UTC))

    assert [next(found).day - day for _ in range(2)] == [1, 2]
