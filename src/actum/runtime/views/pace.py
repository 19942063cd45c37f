"""How much of a history a view folds at a time: little while commands are sent, which wait for its writes."""

from actum.runtime.feed import Feed

LONG_BATCH = 4_000
MIN_BATCH = 100
"""The fewest events that are folded at a time beside commands, on a store that has one writer."""
QUIET_BATCHES = 50
"""After so many batches without a new event, no commands are being sent."""


class Pace:
    """Notes whether commands are being sent while a history is folded."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._head = feed.head
        self._quiet_batches = QUIET_BATCHES

    def __repr__(self) -> str:
        return f"<Pace {'beside commands' if self.is_beside_commands else 'alone'}>"

    @property
    def is_beside_commands(self) -> bool:
        """Whether events were written lately."""
        return self._quiet_batches <= QUIET_BATCHES

    def next(self) -> int:
        """Returns how many events the next batch has at most.

        Beside commands they are twice as many as were written since the one before, so that the view catches
        up whatever comes.
        """
        written = self._feed.head - self._head
        self._head = self._feed.head
        self._quiet_batches = 0 if written else self._quiet_batches + 1
        return min(LONG_BATCH, max(MIN_BATCH, 2 * written)) if self.is_beside_commands else LONG_BATCH
