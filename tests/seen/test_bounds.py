"""What stands still shows within five seconds: intervals and limits add up to less."""

import re
from pathlib import Path

import actum.console
from actum.console import store_lost
from actum.console.pages import map as map_page
from actum.runtime import readiness
from actum.runtime.gauges import lags, stored_standstills

SOON = 5.0
SCRIPT = (Path(actum.console.__file__).parent / "assets" / "console.js").read_text()
CHECK = stored_standstills.PATIENCE
"""The longest check: every store is asked at once, and each has this long."""


def milliseconds(name: str) -> float:
    found = re.search(rf"const {name} = (\d+);", SCRIPT)
    assert found is not None
    return int(found[1]) / 1_000


def test_the_regular_checks_find_a_lost_store_in_time() -> None:
    """It may be lost just after a check has asked it: that one ends late, and the next finds it."""
    assert CHECK + max(readiness.MIN_PAUSE, readiness.INTERVAL - CHECK) + CHECK < SOON
    assert readiness.INTERVAL + CHECK < SOON


def test_the_regular_checks_find_in_time_what_does_not_go_on() -> None:
    """One check sees that it is at work, or what was written; one of those after it that this is long ago."""
    assert readiness.INTERVAL + stored_standstills.LAG + readiness.INTERVAL < SOON


def test_a_request_for_readiness_is_answered_in_time() -> None:
    """One that has asked in vain for lists is followed by another, which finds the lost store."""
    assert CHECK + max(CHECK, lags.PATIENCE) + CHECK < SOON


def test_an_open_map_is_refreshed_in_time() -> None:
    """It is asked for again soon, however long the last answer took; then the lost store is known."""
    longest = map_page.PATIENCE + CHECK + CHECK
    assert longest < SOON
    assert CHECK + milliseconds("MAX_INTERVAL") + milliseconds("INTERVAL") < SOON
    assert milliseconds("INTERVAL") <= milliseconds("MAX_INTERVAL")


def test_a_page_that_needs_a_lost_store_is_given_up_in_time() -> None:
    assert store_lost.PATIENCE + store_lost.POLL + CHECK < SOON
