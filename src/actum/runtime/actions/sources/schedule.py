"""When a clock action is due: the first tick after a moment."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from actum.errors import DefinitionError
from actum.model.action import OnCron, OnInterval
from actum.model.event import to_datetime, to_microseconds

START = to_microseconds(datetime(2000, 1, 1, tzinfo=UTC))


def described(trigger: OnInterval | OnCron) -> str:
    """Writes a schedule down, to tell it from another."""
    if isinstance(trigger, OnInterval):
        return f"every {trigger.interval // timedelta(microseconds=1)} µs"
    return f"cron {trigger.expression} in {trigger.timezone}"


def following(trigger: OnInterval | OnCron, action: str) -> Callable[[int], int]:
    """Gives the function that finds the first tick after a moment, both in microseconds since 1970 (UTC)."""
    if isinstance(trigger, OnInterval):
        span = trigger.interval // timedelta(microseconds=1)
        return lambda moment: moment + span
    try:
        zone = ZoneInfo(trigger.timezone)
        never_comes = next(CronSim(trigger.expression, to_datetime(START).astimezone(zone)), None) is None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DefinitionError(
            f"action {action}: there is no time zone {trigger.timezone!r}; write one such as Europe/Berlin"
        ) from error
    except CronSimError as error:
        raise DefinitionError(
            f"action {action}: {trigger.expression!r} is not a cron expression ({error}); write minute, "
            "hour, day, month, weekday, "
            'as in "0 7 * * MON-FRI"'
        ) from error
    if never_comes:
        raise DefinitionError(
            f"action {action}: {trigger.expression!r} names a day that no year has, so it would never run; "
            'write one that comes, as in "0 7 28 2 *"'
        )
    expression = trigger.expression

    def after(moment: int) -> int:
        start = to_datetime(moment).astimezone(zone)
        # The search starts at the full minute, and a tick in the same minute would be early. In the hour
        # that comes twice, clock faces do not tell which is later.
        ticks = map(to_microseconds, CronSim(expression, start))
        return next(tick for tick in ticks if tick > moment)

    return after
