"""Cron expressions: the first tick after a moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from actum.errors import DefinitionError
from actum.model.event import to_datetime, to_microseconds

START = to_microseconds(datetime(2000, 1, 1, tzinfo=UTC))


def following_tick(expression: str, timezone: str, action: str) -> Callable[[int], int]:
    """Gives what finds the first tick after a moment, both in microseconds since 1970 (UTC).

    Raises DefinitionError, which names the action, for an expression or a time zone that cannot work.
    """
    try:
        zone = ZoneInfo(timezone)
        never_comes = next(CronSim(expression, to_datetime(START).astimezone(zone)), None) is None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DefinitionError(
            f"action {action}: there is no time zone {timezone!r}; write one such as Europe/Berlin"
        ) from error
    except CronSimError as error:
        raise DefinitionError(
            f"action {action}: {expression!r} is not a cron expression ({error}); write minute, "
            'hour, day, month, weekday, as in "0 7 * * MON-FRI"'
        ) from error
    if never_comes:
        raise DefinitionError(
            f"action {action}: {expression!r} names a day that no year has, so it would never run; "
            'write one that comes, as in "0 7 28 2 *"'
        )

    def after(moment: int) -> int:
        start = to_datetime(moment).astimezone(zone)
        # The search starts at the full minute: a tick in the same minute would be early. In the hour that a
        # change of clocks repeats, local times do not say which tick is later.
        ticks = map(to_microseconds, CronSim(expression, start))
        return next(tick for tick in ticks if tick > moment)

    return after
