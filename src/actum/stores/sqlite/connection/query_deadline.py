"""The deadline of a query, as the thread that runs it sees it."""

from datetime import timedelta
from time import monotonic

STEPS_BETWEEN_LOOKS = 100_000
"""Steps of SQLite between two checks of the deadline."""


class QueryDeadline:
    """Whether a query has to end: because it was cut off, or because its time is over."""

    def __init__(self, limit: timedelta) -> None:
        self._end = monotonic() + limit.total_seconds()
        self._is_made = False

    def __repr__(self) -> str:
        return f"<QueryDeadline{', made' if self.is_due() else ''}>"

    def make(self) -> None:
        """Cuts the query off: it ends soon."""
        self._is_made = True

    def is_due(self) -> bool:
        """Says whether the query has to end now."""
        return self._is_made or monotonic() > self._end
