"""Transactions of the journal that are reported: how long each took, for how many commands."""

from collections.abc import Awaitable, Callable, Sequence

from actum.ports.journal import Collided, Outcome
from actum.runtime.entities.actor import Staged
from actum.runtime.instruments.catalog_of_metrics import CONFLICTS
from actum.runtime.instruments.instruments import COMMIT, Instruments
from actum.runtime.instruments.tracing import tracing


async def report_commit(
    instruments: Instruments,
    batch: Sequence[Staged],
    write: Callable[[Sequence[Staged]], Awaitable[list[Outcome]]],
) -> list[Outcome]:
    """Writes a batch and reports it, with a span in each trace that one of its commands belongs to."""
    span = tracing.batch("commit", "", lambda: [staged.write.metadata for staged in batch])
    with instruments.measuring(COMMIT, len(batch)), span:
        span.say({"actum.commit.writes": len(batch)})
        outcomes = await write(batch)
    collided = sum(type(outcome) is Collided for outcome in outcomes)
    if collided:
        instruments.counted(CONFLICTS, amount=collided)
    return outcomes
