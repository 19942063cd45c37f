"""The end of a query's time, as the thread that runs it sees it."""

from datetime import timedelta
from time import monotonic

STEPS_BETWEEN_LOOKS = 100_000
"""Steps of SQLite after which the thread looks whether its query is to end."""


class QueryDeadline:
    """Whether a query is to end: because somebody said so, or because its time is over."""

    def __init__(self, limit: timedelta) -> None:
        self._end = monotonic() + limit.total_seconds()
        self._is_made = False

    def __repr__(self) -> str:
        return f"<QueryDeadline{', made' if self.is_due() else ''}>"

    def make(self) -> None:
        """Has the query end soon."""
        self._is_made = True

    def is_due(self) -> bool:
        """Says whether it is to end now."""
        return self._is_made or monotonic() > self._end
