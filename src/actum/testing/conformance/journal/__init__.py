"""What every journal must do: subclass JournalConformance, and yield an empty journal from its fixture."""

import pytest

from actum.ports.journal import Journal
from actum.testing.conformance.journal.appending import Appending
from actum.testing.conformance.journal.durability import Durability
from actum.testing.conformance.journal.feeding import Feeding
from actum.testing.conformance.journal.grouping import Grouping
from actum.testing.conformance.journal.idempotency import Idempotency
from actum.testing.conformance.journal.keeping import Keeping
from actum.testing.conformance.journal.listing import Listing
from actum.testing.conformance.journal.paging import Paging
from actum.testing.conformance.journal.reading import Reading
from actum.testing.conformance.journal.recovering import Recovering
from actum.testing.conformance.journal.removal import Erasing, Pruning
from actum.testing.conformance.journal.snapshots import Snapshots


@pytest.mark.asyncio
class JournalConformance(
    Appending,
    Keeping,
    Grouping,
    Idempotency,
    Reading,
    Paging,
    Listing,
    Feeding,
    Snapshots,
    Pruning,
    Erasing,
    Recovering,
):
    """Every promise of `actum.ports.journal`, as tests.

    A store with narrower bounds sets `largest_payload` (bytes of an event) and `largest_group` (writes).
    """

    @pytest.fixture
    def journal(self) -> Journal:
        """Gives an empty journal of the adapter under test, and closes it afterwards."""
        raise NotImplementedError(
            f"{type(self).__name__} has no fixture called journal: yield an empty one from it"
        )


class DurableJournalConformance(JournalConformance, Durability):
    """The same for a journal that outlives its process, whose test also says how to `reopen` it."""
