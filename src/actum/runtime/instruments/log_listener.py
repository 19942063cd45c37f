"""A listener that writes what happens into the log `actum.instruments`, at the level DEBUG."""

import logging
from collections.abc import Sequence

from actum.runtime.instruments.catalog_of_metrics import Metric
from actum.runtime.instruments.instruments import Sample, Work

log: logging.Logger = logging.getLogger("actum.instruments")


class LogListener:
    """Writes one line for everything that happens, and nothing for work that is up to date."""

    @staticmethod
    def is_wanted() -> bool:
        """Returns whether such lines are logged."""
        return log.isEnabledFor(logging.DEBUG)

    def __repr__(self) -> str:
        return "<LogListener>"

    def started(self, work: Work) -> None:
        """Writes that work has begun."""
        log.debug("%s started", work)

    def ended(self, work: Work, seconds: float, count: int) -> None:
        """Writes that work is done."""
        log.debug("%s ended after %.1f ms, for %d", work, seconds * 1_000, count)

    def refused(self, work: Work, seconds: float, error: str) -> None:
        """Writes that work was refused."""
        log.debug("%s refused after %.1f ms: %s", work, seconds * 1_000, error)

    def failed(self, work: Work, seconds: float, error: str) -> None:
        """Writes that work has failed."""
        log.debug("%s failed after %.1f ms: %s", work, seconds * 1_000, error)

    def waited(self, work: Work, seconds: float) -> None:
        """Writes how long a caller has waited."""
        log.debug("%s: a caller waited %.1f ms", work, seconds * 1_000)

    def lagged(self, work: Work, behind: int) -> None:
        """Writes how much is still to be done, if anything is."""
        if behind:
            log.debug("%s is %d behind", work, behind)

    def counted(self, metric: Metric, labels: tuple[str, ...], amount: int) -> None:
        """Writes what else has happened."""
        log.debug("%s%s: %d more", metric.name, "".join(f" {label}" for label in labels), amount)

    def sampled(self, samples: Sequence[Sample]) -> None:
        """Writes nothing: it would be the same every second."""
