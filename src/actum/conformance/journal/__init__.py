"""What every journal must do: subclass JournalConformance, and yield an empty journal from its fixture."""

import pytest

from actum.conformance.journal.appending import Appending
from actum.conformance.journal.claiming import Claiming
from actum.conformance.journal.durability import Durability
from actum.conformance.journal.feeding import Feeding
from actum.conformance.journal.grouping import Grouping
from actum.conformance.journal.idempotency import Idempotency
from actum.conformance.journal.keeping import Keeping
from actum.conformance.journal.listing import Listing
from actum.conformance.journal.moves.restoring import Restoring
from actum.conformance.journal.paging import Paging
from actum.conformance.journal.reading import Reading
from actum.conformance.journal.recovering import Recovering
from actum.conformance.journal.removal import Erasing, Pruning
from actum.conformance.journal.replacing import Replacing
from actum.conformance.journal.snapshots import Snapshots
from actum.ports.journal import Journal


@pytest.mark.asyncio
class JournalConformance(
    Appending,
    Keeping,
    Grouping,
    Claiming,
    Idempotency,
    Reading,
    Paging,
    Listing,
    Feeding,
    Snapshots,
    Pruning,
    Erasing,
    Recovering,
    Replacing,
    Restoring,
):
    """Every guarantee of `actum.ports.journal`, as tests.

    A store with narrower bounds sets `largest_payload` (bytes of an event) and `largest_group` (writes). One
    that several processes write to sets `looks_at_first_events`: it compares `Write.first`.
    """

    @pytest.fixture
    def journal(self) -> Journal:
        """Gives an empty journal of the adapter under test, and closes it afterwards."""
        raise NotImplementedError(
            f"{type(self).__name__} has no fixture called journal: yield an empty one from it"
        )


class DurableJournalConformance(JournalConformance, Durability):
    """The same for a journal that outlives its process; its test also defines how to `reopen` it."""
